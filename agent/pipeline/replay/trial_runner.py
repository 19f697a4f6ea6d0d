"""Run trials through the stages of the live pipeline, in a store of their own.

steps ──► history ──► rules ──► tickets ──► output, compared with what the trial expects
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from agent.core import units
from agent.core.model import Change, ChangeKind, Impact, TicketEvent
from agent.forecast import forecast_store
from agent.history import record, supply_gauges
from agent.history.meters import ledger
from agent.pipeline import facts_builder
from agent.pipeline.replay.memory_store import open_memory_store
from agent.rules import evaluator, state_store
from agent.rules.lifecycle import Phase
from agent.rules.rule import RuleSet
from agent.rules.trial import Trial, TrialStep
from agent.rules.trial_form import ExpectForm
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import feedback_store

COMPONENTS = (
    record.SCHEMA,
    ledger.SCHEMA,
    supply_gauges.SCHEMA,
    forecast_store.SCHEMA,
    evaluator.SCHEMA,
    lifecycle.SCHEMA,
    grouping.SCHEMA,
    feedback_store.SCHEMA,
)
CHANGE_VERBS = {ChangeKind.OPENED: "opens", ChangeKind.RESOLVED: "closes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """The result of a trial; `complaints` is empty if it went as expected."""

    trial: Trial
    complaints: tuple[str, ...]
    tells: tuple[str, ...]
    tickets: tuple[str, ...]
    titles: tuple[str, ...] = ()


@dataclass(slots=True)
class _TrialLog:
    tells: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def run_trial(rules: RuleSet, trial: Trial) -> TrialResult:
    """Play one trial by these rules. Deterministic: the only time is the trial's."""
    log, chosen = _TrialLog(), _select_rules(rules, trial)
    log.complaints += [f'there is no rule "{name}"' for name in trial.form.rules if name not in rules.rules]
    ids = (f"t{number}" for number in range(1, 1_000_000))
    evaluation = evaluator.RuleEvaluator(chosen)
    waiting = sorted(trial.form.expect, key=lambda it: it.at)
    with closing(open_memory_store(COMPONENTS)) as tx:
        for trial_step in trial.iterate_steps():
            changes = _evaluate_step(tx, evaluation, trial, trial_step)
            events = grouping.apply_changes(tx, changes, make_id=lambda: next(ids))
            events += grouping.collect_due_events(tx, trial.start + trial_step.at)
            log.tells += [_format_change(change, trial) for change in changes]
            log.titles += [change.title for change in changes if change.kind is ChangeKind.OPENED]
            log.tickets += [_format_event(event, trial) for event in events if _is_for_provider(event)]
            while waiting and waiting[0].at < trial_step.at + trial.form.step:
                log.complaints += _compare_states(tx, waiting.pop(0), trial)
    log.complaints += _compare_lines("tells", trial.form.tells, log.tells)
    log.complaints += _compare_lines("tickets", trial.form.tickets, log.tickets)
    log.complaints += _compare_lines("titles", trial.form.titles, log.titles)
    return TrialResult(
        trial=trial,
        complaints=tuple(log.complaints),
        tells=tuple(log.tells),
        tickets=tuple(log.tickets),
        titles=tuple(log.titles),
    )


def _evaluate_step(
    tx: sqlite3.Connection, evaluation: evaluator.RuleEvaluator, trial: Trial, trial_step: TrialStep
) -> list[Change]:
    now = trial.start + trial_step.at
    changes = evaluation.evaluate_site(tx, trial_step.site, now)
    facts_builder.record_meters(tx, trial.device, trial_step.snapshot)
    known = facts_builder.update_facts(tx, trial.device, trial_step.snapshot, trial_step.site)
    return [*changes, *evaluation.evaluate_device(tx, known)]


def _select_rules(rules: RuleSet, trial: Trial) -> RuleSet:
    """The rules that the trial names, and those that they give way to."""
    wanted = list(trial.form.rules)
    for name in wanted:
        if name in rules.rules:
            wanted += [it for it in rules.rules[name].inhibited_by if it not in wanted]
    if not wanted:
        return rules
    return RuleSet(
        rules={name: rule for name, rule in rules.rules.items() if name in wanted},
        faults=rules.faults,
        calendars=rules.calendars,
        zone=rules.zone,
    )


def _compare_states(tx: sqlite3.Connection, expect: ExpectForm, trial: Trial) -> Iterator[str]:
    """Compare the states of the rules that the trial names with what it expects."""
    found: dict[str, set[str]] = {"firing": set(), "pending": set()}
    for _, (rule, _), standing in state_store.load_all_states(tx):
        if trial.form.rules and rule not in trial.form.rules:
            continue
        if standing.state.is_active:
            found["firing"].add(rule)
        elif standing.state.phase is Phase.PENDING:
            found["pending"].add(rule)
    for name, rules in found.items():
        wanted = set(getattr(expect, name))
        if rules != wanted and not (name == "pending" and not wanted):
            names, expected = _format_names(rules), _format_names(wanted)
            yield f"at {units.format_duration(expect.at)}: {name} {names}, expected {expected}"


def _compare_lines(what: str, wanted: tuple[str, ...] | None, came: list[str]) -> Iterator[str]:
    if wanted is None or list(wanted) == came:
        return
    for line in came:
        if line not in wanted:
            yield f"{what}, not expected: {line}"
    for line in wanted:
        if line not in came:
            yield f"{what}, missing: {line}"
    if sorted(wanted) == sorted(came):
        yield f"{what}: in another order: {'; '.join(came)}"


def _format_change(change: Change, trial: Trial) -> str:
    offset, verb = _format_offset(change.at, trial), CHANGE_VERBS[change.kind]
    return f"{offset}: {change.rule} {verb} {change.component}".strip()


def _format_event(event: TicketEvent, trial: Trial) -> str:
    said = f"{event.event} {event.fault} {event.component}".strip()
    return f"{_format_offset(event.at, trial)}: {said} ({event.severity})"


def _is_for_provider(event: TicketEvent) -> bool:
    return event.impact is not Impact.CUSTOMER_FIXABLE


def _format_offset(at: float, trial: Trial) -> str:
    return units.format_duration(at - trial.start)


def _format_names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
