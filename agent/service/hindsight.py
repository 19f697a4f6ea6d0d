"""Rules, run over recorded history: the state machine that runs live, on what was known at each time.

history.past ──► rules.engine ──► firings ──► rules.backtest

It is judged when something changed that a rule rests on, when a wait is over, and, while a printer is silent
or something stands open, every quarter of an hour. Between these nothing can happen.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent import inventory
from agent.history.past import Past
from agent.model import Change, ChangeKind, Device, Impact, SiteFacts
from agent.rules import engine
from agent.rules.backtest import Event, Firing
from agent.rules.engine import Around
from agent.rules.lifecycle import Phase, State, keep
from agent.rules.rule import Patience, Rule, RuleSet
from agent.rules.states import Key, Standing
from agent.rules.terms import Turns

DAY = 86400.0
RESTLESS, CALM = 900.0, DAY / 2  # seconds between looks, where time alone may tell
LEAST = 60.0
SITE = SiteFacts()  # of the site as a whole the past keeps nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    since: float
    until: float

    @property
    def months(self) -> float:
        return (self.until - self.since) / (30.44 * DAY)


@dataclass(slots=True)
class Run:
    """What the rules said of the printers, by rule."""

    span: Span
    devices: int = 0
    thinned: bool = False
    evaluations: int = 0
    firings: dict[str, list[Firing]] = field(default_factory=dict)
    replaced: list[Event] = field(default_factory=list)

    @property
    def device_months(self) -> float:
        return self.devices * self.span.months

    def events(self, rules: Sequence[str]) -> list[Event]:
        """What these rules found, as what came true."""
        return [
            Event(device=it.device, at=it.opened, what=rule, subject=it.subject or None)
            for rule in rules
            for it in self.firings.get(rule, ())
        ]


def run(
    db: sqlite3.Connection,
    rules: RuleSet,
    span: Span,
    *,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Run:
    """Every known printer, through these rules, over `span`."""
    devices = list(inventory.devices(db).values())
    found = Run(span=span, firings={rule: [] for rule in rules.rules})
    for number, device in enumerate(devices):
        told(number, len(devices))
        past = Past.load(db, device, span.since, span.until)
        if past.met is None or past.met >= span.until:
            continue
        found.devices += 1
        found.thinned |= past.thinned
        for rule, firing in _lived(past, rules, found):
            found.firings[rule].append(firing)
        found.replaced += [
            Event(device=device.key, at=it.at, what="replaced", subject=subject)
            for it in past.happened
            if it.what == "replaced" and span.since <= it.at
            for subject in _slots(past, it.detail)
        ]
    told(len(devices), len(devices))
    return found


def _slots(past: Past, index: str) -> Iterator[str]:
    """The key of the supply in that slot, as rules name their subjects."""
    yield from (f"{it.index} {it.type or 'unknown'} {it.colour}" for it in past.supplies if it.index == index)


def _lived(past: Past, rules: RuleSet, found: Run) -> Iterator[tuple[str, Firing]]:
    """(rule, firing) of one printer's life; those still open come last."""
    life = _Life(past, rules)
    open_: dict[Key, Firing] = {}
    for now, fresh in life.moments():
        found.evaluations += 1
        for change in life.judge(now, fresh):
            key = (change.rule, change.subject)
            if change.kind is ChangeKind.OPENED:
                open_[key] = Firing(
                    device=past.device.key,
                    name=past.device.name,
                    subject=change.subject,
                    opened=now,
                    title=change.title,
                )
            elif key in open_:
                yield change.rule, replace(open_.pop(key), closed=now)
    yield from ((key[0], firing) for key, firing in open_.items())


