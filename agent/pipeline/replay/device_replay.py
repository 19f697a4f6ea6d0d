"""One printer's life over again: the state machine that runs live, on what was known at each time.

It is judged when something changed that a rule rests on, when a time that a rule names has gone by since
then ("open for 30 minutes", "silent for 2 hours"), and when a wait of the state machine is over. Where a
signal moves with time in a way that nobody can foresee, it is looked at every quarter of an hour. Between
these nothing can happen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.core.calendars import Calendar
from agent.core.model import Address, Amount, Change, ChangeKind, Device, Facts, Impact, SiteFacts, Supply
from agent.history.device_history import Past
from agent.pipeline.replay.transitions import CALM, RESTLESS, next_look, pair_firings
from agent.rules import conditions, engine, value_kinds
from agent.rules.backtest.scoring import Firing
from agent.rules.conditions import Grounds
from agent.rules.engine import Around
from agent.rules.field_types import Turns
from agent.rules.lifecycle import State
from agent.rules.rule import Condition, Patience, Rule, RuleSet
from agent.rules.state_store import Key, Standing
from agent.rules.subjects import Subject

_NOTHING = Facts(device=Device(key="", address=Address("")), now=0.0)
NOBODY = Grounds(_NOTHING, _NOTHING)

Site = Callable[[float], tuple[SiteFacts, frozenset[str]]]
"""How the site was at a time, and which rules about it fired then."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A time that a rule names: so long after a change of `part` its condition may turn."""

    part: str
    seconds: float
    calendar: Calendar | None = None

    def over(self, since: float) -> float:
        """When it is over for what changed at `since`."""
        if self.calendar is None:
            return since + self.seconds + 1.0  # "longer than" turns after it
        due = self.calendar.due(since, self.seconds)
        return float("inf") if due is None else due + 1.0


