"""The form of a rule file: what an MPS admin may write, key by key.

    [[rule]]
    id = "supply-low"                      per = "supply"
    when.all = [ { signal = "supply.level", op = "<=", value = "10 %" } ]
    clear.all = [ { signal = "supply.level", op = ">=", value = "25 %" } ]
    for = "1 hour"                         fault = "supply.low"

    [[override]]                           a shipped rule with something different
    [[fault]]                              a fault of one's own
    [defaults]                             for the rules of this file
    [severity.high]                        for the rules of this severity, in all files
    [calendar.office]                      opening hours

There is no expression language: one level of all, any and none, and comparisons in `op` alone.
Anything more is a new signal. `agent.rules.lint` checks what types alone cannot.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.core.calendar_form import CalendarForm
from agent.core.model import Impact
from agent.rules.field_types import Enabled, FaultKey, RuleDuration, RuleId, ScheduleValue

Severity = Literal["critical", "high", "normal", "plan", "info"]
Patterns = Annotated[tuple[str, ...], Field(strict=False)]


class _RuleFileModel(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True
    )


class ConditionForm(BaseModel):
    """One comparison. Further keys are the options of the signal."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, use_attribute_docstrings=True)

    signal: str
    """The signal: "supply.level", "alert.code", …"""
    op: str | None = None
    """How it is compared: <, <=, >, >= for measures; is, is_not, in, not_in for words."""
    value: Any = None
    """What it is compared with, with its unit: "10 %", "5 minutes", "toner", ["toner", "ink"]."""
    min_count: int | None = None
    """Short for op = ">=", value = …"""
    max_count: int | None = None
    """Short for op = "<=", value = …"""


ConditionForms = Annotated[tuple[ConditionForm, ...], Field(strict=False)]


class WhenForm(_RuleFileModel):
    """The condition: all of these, any of those, none of the others."""

    all: ConditionForms = ()
    any: ConditionForms = ()
    none: ConditionForms = ()


class ClearForm(_RuleFileModel):
    """The condition that ends it. Without it: `when` no longer holds."""

    all: ConditionForms = ()


class ScopeForm(_RuleFileModel):
    """Which printers it is about, by shell patterns ("ECOSYS*"). Empty: all."""

    sites: Patterns = ()
    vendors: Patterns = ()
    models: Patterns = ()
    locations: Patterns = ()
    tags: Patterns = ()
    contracts: Patterns = ()
    not_sites: Patterns = ()
    not_vendors: Patterns = ()
    not_models: Patterns = ()
    not_locations: Patterns = ()
    not_tags: Patterns = ()
    """Not those with one of these tags; likewise for the other keys."""
    not_contracts: Patterns = ()

    @model_validator(mode="after")
    def _refuse_signs(self) -> "ScopeForm":
        for name in type(self).model_fields:
            for pattern in getattr(self, name):
                if pattern.startswith(("!", "-")) and not name.startswith("not_"):
                    word = pattern.lstrip("!- ")
                    raise ValueError(f'"{pattern}" fits no printer | write not_{name} = ["{word}"]')
        return self


class TicketForm(_RuleFileModel):
    """Grouping of the tickets of several printers."""

    group_by: Annotated[tuple[Literal["site", "model", "location"], ...], Field(strict=False)] = ()
    """The properties that tickets of one group share. Each printer keeps its own ticket."""
    group_wait: RuleDuration = 0.0
    """How long the first one waits for the others before it is sent."""


class FlapForm(_RuleFileModel):
    """Flap detection: frequent openings are held in one ticket."""

    window: RuleDuration = Field(gt=0)
    """How far back openings are counted."""
    max_opens: int = Field(ge=1)
    """How many openings in it are still usual."""
    hold: RuleDuration = Field(gt=0)
    """How long it must then have ceased; each further opening doubles it, up to eight times."""


class SuppressForm(_RuleFileModel):
    """A time in which the rule does not notify."""

    calendar: str
    """The name of a [calendar.…]."""
    outside: bool = False
    """true: the time outside of these hours."""
    action: Literal["delay", "drop"]
    """"delay": notify afterwards, if it still holds. "drop": never notify what begins then."""


