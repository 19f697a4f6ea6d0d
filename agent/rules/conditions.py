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

from agent.core.model import Facts
from agent.rules import value_kinds
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked
from agent.rules.subjects import Subject, recall, subjects
from agent.rules.value_kinds import Reading


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


def evaluate(
    rule: Rule, grounds: Grounds, remembered: Collection[str] = (), touched: Collection[str] | None = None
) -> Iterator[Verdict]:
    """The verdict on each subject that is there, or that is `remembered` by its key.

    `touched`: the only supplies of which anything changed; those that are quiet are passed over.
    """
    shown = grounds.shown(rule.per)
    for key, subject in shown.items():
        if touched is not None and key not in remembered and not _among(subject, touched):
            continue
        yield judge(rule, subject, grounds, stands=key in remembered)
    for key in remembered:
        if key not in shown:
            yield judge(rule, recall(rule.per, key, grounds.known), grounds, stands=True)


def _among(subject: Subject, touched: Collection[str]) -> bool:
    return subject.supply is None or subject.supply.index in touched


def judge(rule: Rule, subject: Subject, grounds: Grounds, *, stands: bool) -> Verdict:
    """The verdict on one subject; whether it has ceased is asked only of what `stands`."""
    if subject.gone:
        return Verdict(subject, holds=False, ceased=True, readings={})
    readings: dict[Condition, Reading] = {}
    holds = _all(rule.all, subject, grounds, readings)
    if holds is not False and rule.any:
        holds = _both(holds, _any(rule.any, subject, grounds, readings))
    if holds is not False and rule.none:
        holds = _both(holds, opposite(_any(rule.none, subject, grounds, readings)))
    ceased = None
    if stands:
        ceased = False if holds else _both(opposite(holds), _all(rule.clear, subject, grounds, readings))
    return Verdict(subject, holds, ceased, readings)


def _all(
    conditions: Iterable[Condition], subject: Subject, grounds: Grounds, readings: dict[Condition, Reading]
) -> bool | None:
    """Kleene's "and" of the conditions; asked no further than to the first that is False."""
    found: bool | None = True
    for condition in conditions:
        said = _test(condition, subject, grounds, readings)
        if said is False:
            return False
        if said is None:
            found = None
    return found


def _any(
    conditions: Iterable[Condition], subject: Subject, grounds: Grounds, readings: dict[Condition, Reading]
) -> bool | None:
    """Kleene's "or" of the conditions; asked no further than to the first that is True."""
    found: bool | None = False
    for condition in conditions:
        said = _test(condition, subject, grounds, readings)
        if said:
            return True
        if said is None:
            found = None
    return found


def _test(
    condition: Condition, subject: Subject, grounds: Grounds, readings: dict[Condition, Reading]
) -> bool | None:
    signal = condition.signal
    facts = grounds.facts if signal.lasts else grounds.known
    reading = readings[condition] = signal.read(Asked(subject, facts, condition.options))
    return value_kinds.compare(condition.op, reading, condition.value)


def _both(one: bool | None, other: bool | None) -> bool | None:
    """Kleene's "and" of two."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


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