@dataclass(slots=True)
class Life:
    """One printer, judged from beginning to end."""

    past: Past
    rules: RuleSet
    site: Site
    shortcuts: bool = True  # pass over moments at which nothing can happen; without, look at each
    standing: dict[Key, Standing] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    ordered: frozenset[str] = frozenset()
    judged: int = 0
    relevant: tuple[Rule, ...] = field(init=False)
    patience: dict[str, Patience] = field(init=False)
    hushed: frozenset[str] = field(init=False)
    parts: frozenset[str] = field(init=False)
    turns: dict[str, Turns] = field(init=False)
    unforeseen: bool = field(init=False)
    plain: bool = field(init=False)
    _begins: dict[tuple[str, Amount], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        site, _ = self.site(self.past.since)
        self.relevant, self.turns = self.rules.about(self.past.device, site.id), self.rules.turns
        self.patience = {rule.id: rule.patience for rule in self.relevant}
        self.hushed = frozenset(rule.id for rule in self.relevant if rule.hushes)
        asked = [it for rule in self.relevant for it in (*rule.conditions, *rule.clear)]
        self.parts = frozenset().union(*(it.signal.rests_on(it.options) for it in asked))
        self.plain = self.shortcuts and all(rule.plain for rule in self.relevant)
        self.unforeseen = any("clock" in it.signal.reads and not _elapses(it) for it in asked)

    def firings(self) -> Iterator[tuple[str, Firing]]:
        """(rule, firing) over the whole life; those still open come last."""
        changes = (
            (now, change)
            for now, fresh, touched in self.moments()
            for change in self.judge(now, fresh, touched)
        )
        return pair_firings(self.past.device, changes)

    def judge(self, now: float, fresh: frozenset[str] | None, touched: frozenset[str] | None) -> list[Change]:
        """What the rules say at one moment."""
        self.judged += 1
        site, above = self.site(now)
        facts = self.past.at(now, site, fresh, parts=self.parts)
        if self.ordered:
            facts = replace(facts, ordered=self.ordered)
        due = self._due(facts)
        around = Around(
            waits=self.turns.keys() - due, above=above, touched=touched if self.shortcuts else None
        )
        self.standing, changes = engine.decide(self.rules, self.standing, facts, around)
        self.taken |= dict.fromkeys(due, now)
        for change in changes:
            if change.impact is Impact.SUPPLY:
                opened = change.kind is ChangeKind.OPENED
                subject = {change.subject}
                self.ordered = self.ordered | subject if opened else self.ordered - subject
        return changes

    def _due(self, facts: Facts) -> set[str]:
        if not self.turns or not facts.answers_in_a_row:
            return set()
        zone = self.rules.zone
        return {text for text, it in self.turns.items() if it.due(self.taken.get(text), facts.now, zone)}

    def moments(self) -> Iterator[tuple[float, frozenset[str] | None, frozenset[str] | None]]:
        """When to judge; which parts of the facts changed then, and which supplies; None: all may have."""
        past = self.past
        start = max(past.since, past.met or past.since)
        events = [it for it in self._events() if start < it[0] < past.until]
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
            elif self.plain and fresh == {"supplies"} and now < tick and self._nothing_begins(touched, now):
                continue
            else:
                yield now, frozenset(fresh), frozenset(touched)
            tick = self._next(now)
            if self.unforeseen:
                tick = min(tick, now + (RESTLESS if past.restless(now) else CALM))

    def _nothing_begins(self, touched: Iterable[str], now: float) -> bool:
        """Whether these supplies are quiet, and no rule begins to hold of them: then nothing can happen."""
        standing = {subject for _, subject in self.standing}
        for index in touched:
            supply = self.past.supply(index, now)
            if supply is None:
                continue
            if supply.key in standing:
                return False
            key = (index, supply.level)
            if key not in self._begins:
                self._begins[key] = any(_begins(rule, supply) for rule in self.relevant)
            if self._begins[key]:
                return False
        return True

    def _events(self) -> Iterator[tuple[float, str, str]]:
        waits = [wait for rule in self.relevant for wait in _waits(rule)]
        for at, part, supply in self.past.changes(self.parts):
            yield at, part, supply
            yield from ((wait.over(at), "clock", "") for wait in waits if wait.part == part)
        start = max(self.past.since, self.past.met or self.past.since)
        yield from ((at, "", "") for at in _turns(self.rules, start, self.past.until))

    def _next(self, now: float) -> float:
        """When the first of the states that are not quiet may move by time alone."""
        return min(
            (self._next_look(rule, it.state, now) for (rule, _), it in self.standing.items()),
            default=float("inf"),
        )

    def _next_look(self, rule: str, state: State, now: float) -> float:
        waiting = rule in self.hushed and not state.announced
        return next_look(state, self.patience[rule], now, waiting=waiting)


def _begins(rule: Rule, supply: Supply) -> bool:
    """Whether a plain rule holds of a supply."""
    subject = Subject(per="supply", key=supply.key, supply=supply)
    return bool(conditions.judge(rule, subject, NOBODY, stands=False).holds)


def _elapses(condition: Condition) -> bool:
    """Whether its signal is a time that runs since a change: then one knows when it passes a threshold."""
    return condition.signal.kind is value_kinds.DURATION


def _waits(rule: Rule) -> Iterator[Wait]:
    """The times that a rule names in its conditions, with what they count from."""
    for it in (*rule.conditions, *rule.clear):
        calendar = it.options.get("calendar")
        named = [it.value] if "clock" in it.signal.reads and _elapses(it) else []
        named += [it.options.get(name) for name in it.signal.timed]
        for seconds in named:
            if isinstance(seconds, int | float):
                for part in sorted(it.signal.reads - {"clock", "trail"}):
                    yield Wait(part, seconds, calendar if isinstance(calendar, Calendar) else None)


def _turns(rules: RuleSet, since: float, until: float) -> Iterator[float]:
    """When the turns of rules begin within the span; one that a clock change moves is looked for hourly."""
    for turns in rules.turns.values():
        at = turns.latest(since, rules.zone) if turns.at is not None else since
        while (at := at + turns.every) < until:
            yield at
            if turns.at is not None and turns.latest(at, rules.zone) != at:
                yield turns.latest(at + 3600.0, rules.zone)


def apart(rules: RuleSet, name: str) -> RuleSet:
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
    return replace(rules, rules=kept, _about={})
