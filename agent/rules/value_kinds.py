"""Kinds of signal values: how a threshold is written, compared, and shown to a person.

A measure is a number with a unit and is compared by order; words are compared by membership. One
grammar for both: the number and its unit stand in `value`, the comparison in `op` alone.
"""

import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import cast

from agent.core import units
from agent.rules import nearest_words, quantity_hints

WordSet = frozenset[str]
SignalValue = float | str | bool | WordSet | None
"""What a signal says now. None is "unknown", which is neither true nor false."""

ORDER_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MEMBERSHIP_OPERATORS = ("is", "is_not", "in", "not_in")


def invalid_value(reason: str, suggestion: str) -> ValueError:
    """What `parse` raises: the two halves of a complaint."""
    return ValueError(f"{reason} | {suggestion}")


@dataclass(frozen=True, slots=True)
class Measure:
    """Numbers from `low` to `high`, written by a person as `example`."""

    parse_text: Callable[[str], float]
    format_number: Callable[[float], str]
    example: str
    low: float = 0.0
    high: float = math.inf
    ops: tuple[str, ...] = tuple(ORDER_OPERATORS)
    whole: bool = False  # whole numbers only

    def parse(self, value: object) -> float:
        """The threshold as a number. Raises ValueError, "reason | suggestion"."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise invalid_value(f"{value!r} is not a number with a unit", f"write {self.example}")
        try:
            number = self.parse_text(str(value))
        except ValueError as why:
            reason, _, _ = str(why).partition(": ")
            hint = f"write {self.example}"
            if reason.endswith("no calendar"):
                hint = 'add calendar = "office", where the signal takes one'
            elif reason.endswith("a calendar"):
                hint += ", or drop the calendar"
            elif meant := quantity_hints.suggest_quantity(str(value), self.parse_text):
                hint = f'write "{meant}"'
            raise invalid_value(reason, hint) from None
        if not self.low <= number <= self.high:
            allowed = f"{self.format_number(self.low)} to {self.format_number(self.high)}"
            if math.isinf(self.high):
                allowed = f"{self.format_number(self.low)} or more"
            raise invalid_value(
                f"{self.format_number(number)} is out of range", f"write a value of {allowed}"
            )
        return number


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of a list, or any words if the list is empty. Numbered words may be given by name or number."""

    known: Collection[str] = ()
    numbers: Mapping[str, int] | None = None
    groups: Mapping[str, Collection[str]] | None = None  # a name for many of them: "any_jam"
    ops: tuple[str, ...] = MEMBERSHIP_OPERATORS

    def parse(self, value: object) -> str:
        """The word, or its number, as signals say it. Raises ValueError, "reason | suggestion"."""
        if self.numbers and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            hint = 'use op = "in" for a list' if isinstance(value, list) else "write it in quotes"
            raise invalid_value(f"{value!r} is not a word", hint)
        known = self.numbers or self.known
        if self.groups and value in self.groups:
            raise invalid_value(f'"{value}" is a group of words', "write one of them")
        if known and value not in known:
            raise invalid_value(
                f'"{value}" is not known here',
                nearest_words.suggest_nearest(value, (*known, *(self.groups or ()))),
            )
        return str(self.numbers[value]) if self.numbers else value

    def parse_many(self, value: object) -> WordSet:
        if not isinstance(value, list) or not value:
            raise invalid_value('"in" and "not_in" need a list', 'write value = ["one", "two"]')
        groups = self.groups or {}
        return frozenset(self.parse(one) for word in value for one in groups.get(str(word), (word,)))


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    ops: tuple[str, ...] = ("is",)

    def parse(self, value: object) -> bool:
        """Raises ValueError, "reason | suggestion"."""
        if not isinstance(value, bool):
            raise invalid_value(f"{value!r} is neither true nor false", "write value = true")
        return value


