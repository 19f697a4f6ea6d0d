"""A backtest from the request to the report: which rules, over which time, compared with what.

request ──► rules, their yardsticks ──► hindsight ──► scores
                                           ├────────► what the rules in force would have opened instead
                                           └────────► one threshold over a range
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.core import units
from agent.core.clock import format_iso_time
from agent.core.errors import ConfigError
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay import backtest_runner
from agent.rules.backtest import html_report, scoring, threshold_sweep
from agent.rules.backtest.scoring import Firing, ReferenceEvents, RuleScore
from agent.rules.lookup import find_rule
from agent.rules.rule import RuleSet

DAY = 86400.0
USUAL_DAYS = 90.0  # how far back a backtest looks by default

StartProgress = Callable[[str], Callable[[int, int], None]]
"""A run's name to a callback that takes (printers done, printers in all)."""


def no_progress(_: str) -> Callable[[int, int], None]:
    """Report no progress."""
    return lambda _done, _of: None


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What to run over recorded history."""

    names: Sequence[str]
    since: float | None = None  # without it: 90 days before the end
    until: float | None = None  # without it: the last poll on record
    sweep: str = ""  # a threshold and its range: see `agent.rules.backtest.threshold_sweep`
    against: Sequence[str] = ()  # rules whose findings count as events; without it: the usual ones
    horizon: str = "30 days"
    cache: Path | None = None  # results of earlier backtests
    site: str = ""
    assign: AssignTags = assign_nothing


@dataclass(slots=True)
class BacktestReport:
    """The result of a backtest."""

    span: backtest_runner.TimeRange
    scores: list[RuleScore] = field(default_factory=list)
    swept: list[tuple[str, RuleScore]] = field(default_factory=list)
    only_new: dict[str, list[Firing]] = field(default_factory=dict)
    only_old: dict[str, list[Firing]] = field(default_factory=dict)

    def page(self) -> str:
        """The report as an HTML page with plots."""
        return html_report.render_report(
            self.scores, since=self.span.since, until=self.span.until, sweep=self.swept
        )

    def document(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "from": format_iso_time(self.span.since),
            "to": format_iso_time(self.span.until),
            "rules": [_score_document(score) for score in self.scores],
            "sweep": [{"value": value, **_score_document(score)} for value, score in self.swept],
            "only_new": {name: len(them) for name, them in self.only_new.items()},
            "only_deployed": {name: len(them) for name, them in self.only_old.items()},
        }


def run_backtest(
    db: sqlite3.Connection,
    rules: RuleSet,
    request: BacktestRequest,
    deployed: RuleSet | None = None,
    progress: StartProgress = no_progress,
) -> BacktestReport:
    """Run the rules that the request names. `deployed`: the rules in force, to compare them with.

    Raises ConfigError for a name, a horizon, a span or a sweep that is wrong.
    """
    horizon = check_request(rules, request)
    trial = _Backtest(db, request, _choose_time_range(db, request), horizon, progress)
    run = trial.run(rules, request.names)
    report = BacktestReport(trial.span, [trial.score(rules, name, run) for name in request.names])
    if deployed is not None:
        _compare(trial, deployed, run, report)
    if request.sweep:
        _run_sweep(trial, rules, report)
    return report


@dataclass(frozen=True, slots=True)
class _Backtest:
    """Runs and scores over one span of one state file."""

    db: sqlite3.Connection
    request: BacktestRequest
    span: backtest_runner.TimeRange
    horizon: float
    progress: StartProgress

    def run(self, rules: RuleSet, names: Sequence[str]) -> backtest_runner.BacktestRun:
        """Run these rules, in shadow or not, and the reference rules that they are scored by."""
        wanted = [*names, *(other for name in names for other in self._reference_rules(rules, name))]
        selected = threshold_sweep.select_rules(rules, list(dict.fromkeys(wanted)))
        return backtest_runner.run_backtest(
            self.db,
            _without_shadow(selected, names),
            self.span,
            names=wanted,
            site=self.request.site,
            report_progress=self.progress(", ".join(names)),
            how=backtest_runner.BacktestOptions(
                cache_path=self.request.cache, assign_tags=self.request.assign
            ),
        )

    def score(self, rules: RuleSet, name: str, run: backtest_runner.BacktestRun) -> RuleScore:
        """Score a rule: precision, recall, lead."""
        rule, others = rules.rules[name], self._reference_rules(rules, name)
        reference = ReferenceEvents(
            events=run.list_events(others),
            proofs=run.replaced if rule.impact == "supply" else (),
            horizon=self.horizon,
            until=run.span.until,
        )
        score = scoring.score_rule(
            name,
            run.firings[name],
            reference if others and not rule.unreplayable_signals else None,
            device_months=run.device_months,
            thinned=run.thinned and "meters" in rule.depends_on,
        )
        since = run.known_since
        begins = since if since is not None and since > run.span.since + DAY else None
        return replace(score, unreplayable_signals=rule.unreplayable_signals, known_since=begins)

    def _reference_rules(self, rules: RuleSet, name: str) -> list[str]:
        chosen = list(self.request.against) or backtest_runner.choose_reference_rules(
            rules, rules.rules[name]
        )
        for other in chosen:
            find_rule(rules, other)
        return chosen


def check_request(rules: RuleSet, request: BacktestRequest) -> float:
    """Find mistakes before a state file is read; returns the horizon in seconds. Raises ConfigError."""
    for name in request.names:
        find_rule(rules, name)
    try:
        return units.parse_duration(request.horizon)
    except ValueError as why:
        reason, _, suggestion = str(why).partition(": ")
        raise ConfigError.for_file("--horizon", reason, suggestion=suggestion) from None


def _choose_time_range(db: sqlite3.Connection, request: BacktestRequest) -> backtest_runner.TimeRange:
    until = request.until if request.until is not None else newest_answer(db)
    since = request.since if request.since is not None else until - USUAL_DAYS * DAY
    if since >= until:
        raise ConfigError.for_file(
            "--from", "is not before the end", suggestion="write an earlier day, or a later --to"
        )
    return backtest_runner.TimeRange(since=since, until=until)


def newest_answer(db: sqlite3.Connection) -> float:
    """Return when a printer last answered; now, if none ever did."""
    return db.execute("SELECT max(last_answer) AS at FROM latest").fetchone()["at"] or time.time()


def _compare(
    trial: _Backtest, deployed: RuleSet, run: backtest_runner.BacktestRun, report: BacktestReport
) -> None:
    """The tickets that only one of the two sets of rules would have opened.

    Rules that find the same fault of the same component share a ticket, under whatever id.
    """
    names, faults = trial.request.names, {firing.fault for them in run.firings.values() for firing in them}
    alike = [it.id for it in deployed.rules.values() if not it.shadow and it.fault in faults]
    common = [name for name in names if name in deployed.rules and not deployed.rules[name].shadow]
    usual = replace(trial, request=replace(trial.request, against=()))
    before = usual.run(deployed, list(dict.fromkeys([*common, *alike]))) if common or alike else None
    for name in names:
        theirs = _firings_of(before, [*common, *alike])
        others = _firings_of(before, [it for it in alike if it != name])
        ours = run.firings[name]
        report.only_new[name] = _without_shared(ours, theirs)
        old = _firings_of(before, [it for it in common if it == name])
        report.only_old[name] = _without_shared(old, [*ours, *others])


def _firings_of(run: backtest_runner.BacktestRun | None, names: Sequence[str]) -> list[Firing]:
    return [it for name in dict.fromkeys(names) for it in run.firings.get(name, ())] if run else []


def _without_shared(firings: Sequence[Firing], others: Sequence[Firing]) -> list[Firing]:
    """The firings that share their ticket with none of the others."""
    by_device: dict[str, list[Firing]] = {}
    for it in others:
        by_device.setdefault(it.device, []).append(it)
    return [it for it in firings if not any(map(it.shares_ticket, by_device.get(it.device, ())))]


def _without_shadow(rules: RuleSet, names: Sequence[str]) -> RuleSet:
    """The rules, with those of these names judged as if they were not in shadow."""
    spoken = {
        name: replace(rule, shadow=False) if name in names else rule for name, rule in rules.rules.items()
    }
    return replace(rules, rules=spoken, _device_cache={})


def _run_sweep(trial: _Backtest, rules: RuleSet, report: BacktestReport) -> None:
    """One threshold, over its range."""
    try:
        name, steps = threshold_sweep.build_variants(rules, trial.request.sweep)
    except ValueError as why:
        reason, _, suggestion = str(why).partition(" | ")
        raise ConfigError.for_file("--sweep", reason, suggestion=suggestion) from None
    for step in steps:
        run = trial.run(step.rules, [name])
        report.swept.append((step.label, trial.score(step.rules, name, run)))


def _score_document(score: RuleScore) -> dict[str, Any]:
    return {
        "rule": score.rule,
        "tickets": len(score.firings),
        "tickets_per_device_month": round(score.ticket_rate, 4),
        "precision": score.precision.value if score.judged else None,
        "precision_interval": score.precision.interval if score.judged else None,
        "recall": score.recall.value if score.judged else None,
        "recall_interval": score.recall.interval if score.judged else None,
        "lead_days": [it / DAY for it in score.lead_quartiles] if score.lead_quartiles else None,
        "flaps": score.flaps,
        "few": score.judged and (score.precision.is_small_sample or score.recall.is_small_sample),
        "thinned": score.thinned,
        "known_since": format_iso_time(score.known_since) if score.known_since else None,
        "not_replayed": list(score.unreplayable_signals),
        "missed": [asdict(it) for it in score.missed],
        "false": [asdict(it) for it in score.false],
    }
