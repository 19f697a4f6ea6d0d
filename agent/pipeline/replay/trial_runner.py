"""Trials, played through the stages of the live line in a store of their own.

moments ──► history ──► rules ──► tickets ──► what was told, compared with what the trial expects
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from agent.core import migrations, units
from agent.core.model import Change, ChangeKind, Impact, TicketEvent
from agent.forecast import forecast_store
from agent.history import record, supply_gauges
from agent.history.meters import ledger
from agent.pipeline import facts_builder
from agent.rules import evaluator, state_store
from agent.rules.lifecycle import Phase
from agent.rules.rule import RuleSet
from agent.rules.trial import Moment, Trial
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
WORDS = {ChangeKind.OPENED: "opens", ChangeKind.RESOLVED: "closes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a trial; `complaints` is empty if it is what was expected."""

    trial: Trial
    complaints: tuple[str, ...]
    tells: tuple[str, ...]
    tickets: tuple[str, ...]
    titles: tuple[str, ...] = ()


@dataclass(slots=True)
class _Log:
    tells: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def play(rules: RuleSet, trial: Trial) -> Played:
    """Play one trial by these rules. Deterministic: the only time is the trial's."""
    log, chosen = _Log(), _chosen(rules, trial)
    log.complaints += [f'there is no rule "{name}"' for name in trial.form.rules if name not in rules.rules]
    ids = (f"t{number}" for number in range(1, 1_000_000))
    bench = evaluator.Judge(chosen)
    waiting = sorted(trial.form.expect, key=lambda it: it.at)
    with closing(_store()) as tx:
        for moment in trial.moments():
            changes = _judged(tx, bench, trial, moment)
            events = grouping.apply(tx, changes, make_id=lambda: next(ids))
            events += grouping.due(tx, trial.start + moment.at)
            log.tells += [_tell(change, trial) for change in changes]
            log.titles += [change.title for change in changes if change.kind is ChangeKind.OPENED]
            log.tickets += [_ticket(event, trial) for event in events if _is_ticket(event)]
            while waiting and waiting[0].at < moment.at + trial.form.step:
                log.complaints += _standing(tx, waiting.pop(0), trial)
    log.complaints += _compared("tells", trial.form.tells, log.tells)
    log.complaints += _compared("tickets", trial.form.tickets, log.tickets)
    log.complaints += _compared("titles", trial.form.titles, log.titles)
    return Played(
        trial=trial,
        complaints=tuple(log.complaints),
        tells=tuple(log.tells),
        tickets=tuple(log.tickets),
        titles=tuple(log.titles),
    )


def _judged(tx: sqlite3.Connection, bench: evaluator.Judge, trial: Trial, moment: Moment) -> list[Change]:
    now = trial.start + moment.at
    changes = bench.judge_site(tx, moment.site, now)
    facts_builder.count(tx, trial.device, moment.snapshot)
    known = facts_builder.take_in(tx, trial.device, moment.snapshot, moment.site)
    return [*changes, *bench.judge(tx, known)]


def _chosen(rules: RuleSet, trial: Trial) -> RuleSet:
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


def _store() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    migrations.create_tables(db, COMPONENTS)
    return db


def _standing(tx: sqlite3.Connection, expect: ExpectForm, trial: Trial) -> Iterator[str]:
    """What stands otherwise than expected, among the rules that the trial names."""
    found: dict[str, set[str]] = {"firing": set(), "pending": set()}
    for _, (rule, _), standing in state_store.everything(tx):
        if trial.form.rules and rule not in trial.form.rules:
            continue
        if standing.state.active:
            found["firing"].add(rule)
        elif standing.state.phase is Phase.PENDING:
            found["pending"].add(rule)
    for name, rules in found.items():
        wanted = set(getattr(expect, name))
        if rules != wanted and not (name == "pending" and not wanted):
            yield f"at {units.spell(expect.at)}: {name} {_list(rules)}, expected {_list(wanted)}"


def _compared(what: str, wanted: tuple[str, ...] | None, came: list[str]) -> Iterator[str]:
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


def _tell(change: Change, trial: Trial) -> str:
    return f"{_when(change.at, trial)}: {change.rule} {WORDS[change.kind]} {change.component}".strip()


def _ticket(event: TicketEvent, trial: Trial) -> str:
    said = f"{event.event} {event.fault} {event.component}".strip()
    return f"{_when(event.at, trial)}: {said} ({event.severity})"


def _is_ticket(event: TicketEvent) -> bool:
    return event.impact is not Impact.CUSTOMER_FIXABLE


def _when(at: float, trial: Trial) -> str:
    return units.spell(at - trial.start)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
