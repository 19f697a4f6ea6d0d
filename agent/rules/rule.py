"""A rule as the engine uses it: checked, with its thresholds as numbers and its signals at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from agent.model import Device, Impact
from agent.rules import kinds
from agent.rules.kinds import Reading
from agent.rules.signals import Options, Signal

SEVERITIES = ("critical", "high", "normal", "plan", "info")  # gravest first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition:
    """`signal op value`, for example supply.level <= 10 %."""

    signal: Signal
    op: str
    value: object
    options: Options = field(default_factory=dict)
    at: tuple[str | int, ...] = ()  # where it stands within its rule: when, all, 0

    def holds(self, reading: Reading) -> bool | None:
        """True, False, or None where the reading is unknown."""
        return kinds.compare(self.op, reading, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a rule waits, in seconds."""

    hold: float = 0.0  # `for`: how long it must hold before it fires
    keep: float = 86400.0  # `keep_firing`: how long it must have ceased before it is over
    gap: float = 93600.0  # `stale_after`: what was read longer ago is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which printers a rule is about, by shell patterns that ignore case; empty means all."""

    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    def covers(self, device: Device) -> bool:
        return all(
            not patterns or any(fnmatchcase((text or "").lower(), pattern.lower()) for pattern in patterns)
            for patterns, text in (
                (self.vendors, device.vendor),
                (self.models, device.model),
                (self.locations, device.location),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a condition is a fact, and what is then wrong with what."""

    id: str
    title: str
    per: str
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    clear: tuple[Condition, ...] = ()
    patience: Patience = field(default_factory=Patience)
    severity: str = "normal"
    inhibited_by: tuple[str, ...] = ()
    fault: str
    component: str = ""
    impact: Impact
    scope: Scope = field(default_factory=Scope)
    shadow: bool = False
    owner: str = ""
    reason: str = ""
    file: str = ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (*self.all, *self.any, *self.none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the fault catalogue: what is wrong, in the same words for everybody."""

    key: str
    title: str
    meaning: str
    acts: str  # who acts: site, supplies, technician, provider


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules in force, by id; each knows the file it came from."""

    rules: Mapping[str, Rule]
    faults: Mapping[str, Fault]
    files: tuple[str, ...] = ()

    def about(self, device: Device) -> list[Rule]:
        return [rule for rule in self.rules.values() if rule.scope.covers(device)]
