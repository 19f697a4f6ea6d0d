"""Does a rule hold? True, False, or None: nobody can tell now.

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

from agent.model import Facts
from agent.rules.kinds import Reading
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked
from agent.rules.subjects import Subject, recall, subjects


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one subject now. `ceased` is None also where nobody needs to know it."""

    subject: Subject
    holds: bool | None
    ceased: bool | None
    readings: Mapping[Condition, Reading]  # those that were needed to decide


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one judgement rests on: all facts, and those that can be relied upon."""

    facts: Facts
    known: Facts
    _shown: dict[str, dict[str, Subject]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts, oldest: float) -> "Grounds":
        return cls(facts, reliable(facts, oldest))

    def shown(self, per: str) -> Mapping[str, Subject]:
        """The subjects of one kind that the printer shows, by key; found once for all rules."""
        if per not in self._shown:
            self._shown[per] = {subject.key: subject for subject in subjects(per, self.known)}
        return self._shown[per]


def reliable(facts: Facts, oldest: float) -> Facts:
    """The facts without what cannot be relied upon: everything while the printer is silent, what was
    read more than `oldest` seconds ago, and what was read before a silence or a restart: behind that
    somebody may have put in a new cartridge."""
    silent = facts.answers_in_a_row == 0
    earliest = max(facts.now - oldest, facts.answering_since or -math.inf)

    def lost(at: float | None) -> bool:
        return silent or (at is not None and at < earliest)

    return replace(
        facts,
        status=None if lost(facts.status_at) else facts.status,
        open_alerts=None if lost(facts.alerts_at) else facts.open_alerts,
        supplies=None if lost(facts.supplies_at) else facts.supplies,
    )


def evaluate(rule: Rule, grounds: Grounds, remembered: Collection[str] = ()) -> Iterator[Verdict]:
    """The verdict on each subject that is there, or that is `remembered` by its key."""
    shown = grounds.shown(rule.per)
    for key, subject in shown.items():
        yield judge(rule, subject, grounds, stands=key in remembered)
    for key in remembered:
        if key not in shown:
            yield judge(rule, recall(rule.per, key, grounds.known), grounds, stands=True)


def judge(rule: Rule, subject: Subject, grounds: Grounds, *, stands: bool) -> Verdict:
    """The verdict on one subject; whether it has ceased is asked only of what `stands`."""
    if subject.gone:
        return Verdict(subject, holds=False, ceased=True, readings={})
    readings: dict[Condition, Reading] = {}

    def test(condition: Condition) -> bool | None:
        signal = condition.signal
        facts = grounds.facts if signal.lasts else grounds.known
        readings[condition] = signal.read(Asked(subject, facts, condition.options))
        return condition.holds(readings[condition])

    def parts() -> Iterator[bool | None]:
        yield every(map(test, rule.all))
        yield some(map(test, rule.any)) if rule.any else True
        yield opposite(some(map(test, rule.none)))

    holds = every(parts())
    ceased = every((opposite(holds), every(map(test, rule.clear)))) if stands else None
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
