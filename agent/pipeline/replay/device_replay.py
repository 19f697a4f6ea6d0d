"""Replay of one printer's history by the live state machine, on the facts of each time.

It is evaluated when facts of a rule change, when a duration that a rule names has passed since
then ("open for 30 minutes", "silent for 2 hours"), and when a wait of the state machine is over. Where a
signal moves with time in an unforeseeable way, it is evaluated every quarter of an hour. Between
these nothing can happen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from agent.core.calendars import Calendar
from agent.core.model import (
    Address,
    Amount,
    Change,
    ChangeKind,
    Device,
    Facts,
    Forecasts,
    Impact,
    SiteFacts,
    Supply,
)
from agent.history.device_history import ENDED, DeviceHistory
from agent.pipeline.replay.firing_spans import FiringInhibitors, Inhibitor, SpanRecorder
from agent.pipeline.replay.forecast_replay import ForecastTimeline
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

WINDOW = "window"

SiteStateAt = Callable[[float], tuple[SiteFacts, frozenset[str]]]
"""How the site was at a time, and which rules about it fired then."""


@dataclass(frozen=True, slots=True)
class ConditionWait:
    """A time that a rule names: so long after a change of `part` its condition may turn."""

    part: str
    seconds: float
    calendar: Calendar | None = None
    event: str = "clock"  # WINDOW: something is no longer counted, which matters to what stands only

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
    forecasts: ForecastTimeline | None = None  # None: no rule asks for any
    inhibitors: Sequence[Inhibitor] = ()  # rules judged apart that these give way to
    states: dict[StateKey, RuleState] = field(default_factory=dict)
    schedule_times: dict[str, float] = field(default_factory=dict)
    ordered: frozenset[str] = frozenset()
    evaluations: int = 0
    recorder: SpanRecorder = field(default_factory=SpanRecorder)
    device_rules: tuple[Rule, ...] = field(init=False)
    timings: dict[str, Timing] = field(init=False)
    suppressed_rules: frozenset[str] = field(init=False)
    parts: frozenset[str] = field(init=False)
    schedules: dict[str, EvaluationSchedule] = field(init=False)
    time_driven: bool = field(init=False)
    row_local: bool = field(init=False)
    supply_bound: bool = field(init=False)
    counts_begun: bool = field(init=False)
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
        self.supply_bound = self.shortcuts and all(
            rule.supply_bound and rule.schedule is None for rule in self.device_rules
        )
        self.counts_begun = self.shortcuts and all(rule.counts_begun for rule in self.device_rules)
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
        if self.forecasts is not None and facts.answers_in_a_row:
            facts = replace(facts, foresight=self.forecasts.forecasts_at(now))
        if self.ordered:
            facts = replace(facts, ordered=self.ordered)
        due = self._due_schedules(facts)
        around = EvaluationScope(
            not_due=self.schedules.keys() - due,
            firing_site_rules=above,
            touched=touched if self.shortcuts or self.forecasts else None,
            firing_elsewhere=FiringInhibitors(self.inhibitors, now),
        )
        self.states, changes = engine.decide_changes(self.rules, self.states, facts, around)
        self.recorder.record_states(self.states, now)
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
            elif now < tick and self._can_skip(fresh, touched, now):
                continue
            else:
                yield now, frozenset(fresh), frozenset(touched)
            tick = self._next_deadline(now)
            if self.time_driven:
                tick = min(tick, now + (SHORT_INTERVAL if past.changes_by_time(now) else LONG_INTERVAL))

    def _can_skip(self, fresh: AbstractSet[str], touched: Iterable[str], now: float) -> bool:
        """True if nothing of what is fresh can matter."""
        if fresh == {WINDOW}:
            return not self.states
        if self.counts_begun and fresh == {"alerts"} and not self.states:
            return set(touched) == {ENDED}
        if self.row_local and fresh == {"supplies"}:
            return self._are_quiet(touched, now, self._row_begins)
        if self.supply_bound and fresh == {"supplies"}:
            return self._are_quiet(touched, now, self._forecast_begins)
        if self.supply_bound and fresh <= {"supplies", "meters"} and not self.states:
            return self._are_quiet(self.history.levels, now, self._forecast_begins)
        return False

    def _are_quiet(self, touched: Iterable[str], now: float, begins: Callable[[Supply, float], bool]) -> bool:
        """True if these supplies are quiet and no rule begins to hold for them."""
        standing = {subject for _, subject in self.states}
        found = (self.history.supply_at(index, now) for index in touched)
        return not any(it.key in standing or begins(it, now) for it in found if it is not None)

    def _row_begins(self, supply: Supply, now: float) -> bool:
        """True if a rule holds for a supply, by its row alone."""
        del now
        key = (supply.index, supply.level)
        if key not in self._begins_cache:
            subject = Subject(per="supply", key=supply.key, supply=supply)
            self._begins_cache[key] = self._any_begins(subject, EMPTY_CONTEXT)
        return self._begins_cache[key]

    def _forecast_begins(self, supply: Supply, now: float) -> bool:
        """True if a rule holds for a supply, by its row and its forecast."""
        renewed = self.history.replacement_times_at(now)
        facts = Facts(
            device=self.history.device,
            now=now,
            answers_in_a_row=1,
            supplies=(supply,),
            renewed=renewed,
            foresight=self.forecasts.forecasts_at(now) if self.forecasts else Forecasts(),
        )
        subject = Subject(per="supply", key=supply.key, supply=supply, renewed=renewed.get(supply.index))
        return self._any_begins(subject, EvaluationContext(facts, facts))

    def _any_begins(self, subject: Subject, context: EvaluationContext) -> bool:
        found = (
            conditions.evaluate_subject(rule, subject, context, stands=False) for rule in self.device_rules
        )
        return any(it.holds for it in found)

    def _list_events(self) -> Iterator[tuple[float, str, str]]:
        waits = [wait for rule in self.device_rules for wait in _list_waits(rule)]
        for at, part, supply in self.history.list_changes(self.parts):
            yield at, part, supply
            yield from ((wait.ends_at(at), wait.event, "") for wait in waits if wait.part == part)
        for it in self.inhibitors:  # what gave way may be told when it need not any more
            yield from ((span.ended, WINDOW, "") for span in it.spans)
        start = max(self.history.since, self.history.first_answer or self.history.since)
        met = self.history.device.first_seen
        yield from ((wait.ends_at(met), "clock", "") for wait in waits if wait.part == "met")
        yield from ((at, "", "") for at in _schedule_starts(self.rules, start, self.history.until))
        settles = self.site_at(start)[0].settles
        if settles is not None:  # what was held back in the first days may be told from then on
            yield settles, "", ""

    def _next_deadline(self, now: float) -> float:
        """Return when the first of the states that are not quiet may move by time alone."""
        return min(
            (self._next_look(rule, it.state, now) for (rule, _), it in self.states.items()),
            default=float("inf"),
        )

    def _next_look(self, rule: str, state: LifecycleState, now: float) -> float:
        waiting = rule in self.suppressed_rules and not state.announced
        return next_look(state, self.timings[rule], now, waiting=waiting)


def _is_elapsed_time(condition: Condition) -> bool:
    """True if its signal is a time since a change, so that the moment of its threshold is known."""
    return condition.signal.kind is value_kinds.DURATION


def _list_waits(rule: Rule) -> Iterator[ConditionWait]:
    """The times that a rule names in its conditions, with what they count from."""
    for it in (*rule.conditions, *rule.clear):
        calendar = it.options.get("calendar")
        named = [it.value] if "clock" in it.signal.reads and _is_elapsed_time(it) else []
        named += [it.options.get(name) for name in it.signal.timed]
        parts = sorted(it.signal.reads - {"clock", "trail"}) or ["met"]
        for seconds in named:
            if isinstance(seconds, int | float):
                for part in parts:
                    yield ConditionWait(part, seconds, calendar if isinstance(calendar, Calendar) else None)
        window = it.options.get("per")
        if isinstance(window, int | float) and "per" not in it.signal.timed:
            yield from (ConditionWait(part, window, event=WINDOW) for part in parts)


def _schedule_starts(rules: RuleSet, since: float, until: float) -> Iterator[float]:
    """Yield the scheduled times within the span; one that a clock change moves is looked for hourly."""
    for turns in rules.schedules.values():
        at = turns.latest_start(since, rules.zone) if turns.at is not None else since
        while (at := at + turns.every) < until:
            yield at
            if turns.at is not None and turns.latest_start(at, rules.zone) != at:
                yield turns.latest_start(at + 3600.0, rules.zone)


def isolate_rule(rules: RuleSet, name: str) -> RuleSet:
    """One rule, and where it asks for orders all that order: the rest are inhibitors."""
    rule = rules.rules[name]
    orders = any("orders" in it.signal.reads for it in (*rule.conditions, *rule.clear))
    kept: Mapping[str, Rule] = {
        key: it
        for key, it in rules.rules.items()
        if key == name or (orders and it.impact is Impact.SUPPLY and it.per != "site")
    }
    return replace(rules, rules=kept, _device_cache={})


def list_inhibitors(rules: RuleSet, isolated: RuleSet) -> list[str]:
    """The rules about printers that those of `isolated` give way to."""
    named = dict.fromkeys(it for rule in isolated.rules.values() for it in rule.inhibited_by)
    return [
        it for it in named if it in rules.rules and it not in isolated.rules and rules.rules[it].per != "site"
    ]