class SharedKeysForm(_RuleFileModel):
    """Keys that may also stand in [defaults] and [severity.…], for many rules at once."""

    for_: RuleDuration = Field(default=0.0, alias="for")
    """How long the condition must hold before it is a fact."""
    keep_firing: RuleDuration = 86400.0
    """How long it must have ceased before it is over."""
    stale_after: RuleDuration = Field(default=93600.0, gt=0)
    """Readings older than this count as unknown."""
    flap: FlapForm | None = None
    """When a condition that comes and goes is held in one ticket."""
    evaluate: ScheduleValue | None = None
    """How often it is evaluated: "daily@07:00", "hourly@15", "6 hours". Without it: with every reading."""
    suppress: Annotated[tuple[SuppressForm, ...], Field(strict=False)] = ()
    """Times in which it does not notify."""
    ticket: TicketForm = TicketForm()
    """Grouping of the tickets of several printers."""
    max_tickets_per_day: int | None = Field(default=None, ge=1)
    """Further ones of a day go into one storm ticket that lists the printers; never for device_down."""
    owner: str = ""
    """The person or team responsible for the rule."""


class DefaultsForm(SharedKeysForm):
    """[defaults]: what the rules of this file share."""

    severity: Severity = "normal"


class SeverityForm(SharedKeysForm):
    """[severity.…]: what all rules of a severity share."""


class RuleForm(SharedKeysForm):
    """One rule."""

    id: RuleId
    """Its name in logs, tickets and `inhibited_by`: lower case, digits and hyphens."""
    title: str = Field(min_length=1)
    """What the ticket says, with words in braces: "{supply} of {device} is at {value}"."""
    enabled: Enabled = True
    """"shadow" evaluates the rule and opens no tickets."""
    scope: ScopeForm = ScopeForm()
    per: Literal["device", "supply", "alert", "part", "site"] = "device"
    """Its subject: it is evaluated for each of these on its own."""
    when: WhenForm
    clear: ClearForm = ClearForm()
    once: bool = False
    """A ticket for each occurrence, such as a swap: it closes as soon as it is sent."""
    severity: Severity = "normal"
    """How grave it is beside others: orders lists. The contract makes the priority."""
    inhibited_by: Annotated[tuple[RuleId, ...], Field(strict=False)] = ()
    """Rules that take precedence: while one of them fires here, this one does not notify."""
    fault: str
    """What is wrong: a key of the fault catalogue (`printwarden rules faults`)."""
    component: str = ""
    """Of what, within the printer: "{supply.type}:{supply.colour}". Empty: the printer as a whole."""
    impact: Annotated[Impact | None, Field(strict=False)] = None
    """What it means for those who print; the contract makes a priority of it. Without it: its [[fault]]'s."""
    reason: str = ""
    """Why the rule is as it is."""
    version: int = Field(default=1, ge=1, le=2**31 - 1)
    """Yours to count up with each edit; tickets, heartbeats and `status` name it."""


class OverrideForm(RuleForm):
    """[[override]]: changes to a rule of an earlier file or a shipped one; keys left out stay as they are."""

    title: str = Field(default="", min_length=1)
    when: WhenForm = WhenForm()
    fault: str = ""


class OwnFaultForm(_RuleFileModel):
    """[[fault]]: a fault of your own, beside those of the catalogue."""

    id: FaultKey
    """Its key: "meter.unused"."""
    title: str = Field(min_length=1)
    meaning: str = ""
    """What it means, in a sentence."""
    impact: Annotated[Impact | None, Field(strict=False)] = None
    """The impact of rules that find it and give none."""
    acts: Literal["site", "supplies", "technician", "provider"]
    """Who can put it right."""
    verify: Literal["work", "uptime", "reading", "time"] = "time"
    """How it shows that a repair lasts: 200 pages and two working days, two days of answers, a reading after
    two days, or 30 quiet days."""


class RuleFile(_RuleFileModel):
    """A file of rules."""

    fault: Annotated[tuple[OwnFaultForm, ...], Field(strict=False)] = ()
    override: Annotated[tuple[OverrideForm, ...], Field(strict=False)] = ()
    rule: Annotated[tuple[RuleForm, ...], Field(strict=False)] = ()
    defaults: DefaultsForm = DefaultsForm()
    calendar: dict[RuleId, CalendarForm] = {}
    severity: dict[Severity, SeverityForm] = {}


class FaultForm(_RuleFileModel):
    """One entry of the fault catalogue."""

    key: FaultKey
    title: str
    meaning: str
    acts: Literal["site", "supplies", "technician", "provider"]
    verify: Literal["work", "uptime", "reading", "time"] = "time"


class FaultFile(_RuleFileModel):
    """The fault catalogue."""

    fault: tuple[FaultForm, ...] = Field(strict=False)
