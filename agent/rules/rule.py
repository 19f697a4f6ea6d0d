"""A rule as the engine uses it: checked, with its thresholds as numbers and its signals at hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from fnmatch import fnmatchcase
from functools import cached_property

from agent.core.calendars import Calendar
from agent.core.errors import Complaint
from agent.core.model import Device, Impact
from agent.rules import value_kinds
from agent.rules.field_types import EvaluationSchedule
from agent.rules.rules_in_force import RulesInForce
from agent.rules.signals import Options, Signal
from agent.rules.subjects import WEARING_PARTS
from agent.rules.value_kinds import SignalValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition:
    """`signal op value`, for example supply.level <= 10 %."""

    signal: Signal
    op: str
    value: object
    options: Options = field(default_factory=dict)
    at: tuple[str | int, ...] = ()  # where it stands within its rule: when, all, 0

    def format_wanted(self) -> str:
        """What it compares with, as a person says it: "8 %", "toner, waste"."""
        wanted = self.value
        if isinstance(wanted, frozenset):
            return ", ".join(sorted(map(str, wanted)))
        return (
            value_kinds.format_value(self.signal.kind, wanted) if isinstance(wanted, float) else str(wanted)
        )

    def is_met_by(self, reading: SignalValue) -> bool | None:
        """True, False, or None where the reading is unknown."""
        return value_kinds.compare_values(self.op, reading, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlapDetection:
    """After more than `max_opens` openings in `window` seconds it is held for `hold` seconds or more."""

    window: float
    max_opens: int
    hold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The waiting times of a rule, in seconds."""

    for_duration: float = 0.0  # `for`: how long it must hold before it fires
    keep_firing: float = 86400.0  # `keep_firing`: how long it must have ceased before it is over
    stale_after: float = 93600.0  # `stale_after`: older readings are unknown
    flap: FlapDetection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A time in which a rule does not notify: delayed, or dropped for good."""

    calendar: Calendar
    outside: bool = False
    drops: bool = False

    def applies_at(self, now: float) -> bool:
        return self.calendar.is_open(now) != self.outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which printers a rule is about, by shell patterns that ignore case; empty means all."""

    sites: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    not_sites: tuple[str, ...] = ()
    not_vendors: tuple[str, ...] = ()
    not_models: tuple[str, ...] = ()
    not_locations: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    not_contracts: tuple[str, ...] = ()

    def covers_site(self, site: str) -> bool:
        return _is_covered(self.sites, self.not_sites, (site,))

    def covers_device(self, device: Device, site: str = "") -> bool:
        """Whether a rule is about this printer; none is about one that nobody manages."""
        return device.managed and all(
            _is_covered(patterns, excluded, texts)
            for patterns, excluded, texts in (
                (self.sites, self.not_sites, (site,)),
                (self.vendors, self.not_vendors, (device.vendor,)),
                (self.models, self.not_models, (device.model,)),
                (self.locations, self.not_locations, (device.location,)),
                (self.tags, self.not_tags, device.tags),
                (self.contracts, self.not_contracts, (device.contract,)),
            )
        )


def _is_covered(patterns: tuple[str, ...], excluded: tuple[str, ...], texts: Iterable[str | None]) -> bool:
    texts = tuple(texts)
    return (not patterns or _any_matches(patterns, texts)) and not _any_matches(excluded, texts)


