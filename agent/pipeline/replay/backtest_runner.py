"""Rules, run over recorded history: the state machine that runs live, on what was known at each time.

history.past ──► replay ──► firings ──► ticket_replay, rules.backtest

The site is judged first, then each printer by itself, in as many processes as there are cores where the
fleet is large: what comes out is the same, in the same order. Rules that have nothing to do with each other
are judged apart, so that none is looked at for the sake of another; all of them in one pass, so that each
history is read once. What was computed before for the same past and the same rules is remembered.
"""

import multiprocessing
import os
import platform
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.model import Device
from agent.core.store import open_reader
from agent.discovery import inventory
from agent.history.device_history import POLL_INTERVAL
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay import result_cache
from agent.pipeline.replay.device_runner import (
    DeviceReplayResult,
    ReplayJob,
    ReplayTask,
    TimeRange,
    replay_device,
)
from agent.pipeline.replay.firing_spans import RuleLife
from agent.pipeline.replay.priors_cache import PriorsCache
from agent.pipeline.replay.result_cache import ResultCache
from agent.pipeline.replay.site_replay import SiteHistory
from agent.rules.backtest.firing import Firing, ObservedEvent
from agent.rules.backtest.order_figures import CartridgeEnd
from agent.rules.rule import RuleSet

DAY = 86400.0
MONTH = 30.44 * DAY
PARALLEL_MIN = 40  # printers: with fewer another process takes longer to start than it saves
CHUNK_SIZE = 5  # printers that a process takes at a time

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """How to go about it. Each short way comes to the same."""

    workers: int | None = None  # processes; None: as many as there are cores, where that helps
    cache_path: Path | None = None  # where results of earlier runs are
    shortcuts: bool = True  # pass over moments at which nothing can happen
    assign_tags: AssignTags = assign_nothing  # what the configuration says of a printer
    first_days: float = 0.0  # seconds in which a site is new
    poll_interval: float = POLL_INTERVAL  # seconds between two polls of a printer


DEFAULT_OPTIONS = BacktestOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRequest:
    """A rule of a set, and what its firings are called in the run; its id by default."""

    name: str
    rules: RuleSet
    label: str


@dataclass(slots=True)
class BacktestRun:
    """The firings of all printers, by label."""

    span: TimeRange
    site: str = ""
    devices: dict[str, Device] = field(default_factory=dict)  # those of which something is known
    thinned: bool = False
    evaluations: int = 0
    known_seconds: float = 0.0  # of all printers
    known_since: float | None = None  # the first reading of any
    firings: dict[str, list[Firing]] = field(default_factory=dict)
    cartridges: list[CartridgeEnd] = field(default_factory=list)

    @property
    def device_months(self) -> float:
        """Months of all printers in which something is known of them."""
        return self.known_seconds / MONTH

    @property
    def replaced(self) -> list[ObservedEvent]:
        """Each supply that was replaced, as rules name their subjects."""
        return [
            ObservedEvent(device=it.device, at=it.changed, what="replaced", subject=it.subject)
            for it in self.cartridges
            if it.changed is not None
        ]

    def list_events(self, labels: Sequence[str]) -> list[ObservedEvent]:
        """Return the findings under these labels as events."""
        return [
            ObservedEvent(device=it.device, at=it.opened, what=label, subject=it.subject or None)
            for label in labels
            for it in self.firings.get(label, ())
        ]

    def add_result(self, device: Device, lived: DeviceReplayResult) -> None:
        self.devices[device.key] = device
        self.known_seconds += self.span.until - lived.known_since
        self.known_since = min(self.known_since or lived.known_since, lived.known_since)
        self.thinned |= lived.thinned
        self.evaluations += lived.evaluations
        self.cartridges += lived.cartridges
        for label, firing in lived.firings:
            self.firings[label].append(firing)


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
    wanted = [
        RuleRequest(name=it, rules=rules, label=it) for it in rules.rules if names is None or it in names
    ]
    return run_requests(db, wanted, span, site=site, report_progress=report_progress, how=how)


