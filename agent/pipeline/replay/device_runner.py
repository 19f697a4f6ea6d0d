"""One printer's replay: its history is read once, each rule is judged with all that it rests on.

What was computed before for the same past and the same rule is not computed again, in whatever run it was.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.core.model import Device
from agent.history.device_history import DeviceHistory
from agent.history.meters import ledger
from agent.history.meters.epoch_reasons import PLACE_REASONS
from agent.pipeline.replay import cartridge_ends, result_cache
from agent.pipeline.replay.device_replay import DeviceReplay
from agent.pipeline.replay.result_cache import CachedFirings, ResultCache
from agent.pipeline.replay.site_replay import SiteHistory
from agent.rules.backtest.firing import Firing
from agent.rules.backtest.order_figures import CartridgeEnd
from agent.rules.rule import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """A span of time, in seconds since 1970."""

    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayJob:
    """One rule to be judged. `label`: what its firings are called in the run."""

    label: str
    name: str
    rules: RuleSet  # it, and all that it rests on
    site: SiteHistory  # with the firings of the rules about the site of its set


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTask:
    """The input of each worker process."""

    jobs: Sequence[ReplayJob]
    span: TimeRange
    cache: ResultCache
    shortcuts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReplayResult:
    """The firings of all jobs for one printer."""

    firings: tuple[tuple[str, Firing], ...] = ()  # (label, firing)
    cartridges: tuple[CartridgeEnd, ...] = ()
    thinned: bool = False
    known_since: float = 0.0  # when its history begins within the span
    evaluations: int = 0
    computed: Mapping[str, CachedFirings] = field(default_factory=dict)  # what was not known before


def replay_device(db: sqlite3.Connection, device: Device, task: ReplayTask) -> DeviceReplayResult | None:
    """Replay one printer's life; None if it was not known yet."""
    past = DeviceHistory.load(db, device, task.span.since, task.span.until)
    if past.first_answer is None or past.first_answer >= task.span.until:
        return None
    begin = max(task.span.since, past.first_answer)
    totals = [it for it in ledger.load_epochs(db, device.key) if it.name == "total" and it.part is None]
    epochs = [it for it in totals if it.why not in PLACE_REASONS]
    past = replace(past, epochs=tuple((it.opened, it.number) for it in epochs))
    known = result_cache.digest_history(past)
    keys = {job.label: _build_result_key(job, known, task) for job in task.jobs}
    results = task.cache.find_results(set(keys.values()))
    computed: dict[str, CachedFirings] = {}
    evaluations = 0
    for job in task.jobs:
        key = keys[job.label]
        if key not in results:
            life = DeviceReplay(past, job.rules, job.site.state_at, task.shortcuts)
            results[key] = computed[key] = tuple(_firings_of_rule(job.name, life))
            evaluations += life.evaluations
    return DeviceReplayResult(
        firings=tuple((label, it) for label, key in keys.items() for it in results[key]),
        cartridges=tuple(cartridge_ends.list_cartridge_ends(past, task.span.since)),
        thinned=past.thinned,
        known_since=begin,
        evaluations=evaluations,
        computed=computed if task.cache.path else {},
    )


def _firings_of_rule(name: str, life: DeviceReplay) -> Iterator[Firing]:
    """Yield the firings of one rule out of those evaluated with it."""
    if any(rule.id == name for rule in life.device_rules):
        yield from (firing for rule, firing in life.replay_firings() if rule == name)


def _build_result_key(job: ReplayJob, past: str, task: ReplayTask) -> str:
    """Build the cache key of a rule's result; it includes the site only where one of the rules uses it."""
    rules = job.rules
    above = {rule.id for rule in rules.rules.values() if rule.per == "site"}
    looks = "site" in rules.used_parts or any(
        not above.isdisjoint(rule.inhibited_by) for rule in rules.rules.values()
    )
    site = job.site.digest if looks else repr((job.site.id, job.site.settles_after(task.span.since)))
    return result_cache.build_key(past, job.name, result_cache.serialize_rules(rules), site)