def _any_matches(patterns: tuple[str, ...], texts: Iterable[str | None]) -> bool:
    low = [(text or "").lower() for text in texts]
    return any(fnmatchcase(text, pattern.lower()) for pattern in patterns for text in low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The properties that tickets of one group share, and how long the first waits for the others."""

    by: tuple[str, ...] = ()
    wait: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """A condition, its waiting times, and the fault that it reports."""

    id: str
    title: str
    per: str
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    clear: tuple[Condition, ...] = ()
    timing: Timing = field(default_factory=Timing)
    schedule: EvaluationSchedule | None = None
    suppressions: tuple[Suppression, ...] = ()
    severity: str = "normal"
    inhibited_by: tuple[str, ...] = ()
    fault: str
    component: str = ""
    impact: Impact
    scope: Scope = field(default_factory=Scope)
    shadow: bool = False
    once: bool = False  # each occurrence has a ticket that closes as soon as it is sent
    grouping: Grouping = field(default_factory=Grouping)
    most_a_day: int | None = None
    owner: str = ""
    reason: str = ""
    version: int = 1
    file: str = ""
    shipped: bool = False  # as it came with the product

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (*self.all, *self.any, *self.none)

    @cached_property
    def when_unreachable(self) -> bool:
        """True if all of its signals are known without an answer, so that it covers silent printers."""
        return all(condition.signal.when_unreachable for condition in self.conditions)

    @cached_property
    def supply_local(self) -> bool:
        """True if it evaluates each supply by the facts of that supply only."""
        asked = (*self.conditions, *self.clear)
        return self.per == "supply" and all(it.signal.reads == {"supplies"} for it in asked)

    @cached_property
    def supply_bound(self) -> bool:
        """True if it evaluates each supply by that supply and its forecast only."""
        signals = [it.signal for it in (*self.conditions, *self.clear)]
        near = frozenset({"supplies", "meters"})
        return self.per == "supply" and all(
            it.reads <= {"supplies"} or (it.forecast and it.reads <= near) for it in signals
        )

    @cached_property
    def counts_begun(self) -> bool:
        """True if it can begin to hold only when an alert begins: it counts those of a part."""
        plain = self.all and not self.any and not self.none and self.schedule is None
        counted = [it for it in self.all if it.signal.counts_begun and it.op in {">", ">="}]
        fixed = [it for it in self.all if it.signal.name == "part.kind"]
        return bool(plain and counted) and len(counted) + len(fixed) == len(self.all)

    @cached_property
    def unreplayable_signals(self) -> tuple[str, ...]:
        """Its signals that history does not record."""
        asked = {it.signal.name for it in (*self.conditions, *self.clear) if it.signal.not_replayable}
        return tuple(sorted(asked))

    @cached_property
    def uses_forecasts(self) -> bool:
        """True if it asks for a forecast, or is about parts that only forecasts know of."""
        if any(it.signal.forecast for it in (*self.conditions, *self.clear)):
            return True
        kinds = [it.value for it in self.all if it.signal.name == "part.kind" and it.op in {"is", "in"}]
        named = [frozenset({it}) if isinstance(it, str) else it for it in kinds]
        return self.per == "part" and not any(
            isinstance(it, frozenset) and it.isdisjoint(WEARING_PARTS) for it in named
        )

    @cached_property
    def row_local(self) -> bool:
        """True if it depends on each supply's current row only."""
        asked = (*self.conditions, *self.clear)
        return self.per == "supply" and self.schedule is None and all(it.signal.row_local for it in asked)

    @cached_property
    def depends_on(self) -> frozenset[str]:
        """The parts of the facts that can make it begin to hold."""
        return frozenset().union(*(it.signal.depends_on(it.options) for it in self.conditions))


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultDefinition:
    """One entry of the fault catalogue."""

    key: str
    title: str
    meaning: str
    acts: str  # who acts: site, supplies, technician, provider
    verify: str = "time"  # how it shows that a repair lasts: work, uptime, reading, time
    impact: Impact | None = None  # of rules that find it and give none


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules in force, by id; each knows the file it came from. `zone` None: this machine's."""

    rules: Mapping[str, Rule]
    faults: Mapping[str, FaultDefinition]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    zone: tzinfo | None = None
    files: tuple[str, ...] = ()
    hash: str = ""  # of all that the files say; comments and order do not count
    advice: tuple[Complaint, ...] = ()  # allowed, but probably a mistake

    _device_cache: dict[object, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    def rules_for_device(self, device: Device, site: str = "") -> tuple[Rule, ...]:
        """The rules about this printer and what belongs to it; printers alike share the answer."""
        alike = (site, device.vendor, device.model, device.location, device.tags, device.contract)
        if alike not in self._device_cache:
            self._device_cache[alike] = tuple(
                rule
                for rule in self.rules.values()
                if rule.per != "site" and rule.scope.covers_device(device, site)
            )
        return self._device_cache[alike]

    def rules_for_site(self, site: str) -> tuple[Rule, ...]:
        """The rules about the site as a whole."""
        return tuple(
            rule for rule in self.rules.values() if rule.per == "site" and rule.scope.covers_site(site)
        )

    @property
    def in_force(self) -> RulesInForce:
        """Which rules these are, for heartbeats, tickets and `status`."""
        own = {name: rule.shadow for name, rule in self.rules.items() if not rule.shipped}
        versions = {name: rule.version for name, rule in self.rules.items()}
        return RulesInForce(hash=self.hash, versions=versions, own=own)

    @property
    def used_parts(self) -> frozenset[str]:
        """The parts of the facts that some rule looks at."""
        asked = (it for rule in self.rules.values() for it in (*rule.conditions, *rule.clear))
        return frozenset().union(*(it.signal.depends_on(it.options) for it in asked))

    @property
    def schedules(self) -> dict[str, EvaluationSchedule]:
        """The schedules in use, by their text."""
        return {rule.schedule.text: rule.schedule for rule in self.rules.values() if rule.schedule}
