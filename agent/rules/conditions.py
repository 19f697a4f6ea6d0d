"""Does a rule hold? True, False, or None for unknown.

    all   any   none        Kleene's logic: one False decides `all`, one True decides `any`,
     |     |     |          and what nothing decides is unknown, not False
     +- and+ not-+
           v
        holds         and `clear` says when it has ceased; without `clear`, when it no longer holds

Between `holds` and `clear` lies the dead band in which nothing moves: 9 % opens, 25 % clears, 11 % does
neither. Pure: the time is `facts.now`.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

from agent.core.model import Facts
from agent.rules import value_kinds
from agent.rules.rule import Condition, Rule
from agent.rules.signals import SignalQuery
from agent.rules.subjects import Subject, list_subjects, recall_subject
from agent.rules.value_kinds import SignalValue


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of a rule for one subject. `ceased` is None if unknown or not needed."""

    subject: Subject
    holds: bool | None
    ceased: bool | None
    signal_values: Mapping[Condition, SignalValue]  # those that were needed to decide


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """The facts of one evaluation: all of them, and the reliable ones."""

    facts: Facts
    reliable: Facts
    _subjects: dict[str, dict[str, Subject]] = field(default_factory=dict)

    @classmethod
    def from_facts(cls, facts: Facts, oldest: float) -> "EvaluationContext":
        return cls(facts, reliable_facts(facts, oldest))

    def shown_subjects(self, per: str) -> Mapping[str, Subject]:
        """The subjects of one kind that the printer shows, by key; found once for all rules."""
        if per not in self._subjects:
            self._subjects[per] = {subject.key: subject for subject in list_subjects(per, self.reliable)}
        return self._subjects[per]


def reliable_facts(facts: Facts, oldest: float) -> Facts:
    """Drop facts that are not reliable: all of them while the printer is silent, those
    read more than `oldest` seconds ago, and those read before a silence or a restart, during which
    a cartridge may have been replaced."""
    silent = facts.answers_in_a_row == 0
    earliest = max(facts.now - oldest, facts.answering_since or -math.inf)

    def kept(at: float | None) -> bool:
        return not silent and (at is None or at >= earliest)

    status, alerts, supplies = map(kept, (facts.status_at, facts.alerts_at, facts.supplies_at))
    if status and alerts and supplies:
        return facts
    return replace(
        facts,
        status=facts.status if status else None,
        open_alerts=facts.open_alerts if alerts else None,
        supplies=facts.supplies if supplies else None,
    )


def evaluate_rule(
    rule: Rule,
    context: EvaluationContext,
    remembered: Collection[str] = (),
    touched: Collection[str] | None = None,
) -> Iterator[RuleResult]:
    """Evaluate each subject that the printer shows, and each that is `remembered` by its key.

    `touched`: the only supplies of which anything changed; those that are quiet are passed over.
    """
    shown = context.shown_subjects(rule.per)
    for key, subject in shown.items():
        if touched is not None and key not in remembered and not _is_touched(subject, touched):
            continue
        yield evaluate_subject(rule, subject, context, stands=key in remembered)
    for key in remembered:
        if key not in shown:
            yield evaluate_subject(
                rule, recall_subject(rule.per, key, context.reliable), context, stands=True
            )


def _is_touched(subject: Subject, touched: Collection[str]) -> bool:
    return subject.supply is None or subject.supply.index in touched


def evaluate_subject(rule: Rule, subject: Subject, context: EvaluationContext, *, stands: bool) -> RuleResult:
    """Evaluate one subject; the clear conditions are read only if a state `stands`."""
    if subject.gone:
        return RuleResult(subject, holds=False, ceased=True, signal_values={})
    readings: dict[Condition, SignalValue] = {}
    holds = _all_hold(rule.all, subject, context, readings)
    if holds is not False and rule.any:
        holds = _kleene_and(holds, _any_holds(rule.any, subject, context, readings))
    if holds is not False and rule.none:
        holds = _kleene_and(holds, kleene_not(_any_holds(rule.none, subject, context, readings)))
    ceased = None
    if stands:
        ceased = (
            False
            if holds
            else _kleene_and(kleene_not(holds), _all_hold(rule.clear, subject, context, readings))
        )
    return RuleResult(subject, holds, ceased, readings)


def _all_hold(
    conditions: Iterable[Condition],
    subject: Subject,
    context: EvaluationContext,
    readings: dict[Condition, SignalValue],
) -> bool | None:
    """Kleene's "and" of the conditions; asked no further than to the first that is False."""
    found: bool | None = True
    for condition in conditions:
        said = _test_condition(condition, subject, context, readings)
        if said is False:
            return False
        if said is None:
            found = None
    return found


def _any_holds(
    conditions: Iterable[Condition],
    subject: Subject,
    context: EvaluationContext,
    readings: dict[Condition, SignalValue],
) -> bool | None:
    """Kleene's "or" of the conditions; asked no further than to the first that is True."""
    found: bool | None = False
    for condition in conditions:
        said = _test_condition(condition, subject, context, readings)
        if said:
            return True
        if said is None:
            found = None
    return found


def _test_condition(
    condition: Condition, subject: Subject, context: EvaluationContext, readings: dict[Condition, SignalValue]
) -> bool | None:
    signal = condition.signal
    facts = context.facts if signal.when_unreachable else context.reliable
    reading = readings[condition] = signal.read(SignalQuery(subject, facts, condition.options))
    return value_kinds.compare_values(condition.op, reading, condition.value)


def _kleene_and(one: bool | None, other: bool | None) -> bool | None:
    """Kleene's "and" of two."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def kleene_not(part: bool | None) -> bool | None:
    return None if part is None else not part


def build_evidence(verdict: RuleResult) -> dict[str, object]:
    """Build the evidence as JSON data: {"supply.level": 8, …, "supply": {"index": "1.1", …}}."""
    found: dict[str, object] = {}
    for condition, reading in verdict.signal_values.items():
        plain = sorted(reading) if isinstance(reading, frozenset) else reading
        found.setdefault(condition.signal.name, plain)
    if verdict.subject.supply is not None:
        found["supply"] = asdict(verdict.subject.supply)
    if verdict.subject.alert is not None:
        found["alert"] = asdict(verdict.subject.alert)
    return found
