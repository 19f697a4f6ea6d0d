"""Replay of one printer's history by the live state machine, on the facts of each time.

It is evaluated when facts of a rule change, when a duration that a rule names has passed since
then ("open for 30 minutes", "silent for 2 hours"), and when a wait of the state machine is over. Where a
signal moves with time in an unforeseeable way, it is evaluated every quarter of an hour. Between
these nothing can happen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.core.calendars import Calendar
from agent.core.model import Address, Amount, Change, ChangeKind, Device, Facts, Impact, SiteFacts, Supply
from agent.history.device_history import DeviceHistory
from agent.pipeline.replay.transitions import LONG_INTERVAL, SHORT_INTERVAL, next_look, pair_firings
from agent.rules import conditions, engine, value_kinds
from agent.rules.backtest.firing import Firing
from agent.rules.conditions import EvaluationContext
from agent.rules.engine import EvaluationScope
from agent.rules.field_types import EvaluationSchedule
from agent.rules.lifecycle import LifecycleState
from agent.rules.rule import Condition, Rule, RuleSet, Timing
from agent.rules.state_store import RuleState, StateKey
from agent.rules.subjects import Subject

_NO_FACTS = Facts(device=Device(key="", address=Address("")), now=0.0)
EMPTY_CONTEXT = EvaluationContext(_NO_FACTS, _NO_FACTS)

SiteStateAt = Callable[[float], tuple[SiteFacts, frozenset[str]]]
"""How the site was at a time, and which rules about it fired then."""


@dataclass(frozen=True, slots=True)
class ConditionWait:
    """A time that a rule names: so long after a change of `part` its condition may turn."""

    part: str
    seconds: float
    calendar: Calendar | None = None

    def ends_at(self, since: float) -> float:
        """Return when it ends for a change at `since`."""
        if self.calendar is None:
            return since + self.seconds + 1.0  # "longer than" turns after it
        due = self.calendar.add_open_seconds(since, self.seconds)
        return float("inf") if due is None else due + 1.0


@dataclass(slots=True)
class DeviceReplay:
    """One printer, judged from beginning to end."""

    history: DeviceHistory
    rules: RuleSet
    site_at: SiteStateAt
    shortcuts: bool = True  # pass over moments at which nothing can happen; without, look at each
    states: dict[StateKey, RuleState] = field(default_factory=dict)
    schedule_times: dict[str, float] = field(default_factory=dict)
    ordered: frozenset[str] = frozenset()
    evaluations: int = 0
    device_rules: tuple[Rule, ...] = field(init=False)
    timings: dict[str, Timing] = field(init=False)
    suppressed_rules: frozenset[str] = field(init=False)
    parts: frozenset[str] = field(init=False)
    schedules: dict[str, EvaluationSchedule] = field(init=False)
    time_driven: bool = field(init=False)
    row_local: bool = field(init=False)
    _begins_cache: dict[tuple[str, Amount], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        site, _ = self.site_at(self.history.since)
        self.device_rules, self.schedules = (
            self.rules.rules_for_device(self.history.device, site.id),
            self.rules.schedules,
        )
        self.timings = {rule.id: rule.timing for rule in self.device_rules}
        self.suppressed_rules = frozenset(rule.id for rule in self.device_rules if rule.suppressions)
        asked = [it for rule in self.device_rules for it in (*rule.conditions, *rule.clear)]
        self.parts = frozenset().union(*(it.signal.depends_on(it.options) for it in asked))
        self.row_local = self.shortcuts and all(rule.row_local for rule in self.device_rules)
        self.time_driven = any("clock" in it.signal.reads and not _is_elapsed_time(it) for it in asked)

    def replay_firings(self) -> Iterator[tuple[str, Firing]]:
        """(rule, firing) over the whole life; those still open come last."""
        changes = (
            (now, change)
            for now, fresh, touched in self.iterate_moments()
            for change in self.evaluate_at(now, fresh, touched)
        )
        return pair_firings(self.history.device, changes)

    def evaluate_at(
        self, now: float, fresh: frozenset[str] | None, touched: frozenset[str] | None
    ) -> list[Change]:
        """Evaluate the rules at one moment."""
        self.evaluations += 1
        site, above = self.site_at(now)
        facts = self.history.facts_at(now, site, fresh, parts=self.parts)
        if self.ordered:
            facts = replace(facts, ordered=self.ordered)
        due = self._due_schedules(facts)
        around = EvaluationScope(
            not_due=self.schedules.keys() - due,
            firing_site_rules=above,
            touched=touched if self.shortcuts else None,
        )
        self.states, changes = engine.decide_changes(self.rules, self.states, facts, around)
        self.schedule_times |= dict.fromkeys(due, now)
        for change in changes:
            if change.impact is Impact.SUPPLY:
                opened = change.kind is ChangeKind.OPENED
                subject = {change.subject}
                self.ordered = self.ordered | subject if opened else self.ordered - subject
        return changes

    def _due_schedules(self, facts: Facts) -> set[str]:
        if not self.schedules or not facts.answers_in_a_row:
            return set()
        zone = self.rules.zone
        return {
            text
            for text, it in self.schedules.items()
            if it.is_due(self.schedule_times.get(text), facts.now, zone)
        }

    def iterate_moments(self) -> Iterator[tuple[float, frozenset[str] | None, frozenset[str] | None]]:
        """When to judge; which parts of the facts changed then, and which supplies; None: all may have."""
        past = self.history
        start = max(past.since, past.first_answer or past.since)
        events = [it for it in self._list_events() if start < it[0] < past.until]
        events.sort(reverse=True)
        tick = start
        while (now := min(tick, events[-1][0]) if events else tick) < past.until:
            whole, fresh, touched = now == start, set(), set()
            while events and events[-1][0] <= now:
                _, part, supply = events.pop()
                fresh.add(part)
                touched.add(supply)
            if whole or fresh & {"", "reach"}:
                yield now, None, None
            elif self.row_local and fresh == {"supplies"} and now < tick and self._can_skip(touched, now):
                continue
            else:
                yield now, frozenset(fresh), frozenset(touched)
            tick = self._next_deadline(now)
            if self.time_driven:
                tick = min(tick, now + (SHORT_INTERVAL if past.changes_by_time(now) else LONG_INTERVAL))

    def _can_skip(self, touched: Iterable[str], now: float) -> bool:
        """True if these supplies are quiet and no rule begins to hold for them."""
        standing = {subject for _, subject in self.states}
        for index in touched:
            supply = self.history.supply_at(index, now)
            if supply is None:
                continue
            if supply.key in standing:
                return False
            key = (index, supply.level)
            if key not in self._begins_cache:
                self._begins_cache[key] = any(_rule_begins(rule, supply) for rule in self.device_rules)
            if self._begins_cache[key]:
                return False
        return True

    def _list_events(self) -> Iterator[tuple[float, str, str]]:
        waits = [wait for rule in self.device_rules for wait in _list_waits(rule)]
        for at, part, supply in self.history.list_changes(self.parts):
            yield at, part, supply
            yield from ((wait.ends_at(at), "clock", "") for wait in waits if wait.part == part)
        start = max(self.history.since, self.history.first_answer or self.history.since)
        met = self.history.device.first_seen
        yield from ((wait.ends_at(met), "clock", "") for wait in waits if wait.part == "met")
        yield from ((at, "", "") for at in _schedule_starts(self.rules, start, self.history.until))

    def _next_deadline(self, now: float) -> float:
        """Return when the first of the states that are not quiet may move by time alone."""
        return min(
            (self._next_look(rule, it.state, now) for (rule, _), it in self.states.items()),
            default=float("inf"),
        )

    def _next_look(self, rule: str, state: LifecycleState, now: float) -> float:
        waiting = rule in self.suppressed_rules and not state.announced
        return next_look(state, self.timings[rule], now, waiting=waiting)


def _rule_begins(rule: Rule, supply: Supply) -> bool:
    """True if a plain rule holds for a supply."""
    subject = Subject(per="supply", key=supply.key, supply=supply)
    return bool(conditions.evaluate_subject(rule, subject, EMPTY_CONTEXT, stands=False).holds)


def _is_elapsed_time(condition: Condition) -> bool:
    """True if its signal is a time since a change, so that the moment of its threshold is known."""
    return condition.signal.kind is value_kinds.DURATION


def _list_waits(rule: Rule) -> Iterator[ConditionWait]:
    """The times that a rule names in its conditions, with what they count from."""
    for it in (*rule.conditions, *rule.clear):
        calendar = it.options.get("calendar")
        named = [it.value] if "clock" in it.signal.reads and _is_elapsed_time(it) else []
        named += [it.options.get(name) for name in it.signal.timed]
        for seconds in named:
            if isinstance(seconds, int | float):
                for part in sorted(it.signal.reads - {"clock", "trail"}) or ["met"]:
                    yield ConditionWait(part, seconds, calendar if isinstance(calendar, Calendar) else None)


def _schedule_starts(rules: RuleSet, since: float, until: float) -> Iterator[float]:
    """Yield the scheduled times within the span; one that a clock change moves is looked for hourly."""
    for turns in rules.schedules.values():
        at = turns.latest_start(since, rules.zone) if turns.at is not None else since
        while (at := at + turns.every) < until:
            yield at
            if turns.at is not None and turns.latest_start(at, rules.zone) != at:
                yield turns.latest_start(at + 3600.0, rules.zone)


def isolate_rule(rules: RuleSet, name: str) -> RuleSet:
    """One rule with all that it gives way to, and where it asks for orders with all that order: what it says
    rests on no other."""
    wanted = [name]
    for one in wanted:
        rule = rules.rules[one]
        near = [it for it in rule.inhibited_by if it in rules.rules]
        if any("orders" in it.signal.reads for it in (*rule.conditions, *rule.clear)):
            near += [it.id for it in rules.rules.values() if it.impact is Impact.SUPPLY]
        wanted += [it for it in near if it not in wanted]
    kept: Mapping[str, Rule] = {key: rule for key, rule in rules.rules.items() if key in wanted}
    return replace(rules, rules=kept, _device_cache={})