@dataclass(frozen=True, slots=True)
class CalendarName:
    """The name of a calendar, as an option; signals get the `agent.core.calendars.Calendar` itself."""

    ops: tuple[str, ...] = ()

    def parse(self, value: object) -> str:
        """Raises ValueError, "reason | suggestion"."""
        if not isinstance(value, str):
            raise invalid_value(f"{value!r} is not the name of a calendar", 'write calendar = "office"')
        return value


ValueKind = Measure | Vocabulary | Flag | CalendarName


def _parse_percent(text: str) -> float:
    number, unit = units.parse_quantity(text)
    if unit != "%":
        raise ValueError(f'"{text}" is not a percentage')
    return number


def _parse_business_time(text: str) -> float:
    """Seconds of "2 business_hours"."""
    number, unit = units.parse_quantity(text)
    if unit in units.SECONDS_PER_BUSINESS_UNIT:
        return number * units.SECONDS_PER_BUSINESS_UNIT[unit]
    if unit in units.SECONDS_PER_UNIT:
        raise ValueError(f'"{text}" is not in business time, but there is a calendar')
    raise ValueError(f'"{text}" is not a duration in business time')


def _parse_duration(text: str) -> float:
    if any(text.endswith(unit) for unit in (*units.SECONDS_PER_BUSINESS_UNIT, *units.BUSINESS_DAYS)):
        raise ValueError(f'"{text}" is in business time, but there is no calendar')
    return units.parse_duration(text)


def _parse_number(text: str) -> float:
    number, unit = units.parse_quantity(text)
    if unit:
        raise ValueError(f'"{text}" is not a plain number')
    return number


def _parse_chance(text: str) -> float:
    number, unit = units.parse_quantity(text)
    if unit not in {"", "%"}:
        raise ValueError(f'"{text}" is not a chance')
    return number / 100 if unit else number


def _parse_count(text: str) -> float:
    number, unit = units.parse_quantity(text)
    if unit or number != int(number):
        raise ValueError(f'"{text}" is not a whole number')
    return number


PERCENT = Measure(_parse_percent, lambda n: f"{n:.3g} %", 'a percentage, like "10 %"', high=100.0)
DURATION = Measure(_parse_duration, units.format_duration, 'a duration, like "5 minutes"')
BUSINESS_TIME = Measure(_parse_business_time, units.format_duration, 'business time, like "2 business_hours"')
CALENDAR = CalendarName()
COUNT = Measure(_parse_count, lambda n: f"{n:g}", "a whole number, like 3", whole=True)
NUMBER = Measure(_parse_number, lambda n: f"{n:.3g}" if n < 1000 else f"{n:,.0f}", "a number, like 1.5")
CHANCE = Measure(_parse_chance, lambda n: f"{n:.0%}", "a chance, like 0.30", low=0.01, high=0.99)
FLAG = Flag()
ANY_WORD = Vocabulary()


def one_of(*known: str) -> Vocabulary:
    """The words that a signal can say."""
    return Vocabulary(frozenset(known))


def compare_values(op: str, reading: SignalValue, wanted: object) -> bool | None:
    """Whether `reading op wanted`; None where the reading is unknown."""
    if reading is None:
        return None
    if op in ORDER_OPERATORS:
        return ORDER_OPERATORS[op](cast("float", reading), cast("float", wanted))  # a Measure has no other
    said = reading if isinstance(reading, frozenset) else {reading}
    among = wanted if isinstance(wanted, frozenset) else {wanted}
    return (not said.isdisjoint(among)) == (op in {"is", "in"})


def format_value(kind: ValueKind, reading: SignalValue) -> str:
    """A reading as a person says it: "8 %", "2 h 5 min", "jammed, offline"."""
    if isinstance(kind, Measure) and isinstance(reading, int | float):
        return kind.format_number(reading)
    if isinstance(reading, frozenset):
        return ", ".join(sorted(reading))
    return "unknown" if reading is None else str(reading)
