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
from agent.history.device_history import DeviceHistory
from agent.history.meters import ledger
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay import result_cache
from agent.pipeline.replay.device_replay import DeviceReplay, isolate_rule
from agent.pipeline.replay.result_cache import ResultCache
from agent.pipeline.replay.site_replay import SiteHistory
from agent.rules.backtest.scoring import Firing, ObservedEvent
from agent.rules.rule import Rule, RuleSet

DAY = 86400.0
MONTH = 30.44 * DAY
PARALLEL_MIN = 40  # printers: with fewer another process takes longer to start than it saves
CHUNK_SIZE = 5  # printers that a process takes at a time

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    since: float
    until: float

    @property
    def months(self) -> float:
        return (self.until - self.since) / MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """How to go about it. Each short way comes to the same."""

    workers: int | None = None  # processes; None: as many as there are cores, where that helps
    cache_path: Path | None = None  # where results of earlier runs are
    shortcuts: bool = True  # pass over moments at which nothing can happen
    assign_tags: AssignTags = assign_nothing  # what the configuration says of a printer


DEFAULT_OPTIONS = BacktestOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReplayResult:
    """The firings of the rules for one printer."""

    firings: tuple[tuple[str, Firing], ...] = ()
    replaced: tuple[ObservedEvent, ...] = ()
    thinned: bool = False
    known_since: float = 0.0  # when its history begins within the span
    evaluations: int = 0
    computed: Mapping[str, result_cache.CachedFirings] = field(
        default_factory=dict
    )  # what was not known before


@dataclass(slots=True)
class BacktestRun:
    """The firings of all printers, by rule."""

    span: TimeRange
    devices: int = 0
    thinned: bool = False
    evaluations: int = 0
    known_seconds: float = 0.0  # of all printers
    known_since: float | None = None  # the first reading of any
    firings: dict[str, list[Firing]] = field(default_factory=dict)
    replaced: list[ObservedEvent] = field(default_factory=list)

    @property
    def device_months(self) -> float:
        """Months of all printers in which something is known of them."""
        return self.known_seconds / MONTH

    def list_events(self, rules: Sequence[str]) -> list[ObservedEvent]:
        """Return the findings of these rules as events."""
        return [
            ObservedEvent(device=it.device, at=it.opened, what=rule, subject=it.subject or None)
            for rule in rules
            for it in self.firings.get(rule, ())
        ]

    def add_result(self, lived: DeviceReplayResult) -> None:
        self.devices += 1
        self.known_seconds += self.span.until - lived.known_since
        self.known_since = min(self.known_since or lived.known_since, lived.known_since)
        self.thinned |= lived.thinned
        self.evaluations += lived.evaluations
        self.replaced += lived.replaced
        for rule, firing in lived.firings:
            self.firings[rule].append(firing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReplayTask:
    """The input of each worker process."""

    rules: Mapping[str, RuleSet]  # each wanted rule with all that it rests on
    site: SiteHistory
    span: TimeRange
    cache: ResultCache
    shortcuts: bool = True


def run_backtest(
    db: sqlite3.Connection,
    rules: RuleSet,
    span: TimeRange,
    *,
    names: Collection[str] | None = None,
    site: str = "",
    report_progress: ProgressCallback = lambda _done, _of: None,
    how: BacktestOptions = DEFAULT_OPTIONS,
) -> BacktestRun:
    """The site and every known printer, through these rules, over `span`.

    `names`: the rules whose findings are wanted; without it, all of them.
    """
    devices = [how.assign_tags(device) for device in inventory.load_devices(db).values()]
    found = BacktestRun(span=span, firings={rule: [] for rule in rules.rules})
    whole = SiteHistory.load(db, site, span.until)
    for rule, firing in whole.replay_rules(rules, span.since, span.until):
        found.firings[rule].append(firing)
    task = _ReplayTask(
        rules={
            name: isolate_rule(rules, name)
            for name, rule in rules.rules.items()
            if rule.per != "site" and (names is None or name in names)
        },
        site=whole,
        span=span,
        cache=ResultCache(how.cache_path),
        shortcuts=how.shortcuts,
    )
    result_cache.program_digest()  # before any process is forked: all of them are this program
    computed: dict[str, result_cache.CachedFirings] = {}
    for number, lived in enumerate(
        _replay_devices(db, devices, task, _count_workers(how.workers, len(devices)))
    ):
        report_progress(number, len(devices))
        if lived is not None:
            found.add_result(lived)
            computed |= lived.computed
    task.cache.save_results(computed)
    report_progress(len(devices), len(devices))
    return found


def _count_workers(wanted: int | None, devices: int) -> int:
    """Choose the number of processes: several only where they can be forked."""
    if platform.system() != "Linux":
        return 1
    return wanted or (min(os.cpu_count() or 1, 8) if devices >= PARALLEL_MIN else 1)


def _replay_devices(
    db: sqlite3.Connection, devices: Sequence[Device], task: _ReplayTask, workers: int
) -> Iterator[DeviceReplayResult | None]:
    """Yield the result of each printer, in the order of the printers."""
    file = db.execute("PRAGMA database_list").fetchone()["file"]
    if workers == 1 or not file:
        yield from (_replay_device(db, device, task) for device in devices)
        return
    pieces = [devices[at : at + CHUNK_SIZE] for at in range(0, len(devices), CHUNK_SIZE)]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, _init_worker, (Path(file), task)) as pool:
        for lives in pool.map(_replay_chunk, pieces):
            yield from lives


