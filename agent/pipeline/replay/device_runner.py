"""One printer's replay: its history is read once, each rule is judged with all that it rests on.

What was computed before for the same past and the same rule is not computed again, in whatever run it was.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.core.model import Device
from agent.forecast.known_priors import PriorsLog
from agent.history.device_history import POLL_INTERVAL, DeviceHistory
from agent.history.meters import ledger
from agent.history.meters.epoch_reasons import PLACE_REASONS
from agent.pipeline.replay import cartridge_ends, result_cache
from agent.pipeline.replay.device_replay import DeviceReplay, isolate_rule, list_inhibitors
from agent.pipeline.replay.firing_spans import Inhibitor, RuleLife
from agent.pipeline.replay.forecast_replay import ForecastTimeline
from agent.pipeline.replay.result_cache import ResultCache
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
    rules: RuleSet  # the set that it belongs to
    site: SiteHistory  # with the firings of the rules about the site of its set
    isolated: RuleSet  # it, and what it rests on
    spelt: str  # all of its rules that decides its result
    inhibitors: tuple["ReplayJob", ...] = ()  # what it gives way to, each by itself

    @classmethod
    def build(cls, label: str, name: str, rules: RuleSet, site: SiteHistory) -> "ReplayJob":
        """Build the job with those of the rules that it gives way to."""
        isolated = isolate_rule(rules, name)
        near = []
        for it in list_inhibitors(rules, isolated):
            alone = isolate_rule(rules, it)
            spelt = _spell_rules(it, alone, ())
            near.append(cls(label=it, name=it, rules=rules, site=site, isolated=alone, spelt=spelt))
        return cls(
            label=label,
            name=name,
            rules=rules,
            site=site,
            isolated=isolated,
            spelt=_spell_rules(name, isolated, near),
            inhibitors=tuple(near),
        )

    @property
    def looks_at_site(self) -> bool:
        """True if one of its rules asks for the site, or gives way to a rule about it."""
        above = {rule.id for rule in self.rules.rules.values() if rule.per == "site"}
        mine = self.isolated.rules.values()
        return "site" in self.isolated.used_parts or any(not above.isdisjoint(it.inhibited_by) for it in mine)

    @property
    def uses_forecasts(self) -> bool:
        """True if it asks for forecasts by itself."""
        return any(rule.uses_forecasts for rule in self.isolated.rules.values())

    @property
    def needs_forecasts(self) -> bool:
        """True if it, or what it gives way to, asks for forecasts."""
        return self.uses_forecasts or any(it.uses_forecasts for it in self.inhibitors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTask:
    """The input of each worker process."""

    jobs: Sequence[ReplayJob]
    span: TimeRange
    cache: ResultCache
    shortcuts: bool = True
    poll_interval: float = POLL_INTERVAL
    priors: PriorsLog | None = None  # what the fleet knew when; None where no rule asks for forecasts
    priors_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReplayResult:
    """The firings of all jobs for one printer."""

    firings: tuple[tuple[str, Firing], ...] = ()  # (label, firing)
    cartridges: tuple[CartridgeEnd, ...] = ()
    thinned: bool = False
    known_since: float = 0.0  # when its history begins within the span
    evaluations: int = 0
    computed: Mapping[str, RuleLife] = field(default_factory=dict)  # what was not known before


def replay_device(db: sqlite3.Connection, device: Device, task: ReplayTask) -> DeviceReplayResult | None:
    """Replay one printer's life; None if it was not known yet."""
    past = DeviceHistory.load(db, device, task.span.since, task.span.until, task.poll_interval)
    first = past.first_answer
    if first is None or first >= task.span.until:
        return None
    totals = [it for it in ledger.load_epochs(db, device.key) if it.name == "total" and it.part is None]
    epochs = [it for it in totals if it.why not in PLACE_REASONS]
    past = replace(past, epochs=tuple((it.opened, it.number) for it in epochs))
    runner = _DeviceRunner(db, task, past, result_cache.digest_history(past))
    lives = runner.replay_jobs()
    return DeviceReplayResult(
        firings=tuple((label, it) for label, life in lives.items() for it in life.firings),
        cartridges=tuple(cartridge_ends.list_cartridge_ends(past, task.span.since)),
        thinned=past.thinned,
        known_since=max(task.span.since, first),
        evaluations=runner.evaluations,
        computed=runner.computed if task.cache.path else {},
    )


@dataclass(slots=True)
class _DeviceRunner:
    """Replays jobs on one printer; each rule once, whoever asks for it."""

    db: sqlite3.Connection
    task: ReplayTask
    past: DeviceHistory
    digest: str
    known: dict[str, RuleLife] = field(default_factory=dict)
    computed: dict[str, RuleLife] = field(default_factory=dict)
    evaluations: int = 0
    timeline: ForecastTimeline | None = None

    def replay_jobs(self) -> dict[str, RuleLife]:
        """The lives of all jobs, by label."""
        keys = {job.label: self._build_key(job) for job in self.task.jobs}
        self.known = self.task.cache.find_results(set(keys.values()))
        missing = [job for job in self.task.jobs if keys[job.label] not in self.known]
        self.known |= self.task.cache.find_results(
            {self._build_key(it) for job in missing for it in job.inhibitors} - self.known.keys()
        )
        return {job.label: self._replay_rule(job) for job in self.task.jobs}

    def _replay_rule(self, job: ReplayJob) -> RuleLife:
        key = self._build_key(job)
        if key not in self.known:
            near = [
                Inhibitor(it.name, it.rules.rules[it.name].per, self._replay_rule(it).spans)
                for it in job.inhibitors
            ]
            self.known[key] = self.computed[key] = self._compute(job, near)
        return self.known[key]

    def _compute(self, job: ReplayJob, near: Sequence[Inhibitor]) -> RuleLife:
        life = DeviceReplay(
            self.past,
            job.isolated,
            job.site.state_at,
            self.task.shortcuts,
            self._begin_timeline(job) if job.uses_forecasts else None,
            near,
        )
        if not any(rule.id == job.name for rule in life.device_rules):
            return RuleLife()
        firings = tuple(firing for rule, firing in life.replay_firings() if rule == job.name)
        self.evaluations += life.evaluations
        return RuleLife(firings=firings, spans=tuple(life.recorder.list_spans(job.name)))

    def _begin_timeline(self, job: ReplayJob) -> ForecastTimeline | None:
        """The printer's forecasts from their beginning; its readings are loaded once."""
        if self.task.priors is None:
            return None
        if self.timeline is None:
            self.timeline = ForecastTimeline.load(
                self.db,
                self.past.device,
                self.task.priors,
                self.past.first_answer or 0.0,
                self.task.span.until,
            )
        return self.timeline.again(with_parts=any(it.per == "part" for it in job.isolated.rules.values()))

    def _build_key(self, job: ReplayJob) -> str:
        """Build the cache key of a rule's result; it includes the site and the fleet where they matter."""
        site, task = job.site, self.task
        return result_cache.build_key(
            self.digest,
            job.spelt,
            site.digest if job.looks_at_site else repr((site.id, site.settles_after(task.span.since))),
            task.priors_digest if job.needs_forecasts else "",
        )


def _spell_rules(name: str, isolated: RuleSet, near: Sequence[ReplayJob]) -> str:
    """All that decides the result of a rule, as text."""
    return "\n".join((name, result_cache.serialize_rules(isolated), *(it.spelt for it in near)))
