"""Why a rule says what it says of a printer: each condition, with the value it saw."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.model import Device, Facts
from agent.history.device_history import Past
from agent.rules import state_store, value_kinds
from agent.rules.conditions import Grounds, evaluate
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked
from agent.rules.subjects import Subject

WINDOW = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
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
    lines: tuple[Line, ...]


def past(db: sqlite3.Connection, device: Device, at: float) -> Facts:
    """What was known of the printer at `at`."""
    return Past.load(db, device, at, at + WINDOW).at(at)


def explain(db: sqlite3.Connection, rule: Rule, facts: Facts, *, now: bool) -> list[Explanation]:
    """Each subject that the rule judges, or judged. `now`: the facts are today's, and so are the states."""
    standing = state_store.load(db, facts.device.key) if now else {}
    remembered = [subject for name, subject in standing if name == rule.id]
    grounds = Grounds.of(facts, rule.patience.gap)
    return [
        Explanation(
            subject=verdict.subject.key,
            holds=verdict.holds,
            stands=_stands(standing.get((rule.id, verdict.subject.key))) if now else "",
            lines=tuple(_lines(rule, verdict.subject, grounds)),
        )
        for verdict in evaluate(rule, grounds, remembered)
    ]


def spell(condition: Condition) -> str:
    """A condition as it would be said: "alert.code in jam, coverOpen (min_age 5 min)"."""
    options = ", ".join(f"{name} {_value(it)}" for name, it in condition.options.items())
    said = f"{condition.signal.name} {condition.op} {_wanted(condition)}"
    return f"{said} ({options})" if options else said


def _lines(rule: Rule, subject: Subject, grounds: Grounds) -> Iterator[Line]:
    for part, conditions in (
        ("all", rule.all),
        ("any", rule.any),
        ("none", rule.none),
        ("clear", rule.clear),
    ):
        for condition in conditions:
            known = grounds.facts if condition.signal.lasts else grounds.known
            reading = condition.signal.read(Asked(subject, known, condition.options))
            yield Line(
                part=part,
                condition=spell(condition),
                saw=value_kinds.spell(condition.signal.kind, reading) or "nothing",
                holds=condition.holds(reading),
            )


def _stands(standing: state_store.Standing | None) -> str:
    if standing is None:
        return "quiet"
    words = [standing.state.phase.value]
    if standing.state.announced:
        words.append("in the digest" if standing.notice and standing.notice.digest else "announced")
    if standing.state.stale:
        words.append("frozen: nothing is known now")
    return ", ".join(words)


def _wanted(condition: Condition) -> str:
    value, kind = condition.value, condition.signal.kind
    if isinstance(kind, value_kinds.Measure) and isinstance(value, int | float):
        return kind.spell(value)
    if isinstance(kind, value_kinds.Vocabulary) and kind.numbers:
        names = {str(number): name for name, number in kind.numbers.items()}
        many = value if isinstance(value, frozenset) else {value}
        return ", ".join(sorted(names.get(str(it), str(it)) for it in many))
    return _value(value)


def _value(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    return (
        str(getattr(value, "name", value)).lower()
        if isinstance(value, bool)
        else str(getattr(value, "name", value))
    )
