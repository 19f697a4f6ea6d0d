"""Does a rule hold? True, False, or None: nobody can tell now.

    all   any   none        Kleene's logic: one False decides `all`, one True decides `any`,
     |     |     |          and what nothing decides is unknown, not False
     +- and+ not-+
           v
        holds         and `clear` says when it has ceased; without `clear`, when it no longer holds

Between `holds` and `clear` lies the dead band in which nothing moves: 9 % opens, 25 % clears, 11 % does
neither. Pure: the time is `facts.now`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from agent.model import Facts
from agent.rules.kinds import Reading
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked
from agent.rules.subjects import Subject, recall, subjects


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one subject now."""

    subject: Subject
    holds: bool | None
    ceased: bool | None
    readings: Mapping[Condition, Reading]


def reliable(facts: Facts, oldest: float) -> Facts:
    """The facts without what cannot be relied upon: everything while the printer is silent, and what
    was read more than `oldest` seconds ago."""
    silent = facts.answers_in_a_row == 0

    def lost(at: float | None) -> bool:
        return silent or (at is not None and facts.now - at > oldest)

    return replace(
        facts,
        status=None if lost(facts.status_at) else facts.status,
        open_alerts=None if lost(facts.alerts_at) else facts.open_alerts,
        supplies=None if lost(facts.supplies_at) else facts.supplies,
    )


def evaluate(rule: Rule, facts: Facts, known: Facts, remembered: Iterable[str] = ()) -> Iterator[Verdict]:
    """The verdict on each subject that is there or `remembered` by its key.

    `known` are the facts that `reliable` left over; signals that last through silence see all `facts`.
    """
    present = {subject.key: subject for subject in subjects(rule.per, known)}
    for key in remembered:
        present.setdefault(key, recall(rule.per, key, known))
    for subject in present.values():
        yield judge(rule, subject, facts, known)


def judge(rule: Rule, subject: Subject, facts: Facts, known: Facts) -> Verdict:
    """The verdict on one subject."""
    if subject.gone:
        return Verdict(subject, holds=False, ceased=True, readings={})
    readings = {
        condition: condition.signal.read(
            Asked(subject, facts if condition.signal.lasts else known, condition.options)
        )
        for condition in (*rule.conditions, *rule.clear)
    }

    def tests(conditions: Iterable[Condition]) -> Iterator[bool | None]:
        return (condition.holds(readings[condition]) for condition in conditions)

    holds = both(
        every(tests(rule.all)),
        some(tests(rule.any)) if rule.any else True,
        opposite(some(tests(rule.none))),
    )
    ceased = both(every(tests(rule.clear)), opposite(holds))
    return Verdict(subject, holds=holds, ceased=ceased, readings=readings)


def every(parts: Iterable[bool | None]) -> bool | None:
    """Kleene's "and": False if any is False, else unknown if any is unknown."""
    unknown = False
    for part in parts:
        if part is False:
            return False
        unknown |= part is None
    return None if unknown else True


def some(parts: Iterable[bool | None]) -> bool | None:
    """Kleene's "or"."""
    return opposite(every(opposite(part) for part in parts))


def opposite(part: bool | None) -> bool | None:
    return None if part is None else not part


def both(*parts: bool | None) -> bool | None:
    return every(parts)


def evidence(verdict: Verdict) -> dict[str, object]:
    """What the verdict rests on, as JSON holds it: {"supply.level": 8, …, "supply": {"index": "1.1", …}}."""
    found: dict[str, object] = {}
    for condition, reading in verdict.readings.items():
        plain = sorted(reading) if isinstance(reading, frozenset) else reading
        found.setdefault(condition.signal.name, plain)
    if verdict.subject.supply is not None:
        found["supply"] = asdict(verdict.subject.supply)
    if verdict.subject.alert is not None:
        found["alert"] = asdict(verdict.subject.alert)
    return found
