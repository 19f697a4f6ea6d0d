"""The file format of trials.

    [[trial]]
    name = "a wobble between 9 and 11 % gives one order in a day"
    rules = ["supply-low"]                       only these are looked at; without it: all
    step = "30 min"                              between two readings
    [trial.series]
    "level black" = "80x2 (9 11)x24"             a value a step; xN repeats, a..bxN runs from a to b
    [[trial.alert]]                              an alert of the table, from when to when
    code = "jam"
    from = "2h"
    [[trial.expect]]
    at = "3h"
    firing = ["supply-low"]

`tells` is the whole of what the rules say, `tickets` the whole of what the provider is sent, `titles` how
what opens is called; in the words in which a failed trial shows what came instead.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.model import AlertKind
from agent.rules.field_types import RuleDuration


class _TrialFileModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


NameList = Annotated[tuple[str, ...], Field(strict=False)]


class AlertForm(_TrialFileModel):
    """A row of the alert table, from `from` to `to`; with `every`, again and again."""

    code: str | int
    group: str = "marker"
    index: int = 1
    severity: Literal["other", "critical", "warning", "warningBinaryChangeEvent"] = "critical"
    training: str = "fieldService"
    kind: Annotated[AlertKind, Field(strict=False)] = AlertKind.CONDITION
    text: str = ""
    from_: RuleDuration = Field(default=0.0, alias="from")
    to: RuleDuration | None = None
    every: RuleDuration | None = None
    """It comes again so long after it came, `times` in all."""
    times: int = 1


class PrinterForm(_TrialFileModel):
    """The printer that the trial is about."""

    vendor: str = "Example"
    model: str = "Printer 1"
    location: str = ""
    tags: NameList = ()
    contract: str = ""


class ExpectForm(_TrialFileModel):
    """The expected rule states at a time. All firing and pending rules of the trial must be named."""

    at: RuleDuration
    firing: NameList = ()
    pending: NameList = ()


class TrialForm(_TrialFileModel):
    """One trial."""

    name: str = Field(min_length=1)
    rules: NameList = ()
    start: str = "2026-03-02T07:00:00+00:00"
    """When it begins, with its time zone: calendars go by it."""
    step: RuleDuration = Field(default=300.0, gt=0)
    printer: PrinterForm = PrinterForm()
    series: dict[str, str] = {}
    alert: Annotated[tuple[AlertForm, ...], Field(strict=False)] = ()
    restarts: Annotated[tuple[RuleDuration, ...], Field(strict=False)] = ()
    """When the printer restarts: its clock and its alert numbers begin again."""
    lasts: RuleDuration = 0.0
    """How long it is watched, if longer than its series."""
    first_days: RuleDuration = 0.0
    """The site is new for so long: see the day-one digest."""
    site_known: RuleDuration = 0.0
    """How long the site was watched before the trial; the printer is met when the trial begins."""
    expect: Annotated[tuple[ExpectForm, ...], Field(strict=False)] = ()
    tells: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    tickets: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    titles: Annotated[tuple[str, ...] | None, Field(strict=False)] = None


class TrialFile(_TrialFileModel):
    """A file of trials."""

    trial: Annotated[tuple[TrialForm, ...], Field(strict=False)]
