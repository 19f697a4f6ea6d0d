"""The price tag of an edit: what the last quarter would have cost with the rules before and after it.

rules before ─┐                    ┌─► tickets ─► figures ─┐
              ├─ that differ, and ─┤                       ├─► side by side
rules after  ─┘  share their faults└─► tickets ─► figures ─┘
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay import backtest_runner
from agent.pipeline.replay.backtest_report import newest_answer
from agent.pipeline.replay.backtest_runner import BacktestOptions, ProgressCallback, RuleRequest
from agent.pipeline.replay.device_runner import TimeRange
from agent.pipeline.replay.result_cache import serialize_rules
from agent.pipeline.replay.ticket_replay import replay_tickets
from agent.rules.backtest.cost_figures import CostFigures, count_costs, list_technician_faults
from agent.rules.rule import Rule, RuleSet

QUARTER = 91 * 86400.0
SIDES = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPrice:
    """The figures of one history under both sets of rules."""

    name: str  # of the site or the state file
    span: TimeRange | None = None
    known_since: float | None = None  # the first reading, where it lies within the span
    printers: int = 0
    before: CostFigures = field(default_factory=CostFigures)
    after: CostFigures = field(default_factory=CostFigures)
    faults: tuple[str, ...] = ()  # those that the edit touches: only their tickets are counted
    not_replayed: tuple[str, ...] = ()  # rules among them that history cannot answer

    def __add__(self, other: "EditPrice") -> "EditPrice":
        return EditPrice(
            name="all",
            printers=self.printers + other.printers,
            before=self.before + other.before,
            after=self.after + other.after,
            faults=tuple(sorted({*self.faults, *other.faults})),
            not_replayed=tuple(sorted({*self.not_replayed, *other.not_replayed})),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRequest:
    """Over what to compute a price tag."""

    name: str = ""
    site: str = ""
    since: float | None = None  # without it: a quarter before the end
    until: float | None = None  # without it: the last reading on record
    cache: Path | None = None
    first_days: float = 0.0
    assign: AssignTags = assign_nothing


def price_edit(
    db: sqlite3.Connection,
    before: RuleSet,
    after: RuleSet,
    request: PriceRequest,
    report_progress: ProgressCallback = lambda _done, _of: None,
) -> EditPrice:
    """Replay the rules that an edit touches over one history, before and after it."""
    until = request.until if request.until is not None else newest_answer(db)
    span = TimeRange(since=request.since if request.since is not None else until - QUARTER, until=until)
    faults = find_touched_faults(before, after)
    sets = dict(zip(SIDES, (before, after), strict=True))
    wanted = [
        RuleRequest(name=rule.id, rules=rules, label=f"{side}: {rule.id}")
        for side, rules in sets.items()
        for rule in _list_speakers(rules, faults)
    ]
    how = BacktestOptions(cache_path=request.cache, assign_tags=request.assign, first_days=request.first_days)
    run = backtest_runner.run_requests(
        db, wanted, span, site=request.site, report_progress=report_progress, how=how
    )
    figures = {}
    for side, rules in sets.items():
        firings = (
            (rule, it) for rule in _list_speakers(rules, faults) for it in run.firings[f"{side}: {rule.id}"]
        )
        tickets = replay_tickets(firings, run.devices, request.site, until).tickets
        figures[side] = count_costs(tickets, list_technician_faults(rules))
    known = run.known_since
    return EditPrice(
        name=request.name,
        span=span,
        known_since=known if known is not None and known > span.since + 86400.0 else None,
        printers=len(run.devices),
        faults=tuple(sorted(faults)),
        not_replayed=tuple(
            sorted({it.name for it in wanted if it.rules.rules[it.name].unreplayable_signals})
        ),
        before=figures["before"],
        after=figures["after"],
    )


def find_touched_faults(before: RuleSet, after: RuleSet) -> set[str]:
    """The faults of the rules that differ, and of the rules that give way to them."""
    changed = {
        name
        for name in {*before.rules, *after.rules}
        if _describe(before, name) != _describe(after, name) or _ways(before, name) != _ways(after, name)
    }
    if before.calendars != after.calendars:
        changed |= {it.id for rules in (before, after) for it in rules.rules.values() if _uses_calendar(it)}
    near = {
        it.id
        for rules in (before, after)
        for it in rules.rules.values()
        if not changed.isdisjoint(it.inhibited_by)
    }
    return {
        rules.rules[name].fault for rules in (before, after) for name in changed | near if name in rules.rules
    }


def _list_speakers(rules: RuleSet, faults: Iterable[str]) -> list[Rule]:
    """The rules that open tickets of these faults."""
    wanted = frozenset(faults)
    return [it for it in rules.rules.values() if it.fault in wanted and not it.shadow]


def _describe(rules: RuleSet, name: str) -> str:
    """All that decides what a rule says; "" for one that is not there."""
    if name not in rules.rules:
        return ""
    return serialize_rules(replace(rules, rules={name: rules.rules[name]}, _device_cache={}))


def _ways(rules: RuleSet, name: str) -> object:
    """How its tickets are grouped and limited."""
    rule = rules.rules.get(name)
    return rule and (rule.grouping, rule.most_a_day, rule.once)


def _uses_calendar(rule: Rule) -> bool:
    asked: Iterator[object] = (it.options.get("calendar") for it in (*rule.conditions, *rule.clear))
    return bool(rule.suppressions) or any(it is not None for it in asked)
