"""Rules, run over recorded history: the state machine that runs live, on what was known at each time.

history.past ──► replay ──► firings ──► rules.backtest

The site is judged first, then each printer by itself, in as many processes as there are cores where the
fleet is large: what comes out is the same, in the same order. Rules that have nothing to do with each other
are judged apart, so that none is looked at for the sake of another. What was computed before for the same
past and the same rules is `remembered`.
"""

import multiprocessing
import os
import platform
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.core.model import Device, Impact
from agent.core.store import open_reader
from agent.discovery import inventory
from agent.history.device_history import Past
from agent.history.meters import ledger
from agent.pipeline.device_tags import Assign, unassigned
from agent.pipeline.replay import result_cache
from agent.pipeline.replay.device_replay import Life, apart
from agent.pipeline.replay.result_cache import Remembered
from agent.pipeline.replay.site_replay import SitePast
from agent.rules.backtest.scoring import Event, Firing
from agent.rules.rule import Rule, RuleSet

DAY = 86400.0
MANY = 40  # printers: with fewer another process takes longer to start than it saves
PIECE = 5  # printers that a process takes at a time

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    since: float
    until: float

    @property
    def months(self) -> float:
        return (self.until - self.since) / (30.44 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to go about it. Each short way comes to the same."""

    workers: int | None = None  # processes; None: as many as there are cores, where that helps
    memory: Path | None = None  # where results of earlier runs are
    shortcuts: bool = True  # pass over moments at which nothing can happen
    assign: Assign = unassigned  # what the configuration says of a printer


USUAL = How()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What the rules said of one printer."""

    firings: tuple[tuple[str, Firing], ...] = ()
    replaced: tuple[Event, ...] = ()
    thinned: bool = False
    evaluations: int = 0
    computed: Mapping[str, result_cache.Told] = field(default_factory=dict)  # what was not known before


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

    def add(self, lived: Lived) -> None:
        self.devices += 1
        self.thinned |= lived.thinned
        self.evaluations += lived.evaluations
        self.replaced += lived.replaced
        for rule, firing in lived.firings:
            self.firings[rule].append(firing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What each process needs to know."""

    rules: Mapping[str, RuleSet]  # each wanted rule with all that it rests on
    site: SitePast
    span: Span
    memory: Remembered
    shortcuts: bool = True


def run(
    db: sqlite3.Connection,
    rules: RuleSet,
    span: Span,
    *,
    names: Collection[str] | None = None,
    site: str = "",
    told: Told = lambda _done, _of: None,
    how: How = USUAL,
) -> Run:
    """The site and every known printer, through these rules, over `span`.

    `names`: the rules whose findings are wanted; without it, all of them.
    """
    devices = [how.assign(device) for device in inventory.devices(db).values()]
    found = Run(span=span, firings={rule: [] for rule in rules.rules})
    whole = SitePast.load(db, site, span.until)
    for rule, firing in whole.judge(rules, span.since, span.until):
        found.firings[rule].append(firing)
    task = _Task(
        rules={
            name: apart(rules, name)
            for name, rule in rules.rules.items()
            if rule.per != "site" and (names is None or name in names)
        },
        site=whole,
        span=span,
        memory=Remembered(how.memory),
        shortcuts=how.shortcuts,
    )
    result_cache.program()  # before any process is forked: all of them are this program
    computed: dict[str, result_cache.Told] = {}
    for number, lived in enumerate(_all_lives(db, devices, task, _workers(how.workers, len(devices)))):
        told(number, len(devices))
        if lived is not None:
            found.add(lived)
            computed |= lived.computed
    task.memory.keep(computed)
    told(len(devices), len(devices))
    return found


def _workers(wanted: int | None, devices: int) -> int:
    """How many processes to use. Only where they can be forked: a started one would read all rules anew."""
    if platform.system() != "Linux":
        return 1
    return wanted or (min(os.cpu_count() or 1, 8) if devices >= MANY else 1)


def _all_lives(
    db: sqlite3.Connection, devices: Sequence[Device], task: _Task, workers: int
) -> Iterator[Lived | None]:
    """What came of each printer, in the order of the printers."""
    file = db.execute("PRAGMA database_list").fetchone()["file"]
    if workers == 1 or not file:
        yield from (_life(db, device, task) for device in devices)
        return
    pieces = [devices[at : at + PIECE] for at in range(0, len(devices), PIECE)]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, _begin, (Path(file), task)) as pool:
        for lives in pool.map(_lives, pieces):
            yield from lives


_here: list[tuple[Path, _Task]] = []  # in each process of its own: what it works on


def _begin(file: Path, task: _Task) -> None:
    _here[:] = [(file, task)]


def _lives(devices: Iterable[Device]) -> list[Lived | None]:
    ((file, task),) = _here
    with closing(open_reader(file)) as db:
        return [_life(db, device, task) for device in devices]


def _life(db: sqlite3.Connection, device: Device, task: _Task) -> Lived | None:
    """One printer's life; None if it was not known yet."""
    past = Past.load(db, device, task.span.since, task.span.until)
    if past.met is None or past.met >= task.span.until:
        return None
    epochs = [it for it in ledger.epochs(db, device.key) if it.name == "total" and it.part is None]
    past = replace(past, epochs=tuple((it.opened, it.number) for it in epochs))
    known = result_cache.of_past(past) if task.memory.path else ""
    keys = {name: _key(name, rules, known, task) for name, rules in task.rules.items()}
    earlier = task.memory.find(keys.values())
    lives = {
        name: Life(past, rules, task.site.at, task.shortcuts)
        for name, rules in task.rules.items()
        if keys[name] not in earlier
    }
    computed = {keys[name]: tuple(_of(name, life)) for name, life in lives.items()}
    results = {**earlier, **computed}
    return Lived(
        firings=tuple((name, it) for name, key in keys.items() for it in results[key]),
        replaced=tuple(_replaced(past, task.span)),
        thinned=past.thinned,
        evaluations=sum(life.judged for life in lives.values()),
        computed=computed if task.memory.path else {},
    )


def _of(name: str, life: Life) -> Iterator[Firing]:
    """What one rule said, of all that were judged with it."""
    if any(rule.id == name for rule in life.relevant):
        yield from (firing for rule, firing in life.firings() if rule == name)


def _key(name: str, rules: RuleSet, past: str, task: _Task) -> str:
    """What a rule says of this past rests on that; on the site only where one of the rules looks at it."""
    spelt = f"{name}\n{result_cache.of_rules(rules)}"
    above = {rule.id for rule in rules.rules.values() if rule.per == "site"}
    looks = "site" in rules.asks or any(
        not above.isdisjoint(rule.inhibited_by) for rule in rules.rules.values()
    )
    return result_cache.key(past, spelt, task.site.digest if looks else "") if past else spelt


def _replaced(past: Past, span: Span) -> Iterator[Event]:
    """Each supply that was replaced, as rules name their subjects."""
    for it in past.swaps:
        for supply in past.supplies if it.at >= span.since else ():
            if supply.index == it.detail:
                yield Event(device=past.device.key, at=it.at, what="replaced", subject=supply.key)


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
