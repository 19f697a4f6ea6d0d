"""Explanation of a rule's result for a printer: each condition with the value it saw."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.model import Device, Facts
from agent.history.device_history import DeviceHistory
from agent.rules import state_store, value_kinds
from agent.rules.conditions import EvaluationContext, evaluate_rule
from agent.rules.rule import Condition, Rule
from agent.rules.signals import SignalQuery
from agent.rules.subjects import Subject

HISTORY_WINDOW = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """One condition and what it saw."""

    part: str  # "all", "any", "none", "clear"
    condition: str  # "supply.level <= 10 %"
    saw: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A rule and one subject of a printer."""

    subject: str
    holds: bool | None
    stands: str  # where it stands on disk: "quiet", "pending since …", "firing, announced"
    lines: tuple[ConditionResult, ...]


def load_facts_at(db: sqlite3.Connection, device: Device, at: float) -> Facts:
    """Load the facts about the printer at `at`."""
    return DeviceHistory.load(db, device, at, at + HISTORY_WINDOW).facts_at(at)


def explain_rule(db: sqlite3.Connection, rule: Rule, facts: Facts, *, now: bool) -> list[Explanation]:
    """Each subject that the rule judges, or judged. `now`: the facts are today's, and so are the states."""
    standing = state_store.load_states(db, facts.device.key) if now else {}
    remembered = [subject for name, subject in standing if name == rule.id]
    context = EvaluationContext.from_facts(facts, rule.timing.stale_after)
    return [
        Explanation(
            subject=verdict.subject.key,
            holds=verdict.holds,
            stands=_format_state(standing.get((rule.id, verdict.subject.key))) if now else "",
            lines=tuple(_explain_conditions(rule, verdict.subject, context)),
        )
        for verdict in evaluate_rule(rule, context, remembered)
    ]


def format_condition(condition: Condition) -> str:
    """Format a condition: "alert.code in jam, coverOpen (min_age 5 min)"."""
    options = ", ".join(f"{name} {_format_value(it)}" for name, it in condition.options.items())
    said = f"{condition.signal.name} {condition.op} {_format_expected(condition)}"
    return f"{said} ({options})" if options else said


def _explain_conditions(
    rule: Rule, subject: Subject, context: EvaluationContext
) -> Iterator[ConditionResult]:
    for part, conditions in (
        ("all", rule.all),
        ("any", rule.any),
        ("none", rule.none),
        ("clear", rule.clear),
    ):
        for condition in conditions:
            known = context.facts if condition.signal.when_unreachable else context.reliable
            reading = condition.signal.read(SignalQuery(subject, known, condition.options))
            yield ConditionResult(
                part=part,
                condition=format_condition(condition),
                saw=value_kinds.format_value(condition.signal.kind, reading) or "nothing",
                holds=condition.is_met_by(reading),
            )


def _format_state(standing: state_store.RuleState | None) -> str:
    if standing is None:
        return "quiet"
    words = [standing.state.phase.value]
    if standing.state.announced:
        words.append("in the digest" if standing.notice and standing.notice.digest else "announced")
    if standing.state.stale:
        words.append("frozen: nothing is known now")
    return ", ".join(words)


def _format_expected(condition: Condition) -> str:
    value, kind = condition.value, condition.signal.kind
    if isinstance(kind, value_kinds.Measure) and isinstance(value, int | float):
        return kind.format_number(value)
    if isinstance(kind, value_kinds.Vocabulary) and kind.numbers:
        names = {str(number): name for name, number in kind.numbers.items()}
        many = value if isinstance(value, frozenset) else {value}
        return ", ".join(sorted(names.get(str(it), str(it)) for it in many))
    return _format_value(value)


def _format_value(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    return (
        str(getattr(value, "name", value)).lower()
        if isinstance(value, bool)
        else str(getattr(value, "name", value))
    )
