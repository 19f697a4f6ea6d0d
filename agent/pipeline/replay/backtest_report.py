"""A backtest from the request to the report: which rules, over which time, compared with what.

request ──► plan: rules, yardsticks, rules in force, steps of a sweep ──► one run ──► firings
firings ──► tickets of the desk ──► scores, and its tickets more and fewer than with the rules in force
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.core.clock import format_iso_time
from agent.core.errors import ConfigError
from agent.core.model import Impact
from agent.pipeline.replay import backtest_runner
from agent.pipeline.replay.backtest_plan import (
    IN_FORCE,
    BacktestPlan,
    BacktestRequest,
    check_request,
    reference_names,
)
from agent.pipeline.replay.backtest_runner import BacktestRun
from agent.pipeline.replay.device_runner import TimeRange
from agent.pipeline.replay.report_document import build_score_document
from agent.pipeline.replay.ticket_replay import ReplayedDesk, replay_tickets
from agent.rules.backtest import html_report, scoring
from agent.rules.backtest.cost_figures import CostFigures, CostTable, count_costs, list_technician_faults
from agent.rules.backtest.desk_ticket import DeskTicket, list_only_in
from agent.rules.backtest.order_figures import measure_orders
from agent.rules.backtest.scoring import ReferenceEvents, RuleScore
from agent.rules.rule import Rule, RuleSet

DAY = 86400.0
USUAL_DAYS = 90.0  # how far back a backtest looks by default

StartProgress = Callable[[str], Callable[[int, int], None]]
"""A run's name to a callback that takes (printers done, printers in all)."""


def no_progress(_: str) -> Callable[[int, int], None]:
    """Report no progress."""
    return lambda _done, _of: None


@dataclass(slots=True)
class BacktestReport:
    """The result of a backtest."""

    span: TimeRange
    scores: list[RuleScore] = field(default_factory=list)
    swept: list[tuple[str, RuleScore]] = field(default_factory=list)
    only_new: dict[str, list[DeskTicket]] = field(default_factory=dict)
    only_old: dict[str, list[DeskTicket]] = field(default_factory=dict)
    costs: CostTable | None = None
    technicians: frozenset[str] = frozenset()  # faults that a technician puts right
    edits: dict[str, tuple[CostFigures, CostFigures]] = field(default_factory=dict)  # in force, with the rule

    def count_score(self, score: RuleScore) -> CostFigures | None:
        """What the tickets of a rule make; None for one that was not replayed."""
        return None if score.unreplayable_signals else count_costs(score.tickets, self.technicians)

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
            "rules": [self._build_rule(score) for score in self.scores],
            "sweep": [{"value": value, **self._build_rule(score)} for value, score in self.swept],
            "only_new": {name: len(them) for name, them in self.only_new.items()},
            "only_deployed": {name: len(them) for name, them in self.only_old.items()},
            **({"cost": self._build_cost(self.costs)} if self.costs else {}),
        }

    def _build_rule(self, score: RuleScore) -> dict[str, Any]:
        if self.costs is None:
            return build_score_document(score)
        figures = self.count_score(score)
        return {
            **build_score_document(score),
            "cost": figures.build_document(self.costs) if figures else None,
        }

    def _build_cost(self, costs: CostTable) -> dict[str, Any]:
        """Each rule beside those in force that find its fault."""
        edits = {
            name: {"before": before.build_document(costs), "after": after.build_document(costs)}
            for name, (before, after) in self.edits.items()
        }
        return {"currency": costs.currency, "edits": edits}