def run_requests(
    db: sqlite3.Connection,
    wanted: Sequence[RuleRequest],
    span: TimeRange,
    *,
    site: str = "",
    report_progress: ProgressCallback = lambda _done, _of: None,
    how: BacktestOptions = DEFAULT_OPTIONS,
) -> BacktestRun:
    """Run rules of several sets at once: a draft, those in force, and each step of a sweep."""
    devices = [how.assign_tags(device) for device in inventory.load_devices(db).values()]
    found = BacktestRun(span=span, site=site, firings={it.label: [] for it in wanted})
    jobs = list(_build_jobs(wanted, SiteHistory.load(db, site, span.until, how.first_days), found))
    foresees = any(job.needs_forecasts for job in jobs)
    priors = PriorsCache(how.cache_path).recall_priors(db, devices, span.until) if foresees else None
    task = ReplayTask(
        jobs=jobs,
        span=span,
        cache=ResultCache(how.cache_path),
        shortcuts=how.shortcuts,
        poll_interval=how.poll_interval,
        priors=priors,
        priors_digest=priors.digest if priors else "",
    )
    result_cache.program_digest()  # before any process is forked: all of them are this program
    computed: dict[str, RuleLife] = {}
    workers = _count_workers(how.workers, len(devices))
    for number, lived in enumerate(_replay_devices(db, devices, task, workers)):
        report_progress(number, len(devices))
        if lived is not None:
            found.add_result(devices[number], lived)
            computed |= lived.computed
    task.cache.save_results(computed)
    report_progress(len(devices), len(devices))
    return found


def _build_jobs(
    wanted: Sequence[RuleRequest], history: SiteHistory, found: BacktestRun
) -> Iterator[ReplayJob]:
    """The rules about printers as jobs; those about the site are judged at once, once for each set."""
    sites: dict[int, SiteHistory] = {}
    firings: dict[int, Mapping[str, list[Firing]]] = {}
    for it in wanted:
        key = id(it.rules)
        if key not in sites:
            sites[key] = history.copy()
            firings[key] = _group_firings(
                sites[key].replay_rules(it.rules, found.span.since, found.span.until)
            )
        if it.rules.rules[it.name].per == "site":
            found.firings[it.label] += firings[key].get(it.name, [])
        else:
            yield ReplayJob.build(it.label, it.name, it.rules, sites[key])


def _group_firings(firings: Iterable[tuple[str, Firing]]) -> dict[str, list[Firing]]:
    grouped: dict[str, list[Firing]] = {}
    for rule, firing in firings:
        grouped.setdefault(rule, []).append(firing)
    return grouped


def _count_workers(wanted: int | None, devices: int) -> int:
    """Choose the number of processes: several only where they can be forked."""
    if platform.system() != "Linux":
        return 1
    return wanted or (min(os.cpu_count() or 1, 8) if devices >= PARALLEL_MIN else 1)


def _replay_devices(
    db: sqlite3.Connection, devices: Sequence[Device], task: ReplayTask, workers: int
) -> Iterator[DeviceReplayResult | None]:
    """Yield the result of each printer, in the order of the printers."""
    file = db.execute("PRAGMA database_list").fetchone()["file"]
    if workers == 1 or not file:
        yield from (replay_device(db, device, task) for device in devices)
        return
    pieces = [devices[at : at + CHUNK_SIZE] for at in range(0, len(devices), CHUNK_SIZE)]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, _init_worker, (Path(file), task)) as pool:
        for lives in pool.map(_replay_chunk, pieces):
            yield from lives


_worker_task: list[tuple[Path, ReplayTask]] = []  # in each process of its own: what it works on


def _init_worker(file: Path, task: ReplayTask) -> None:
    _worker_task[:] = [(file, task)]


def _replay_chunk(devices: Iterable[Device]) -> list[DeviceReplayResult | None]:
    ((file, task),) = _worker_task
    with closing(open_reader(file)) as db:
        return [replay_device(db, device, task) for device in devices]
