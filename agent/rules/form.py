"""The form of a rule file: what an MPS admin may write, key by key.

    [[rule]]
    id = "supply-low"                      per = "supply"
    when.all = [ { signal = "supply.level", op = "<=", value = "10 %" } ]
    clear.all = [ { signal = "supply.level", op = ">=", value = "25 %" } ]
    for = "1 hour"                         fault = "supply.low"

There is no expression language: one level of all, any and none, and comparisons in `op` alone.
Anything more is a new signal. What the form cannot say by itself, `agent.rules.lint` checks.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agent.model import Impact
from agent.rules import kinds

Duration = Annotated[float, BeforeValidator(kinds.DURATION.parse, json_schema_input_type=str)]


def _enabled(value: object) -> object:
    if value not in (True, False, "shadow"):
        raise ValueError(
            f'{value!r} is neither true, false nor "shadow" | write enabled = "shadow" to try it out'
        )
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError(f'"{value}" is not an id | write lower-case words with hyphens, like "toner-low"')
    return value


Enabled = Annotated[bool | str, BeforeValidator(_enabled, json_schema_input_type=bool | Literal["shadow"])]
Severity = Literal["critical", "high", "normal", "plan", "info"]
Id = Annotated[str, AfterValidator(_identifier)]


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ConditionForm(BaseModel):
    """One comparison. Further keys are the options of the signal."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    signal: str
    """What is asked: "supply.level", "alert.code", …"""
    op: str | None = None
    """How it is compared: <, <=, >, >= for measures; is, is_not, in, not_in for words."""
    value: Any = None
    """What it is compared with, with its unit: "10 %", "5 minutes", "toner", ["toner", "ink"]."""
    min_count: int | None = None
    """Short for op = ">=", value = …"""
    max_count: int | None = None
    """Short for op = "<=", value = …"""


class WhenForm(_Form):
    """The condition: all of these, any of those, none of the others."""

    all: tuple[ConditionForm, ...] = Field(default=(), strict=False)
    any: tuple[ConditionForm, ...] = Field(default=(), strict=False)
    none: tuple[ConditionForm, ...] = Field(default=(), strict=False)


class ClearForm(_Form):
    """When it has ceased. Without it: when it no longer holds."""

    all: tuple[ConditionForm, ...] = Field(default=(), strict=False)


class ScopeForm(_Form):
    """Which printers it is about, by shell patterns ("ECOSYS*"). Empty: all."""

    vendors: tuple[str, ...] = Field(default=(), strict=False)
    models: tuple[str, ...] = Field(default=(), strict=False)
    locations: tuple[str, ...] = Field(default=(), strict=False)


class TicketForm(_Form):
    """How tickets of several printers are put together."""

    group_by: tuple[Literal["site", "model", "location"], ...] = Field(default=(), strict=False)
    group_wait: Duration = 0.0


class RuleForm(_Form):
    """One rule."""

    id: Id
    """Its name in logs, tickets and `inhibited_by`: lower case, digits and hyphens."""
    title: str = Field(min_length=1)
    """What the ticket says, with words in braces: "{supply} of {device} is at {value}"."""
    enabled: Enabled = True
    """"shadow" judges, but tells nobody."""
    scope: ScopeForm = ScopeForm()
    per: Literal["device", "supply", "alert", "part"] = "device"
    """What it is about: it is judged for each of these on its own."""
    when: WhenForm
    clear: ClearForm = ClearForm()
    for_: Duration = Field(default=0.0, alias="for")
    """How long the condition must hold before it is a fact."""
    keep_firing: Duration = 86400.0
    """How long it must have ceased before it is over."""
    stale_after: Duration = Field(default=93600.0, gt=0)
    """What was read longer ago than this is unknown."""
    severity: Severity = "normal"
    inhibited_by: tuple[Id, ...] = Field(default=(), strict=False)
    """Rules that say it better: while one of them fires here, this one does not speak up."""
    fault: str
    """What is wrong: a key of the fault catalogue (`agent/rules/faults.toml`)."""
    component: str = ""
    """Of what, within the printer: "{supply.type}:{supply.colour}". Empty: the printer as a whole."""
    impact: Annotated[Impact, Field(strict=False)]
    """What it means for those who print; the contract makes a priority of it."""
    ticket: TicketForm = TicketForm()
    owner: str = ""
    reason: str = ""
    """Why it is as it is, for whoever reads it next."""


class RuleFile(_Form):
    """A file of rules."""

    rule: tuple[RuleForm, ...] = Field(default=(), strict=False)


class FaultForm(_Form):
    """One entry of the fault catalogue."""

    key: Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z]+)+$")]
    title: str
    meaning: str
    acts: Literal["site", "supplies", "technician", "provider"]


class FaultFile(_Form):
    """The fault catalogue."""

    fault: tuple[FaultForm, ...] = Field(strict=False)