_worker_task: list[tuple[Path, _ReplayTask]] = []  # in each process of its own: what it works on


def _init_worker(file: Path, task: _ReplayTask) -> None:
    _worker_task[:] = [(file, task)]


def _replay_chunk(devices: Iterable[Device]) -> list[DeviceReplayResult | None]:
    ((file, task),) = _worker_task
    with closing(open_reader(file)) as db:
        return [_replay_device(db, device, task) for device in devices]


def _replay_device(db: sqlite3.Connection, device: Device, task: _ReplayTask) -> DeviceReplayResult | None:
    """One printer's life; None if it was not known yet."""
    past = DeviceHistory.load(db, device, task.span.since, task.span.until)
    if past.first_answer is None or past.first_answer >= task.span.until:
        return None
    begin = max(task.span.since, past.first_answer)
    epochs = [it for it in ledger.load_epochs(db, device.key) if it.name == "total" and it.part is None]
    past = replace(past, epochs=tuple((it.opened, it.number) for it in epochs))
    known = result_cache.digest_history(past) if task.cache.path else ""
    keys = {name: _result_key(name, rules, known, task) for name, rules in task.rules.items()}
    earlier = task.cache.find_results(keys.values())
    lives = {
        name: DeviceReplay(past, rules, task.site.state_at, task.shortcuts)
        for name, rules in task.rules.items()
        if keys[name] not in earlier
    }
    computed = {keys[name]: tuple(_firings_of_rule(name, life)) for name, life in lives.items()}
    results = {**earlier, **computed}
    return DeviceReplayResult(
        firings=tuple((name, it) for name, key in keys.items() for it in results[key]),
        replaced=tuple(_replacement_events(past, task.span)),
        thinned=past.thinned,
        known_since=begin,
        evaluations=sum(life.evaluations for life in lives.values()),
        computed=computed if task.cache.path else {},
    )


def _firings_of_rule(name: str, life: DeviceReplay) -> Iterator[Firing]:
    """Yield the firings of one rule out of those evaluated with it."""
    if any(rule.id == name for rule in life.device_rules):
        yield from (firing for rule, firing in life.replay_firings() if rule == name)


def _result_key(name: str, rules: RuleSet, past: str, task: _ReplayTask) -> str:
    """Build the cache key of a rule's result; it includes the site only where one of the rules uses it."""
    spelt = f"{name}\n{result_cache.serialize_rules(rules)}"
    above = {rule.id for rule in rules.rules.values() if rule.per == "site"}
    looks = "site" in rules.used_parts or any(
        not above.isdisjoint(rule.inhibited_by) for rule in rules.rules.values()
    )
    return result_cache.build_key(past, spelt, task.site.digest if looks else "") if past else spelt


def _replacement_events(past: DeviceHistory, span: TimeRange) -> Iterator[ObservedEvent]:
    """Each supply that was replaced, as rules name their subjects."""
    for it in past.replacements:
        for supply in past.supplies if it.at >= span.since else ():
            if supply.index == it.detail:
                yield ObservedEvent(device=past.device.key, at=it.at, what="replaced", subject=supply.key)


def choose_reference_rules(rules: RuleSet, rule: Rule) -> list[str]:
    """Choose the rules whose findings `rule` should foretell by default."""
    if rule.impact is Impact.SUPPLY:
        empty = [it.id for it in rules.rules.values() if it.fault == rule.fault and it.severity == "high"]
        return [name for name in empty if name != rule.id]
    if rule.impact in {Impact.PREDICTED, Impact.DEGRADED}:
        return [it.id for it in rules.rules.values() if it.impact is Impact.DEVICE_DOWN and it.per != "site"]
    return []


def find_device(db: sqlite3.Connection, text: str) -> Device | None:
    """The printer that `text` means: its key, its serial number, its address, or a part of its name."""
    known = inventory.load_devices(db)
    if text in known:
        return known[text]
    for one in known.values():
        if text in {one.serial, one.address.host, str(one.address), one.mac}:
            return one
    named = [one for one in known.values() if text.lower() in one.name.lower()]
    return named[0] if len(named) == 1 else None
