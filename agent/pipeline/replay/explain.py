"""Explanation of a rule's result for a printer: each condition with the value it saw."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.core.model import Device, Facts
from agent.core.units import format_duration
from agent.discovery import inventory
from agent.history.device_history import DeviceHistory
from agent.rules import rule_words, state_store, value_kinds
from agent.rules.conditions import EvaluationContext, evaluate_rule
from agent.rules.lifecycle import Phase, resolve_delay
from agent.rules.rule import Rule
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
    notes: tuple[str, ...] = ()  # what is left to wait for, and what keeps it back


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
            notes=tuple(_list_notes(rule, verdict.subject.key, standing, facts)),
        )
        for verdict in evaluate_rule(rule, context, remembered)
    ]


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
                condition=rule_words.format_condition(condition),
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


def _list_notes(
    rule: Rule, subject: str, standing: Mapping[state_store.StateKey, state_store.RuleState], facts: Facts
) -> Iterator[str]:
    """What is left to wait for, which rules it gives way to now, and which calendar keeps it back."""
    known = standing.get((rule.id, subject))
    if known and known.state.phase is Phase.PENDING:
        left = max(0.0, rule.timing.for_duration - (facts.now - known.state.since))
        yield f"must hold for {format_duration(left)} more"
    if known and known.state.phase is Phase.RECOVERING:
        left = max(0.0, resolve_delay(known.state, rule.timing) - (facts.now - known.state.since))
        yield f"is over in {format_duration(left)}"
    firing = sorted({name for (name, _), it in standing.items() if it.state.is_active} & {*rule.inhibited_by})
    if firing:
        yield f"gives way to {', '.join(firing)}"
    for it in rule.suppressions:
        if it.applies_at(facts.now):
            how = "dropped" if it.drops else "delayed"
            yield f'{how} {"outside" if it.outside else "in"} the hours of calendar "{it.calendar.name}"'
    if rule.shadow:
        yield "is in shadow: it opens no tickets"
