"""Sets of values that conditions let through: numbers as spans, words as lists. Pure.

    level <= 10 %  ┐                              ┌ is_empty: can never be
    level >  15 %  ┴► intersect, unite, without ──┴ is_full:  is always so

A boundary of a span is a cut: (10, 0) lies just before 10, (10, 1) just after it; so "<= 10" ends at (10, 1).
A set of words is a list, or everything but a list.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from agent.rules.rule import Condition
from agent.rules.value_kinds import Flag, Measure, Vocabulary

Cut = tuple[float, int]
FLAGS = frozenset({"True", "False"})
SignalKey = tuple[str, str]  # name, options: with other options it is another signal


@dataclass(frozen=True, slots=True)
class NumberSet:
    """Numbers between `low` and `high` of a measure; `spans` are in order and do not touch."""

    whole: tuple[Cut, Cut]
    spans: tuple[tuple[Cut, Cut], ...]

    @property
    def is_empty(self) -> bool:
        return not self.spans

    @property
    def is_full(self) -> bool:
        return self.spans == (self.whole,)

    def intersect(self, other: "NumberSet") -> "NumberSet":
        pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in self.spans for b in other.spans)
        return NumberSet(self.whole, _merge_spans(pairs))

    def unite(self, other: "NumberSet") -> "NumberSet":
        return NumberSet(self.whole, _merge_spans((*self.spans, *other.spans)))

    def invert(self) -> "NumberSet":
        edges = [self.whole[0], *(edge for span in self.spans for edge in span), self.whole[1]]
        return NumberSet(self.whole, _merge_spans(zip(edges[::2], edges[1::2], strict=True)))


@dataclass(frozen=True, slots=True)
class WordChoice:
    """The listed words, or with `inverted` all others. `known`: all words there are; empty for any."""

    words: frozenset[str]
    inverted: bool
    known: frozenset[str]

    @property
    def is_empty(self) -> bool:
        return not self.words if not self.inverted else bool(self.known) and self.known <= self.words

    @property
    def is_full(self) -> bool:
        return self.invert().is_empty

    def intersect(self, other: "WordChoice") -> "WordChoice":
        return self.invert().unite(other.invert()).invert()

    def unite(self, other: "WordChoice") -> "WordChoice":
        if self.inverted and other.inverted:
            return WordChoice(self.words & other.words, True, self.known)
        if self.inverted:
            return WordChoice(self.words - other.words, True, self.known)
        if other.inverted:
            return WordChoice(other.words - self.words, True, self.known)
        return WordChoice(self.words | other.words, False, self.known)

    def invert(self) -> "WordChoice":
        return WordChoice(self.words, not self.inverted, self.known)


ValueSet = NumberSet | WordChoice


def find_allowed(condition: Condition) -> ValueSet | None:
    """The values that meet a condition; None for signals with several values at once, which can meet all."""
    kind, value = condition.signal.kind, condition.value
    if condition.signal.many or value is None:
        return None
    if isinstance(kind, Measure) and isinstance(value, int | float):
        return _find_numbers(kind, condition.op, value)
    if isinstance(kind, Flag):
        return WordChoice(frozenset({str(value)}), False, FLAGS)
    if isinstance(kind, Vocabulary):
        words = frozenset(map(str, value)) if isinstance(value, frozenset) else frozenset({str(value)})
        known = frozenset(map(str, kind.numbers.values() if kind.numbers else kind.known))
        return WordChoice(words, condition.op in {"is_not", "not_in"}, known)
    return None


def intersect_conditions(conditions: Iterable[Condition]) -> dict[SignalKey, ValueSet]:
    """The values of each signal that meet all of its conditions."""
    return _combine(conditions, "intersect")


def unite_conditions(conditions: Iterable[Condition]) -> dict[SignalKey, ValueSet]:
    """The values of each signal that meet one of its conditions."""
    return _combine(conditions, "unite")


def key_of(condition: Condition) -> SignalKey:
    """Equal for conditions on the same signal with the same options."""
    plain = {key: sorted(it) if isinstance(it, frozenset) else it for key, it in condition.options.items()}
    return condition.signal.name, str(sorted(plain.items(), key=lambda it: it[0]))


def _combine(conditions: Iterable[Condition], how: str) -> dict[SignalKey, ValueSet]:
    found: dict[SignalKey, ValueSet] = {}
    for condition in conditions:
        allowed, key = find_allowed(condition), key_of(condition)
        if allowed is not None:
            found[key] = getattr(found[key], how)(allowed) if key in found else allowed
    return found


def combine_sets(one: ValueSet, other: ValueSet, *, without: bool = False) -> ValueSet:
    """The values of both, or with `without` those of the first alone; the two are of one kind."""
    if isinstance(one, NumberSet) and isinstance(other, NumberSet):
        return one.intersect(other.invert() if without else other)
    if isinstance(one, WordChoice) and isinstance(other, WordChoice):
        return one.intersect(other.invert() if without else other)
    return one


def _find_numbers(kind: Measure, op: str, value: float) -> NumberSet:
    whole = (_cut(kind, kind.low, 0), _cut(kind, kind.high, 1))
    edge = _cut(kind, value, int(op in {"<=", ">"}))
    span = (whole[0], edge) if op in {"<", "<="} else (edge, whole[1])
    return NumberSet(whole, _merge_spans([(max(span[0], whole[0]), min(span[1], whole[1]))]))


def _cut(kind: Measure, value: float, after: int) -> Cut:
    """The cut before or after a number; of whole numbers, after 3 is before 4."""
    if not kind.whole or math.isinf(value):
        return value, after
    return (math.floor(value) + 1.0 if after else float(math.ceil(value))), 0


def _merge_spans(spans: Iterable[tuple[Cut, Cut]]) -> tuple[tuple[Cut, Cut], ...]:
    """The spans in order; those that touch are one, and empty ones are left out."""
    found: list[tuple[Cut, Cut]] = []
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)