def run_backtest(
    db: sqlite3.Connection,
    rules: RuleSet,
    request: BacktestRequest,
    deployed: RuleSet | None = None,
    progress: StartProgress = no_progress,
    costs: CostTable | None = None,
) -> BacktestReport:
    """Run the rules that the request names. `deployed`: the rules in force, to compare them with.

    `costs`: a dealer's prices, for what the tickets make.

    Raises ConfigError for a name, a horizon, a span or a sweep that is wrong.
    """
    horizon, delivery = check_request(rules, request)
    span = _choose_time_range(db, request)
    plan = BacktestPlan(rules, request, deployed)
    run = backtest_runner.run_requests(
        db,
        list(plan.list_requests()),
        span,
        site=request.site,
        report_progress=progress(", ".join(request.names)),
        how=backtest_runner.BacktestOptions(
            cache_path=request.cache,
            assign_tags=request.assign,
            first_days=request.first_days,
            poll_interval=request.poll_interval,
        ),
    )
    judge = _Judge(run, request.against, horizon, delivery)
    report = BacktestReport(
        span, [judge.score(plan.rules, name, name) for name in request.names], costs=costs
    )
    report.technicians = list_technician_faults(rules)
    if deployed is not None:
        for name in request.names:
            before, after = _replay_sides(plan, deployed, run, name)
            report.only_new[name] = list_only_in(after, before)
            report.only_old[name] = list_only_in(before, after)
            report.edits[name] = (
                count_costs(before, list_technician_faults(deployed)),
                count_costs(after, report.technicians),
            )
    report.swept = [(it.label, judge.score(it.rules, plan.swept, plan.label_of(it))) for it in plan.steps]
    return report


@dataclass(frozen=True, slots=True)
class _Judge:
    """Scores the firings of a run."""

    run: BacktestRun
    against: Sequence[str]
    horizon: float
    delivery: float

    def score(self, rules: RuleSet, name: str, label: str) -> RuleScore:
        """Score the firings under this label: tickets, precision, recall, lead, orders."""
        rule, run = rules.rules[name], self.run
        if rule.unreplayable_signals:
            return RuleScore(
                rule=name,
                device_months=run.device_months,
                judged=False,
                unreplayable_signals=rule.unreplayable_signals,
            )
        others = reference_names(rules, name, self.against)
        supply = rule.impact is Impact.SUPPLY
        desk = replay_tickets(
            ((rule, it) for it in run.firings[label]), run.devices, run.site, run.span.until
        )
        reference = ReferenceEvents(
            events=run.list_events(others),
            proofs=run.replaced if supply else (),
            horizon=self.horizon,
            until=run.span.until,
        )
        score = scoring.score_rule(
            name,
            desk.openings,
            reference if others else None,
            device_months=run.device_months,
            thinned=run.thinned and "meters" in rule.depends_on,
        )
        since = run.known_since
        orders = measure_orders(desk.openings, run.cartridges, since=run.span.since, delivery=self.delivery)
        return replace(
            score,
            tickets=tuple(desk.tickets),
            flaps=scoring.count_flaps(run.firings[label]),
            orders=orders if supply and rule.per == "supply" else None,
            known_since=since if since is not None and since > run.span.since + DAY else None,
        )


def _choose_time_range(db: sqlite3.Connection, request: BacktestRequest) -> TimeRange:
    until = request.until if request.until is not None else newest_answer(db)
    since = request.since if request.since is not None else until - USUAL_DAYS * DAY
    if since >= until:
        raise ConfigError.for_file(
            "--from", "is not before the end", suggestion="write an earlier day, or a later --to"
        )
    return TimeRange(since=since, until=until)


def newest_answer(db: sqlite3.Connection) -> float:
    """Return when a printer last answered; now, if none ever did."""
    return db.execute("SELECT max(last_answer) AS at FROM latest").fetchone()["at"] or time.time()


def _replay_sides(
    plan: BacktestPlan, in_force: RuleSet, run: BacktestRun, name: str
) -> tuple[list[DeskTicket], list[DeskTicket]]:
    """The tickets of the rules in force that find the fault of this rule, and those with it beside them.

    Rules that find the same fault of the same component share a ticket, under whatever id.
    """
    theirs = [(in_force.rules[it], IN_FORCE + it) for it in plan.rivals(name)]
    ours = [(plan.rules.rules[name], name), *((rule, label) for rule, label in theirs if rule.id != name)]
    return _replay_desk(run, theirs).tickets, _replay_desk(run, ours).tickets


def _replay_desk(run: BacktestRun, rules: Sequence[tuple[Rule, str]]) -> ReplayedDesk:
    """The tickets of these rules together; each with the label of its firings."""
    firings = ((rule, it) for rule, label in rules for it in run.firings[label])
    return replay_tickets(firings, run.devices, run.site, run.span.until)