@dataclass(slots=True)
class _Life:
    """One printer, judged from beginning to end."""

    past: Past
    rules: RuleSet
    standing: dict[Key, Standing] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    relevant: tuple[Rule, ...] = field(init=False)
    parts: frozenset[str] = field(init=False)
    turns: dict[str, Turns] = field(init=False)

    def __post_init__(self) -> None:
        self.relevant, self.turns = self.rules.about(self.past.device), self.rules.turns
        self.parts = frozenset().union(*(it.rests_on for it in self.relevant), _cleared_by(self.relevant))

    def judge(self, now: float, fresh: frozenset[str] | None) -> list[Change]:
        facts = self.past.at(now, SITE, fresh, parts=self.parts)
        turns = self.turns
        due = [
            text
            for text, it in turns.items()
            if facts.answers_in_a_row and it.due(self.taken.get(text), now, self.rules.zone)
        ]
        around = Around(waits=turns.keys() - set(due))
        self.standing, changes = engine.decide(self.rules, self.standing, facts, around)
        self.taken |= dict.fromkeys(due, now)
        return changes

    def moments(self) -> Iterator[tuple[float, frozenset[str] | None]]:
        """When to judge, and which parts of the facts changed then; None: judge everything."""
        past, parts = self.past, self.parts
        start = max(past.since, past.met or past.since)
        events = [it for it in past.changes(parts) if it[0] > start]
        events += [(at, "") for at in _turns(self.rules, start, past.until)]
        events.sort(reverse=True)
        tick = start
        while (now := min(tick, events[-1][0]) if events else tick) < past.until:
            fresh: set[str] = set()
            whole = now == start
            while events and events[-1][0] <= now:
                fresh.add(events.pop()[1])
            yield now, None if whole or fresh & {"", "reach"} else frozenset(fresh)
            tick = _next(self.relevant, self.standing, now)
            if "clock" in parts:
                tick = min(tick, now + (RESTLESS if past.restless(now) else CALM))


def _cleared_by(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset().union(*(it.signal.rests_on(it.options) for rule in rules for it in rule.clear))


def _turns(rules: RuleSet, since: float, until: float) -> Iterator[float]:
    """When the turns of rules begin within the span; one that a clock change moves is looked for hourly."""
    for turns in rules.turns.values():
        at = turns.latest(since, rules.zone) if turns.at is not None else since
        while (at := at + turns.every) < until:
            yield at
            if turns.at is not None and turns.latest(at, rules.zone) != at:
                yield turns.latest(at + 3600.0, rules.zone)


def _next(rules: Sequence[Rule], standing: Mapping[Key, Standing], now: float) -> float:
    """When the first wait of those that are not quiet is over."""
    patience = {rule.id: rule.patience for rule in rules}
    return min(
        (max(now + LEAST, _over(it.state, patience[rule], now)) for (rule, _), it in standing.items()),
        default=float("inf"),
    )


def _over(state: State, patience: Patience, now: float) -> float:
    """When this state may move by time alone; looked at before the time between counts as unwatched."""
    if state.phase is Phase.FIRING or state.phase is Phase.RESTING:
        return now + CALM
    wait = patience.hold if state.phase is Phase.PENDING else keep(state, patience)
    return min(state.since + wait, now + patience.gap * 0.9)


def yardstick_rules(rules: RuleSet, rule: Rule) -> list[str]:
    """The rules whose findings `rule` should foretell, where nobody says which."""
    if rule.impact is Impact.SUPPLY:
        empty = [it.id for it in rules.rules.values() if it.fault == rule.fault and it.severity == "high"]
        return [name for name in empty if name != rule.id]
    if rule.impact in {Impact.PREDICTED, Impact.DEGRADED}:
        return [it.id for it in rules.rules.values() if it.impact is Impact.DEVICE_DOWN and it.per != "site"]
    return []


def device(db: sqlite3.Connection, text: str) -> Device | None:
    """The printer that `text` means: its key, its serial number, its address, or a part of its name."""
    known = inventory.devices(db)
    if text in known:
        return known[text]
    for one in known.values():
        if text in {one.serial, one.address.host, str(one.address), one.mac}:
            return one
    named = [one for one in known.values() if text.lower() in one.name.lower()]
    return named[0] if len(named) == 1 else None
