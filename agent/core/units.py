"""Human units: "5 minutes", "95 %", "2h", "20:00-06:00". One grammar for config and rules."""

import re
import time
from dataclasses import dataclass
from typing import Self

SECONDS_PER_UNIT = {
    "ms": 0.001, "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "week": 604800, "weeks": 604800,
}  # fmt: skip

SECONDS_PER_BUSINESS_UNIT = {
    "business_hour": 3600, "business_hours": 3600, "business_minute": 60, "business_minutes": 60,
}  # fmt: skip

BUSINESS_DAYS = ("business_day", "business_days")  # as long as the calendar's usual day

_QUANTITY = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([A-Za-z_%]*)\s*")


def parse_quantity(text: str) -> tuple[float, str]:
    """("5 days") -> (5.0, "days"). Raises ValueError for anything but a number and one unit."""
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(f'"{text}" is not a number with a unit, like "5 minutes" or "95 %"')
    return float(found[1]), found[2]


def parse_duration(text: str) -> float:
    """Seconds of "30s", "5 minutes", "2h", "1 day". Raises ValueError with a suggestion."""
    number, unit = parse_quantity(text)
    if unit not in SECONDS_PER_UNIT:
        raise ValueError(f'"{text}" is not a duration: write a number and s, m, h, d or w, like "5 minutes"')
    if number < 0:
        raise ValueError(f'"{text}" is below zero')
    return number * SECONDS_PER_UNIT[unit]


def format_duration(seconds: float) -> str:
    """A duration as a person says it, in its two largest units: "2 h 5 min", "3 days 4 h"."""
    left = round(seconds)
    parts = []
    for name, size in (("day", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'s' if name == 'day' and count > 1 else ''}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def counted(number: int, noun: str) -> str:
    """Format a count with its noun: "1 printer", "2 printers", "0 printers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def with_article(noun: str) -> str:
    """ "an alert", "a device"."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


@dataclass(frozen=True, slots=True)
class HourRange:
    """Hours of the day, in minutes since local midnight; they may span it."""

    begins: int
    ends: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "20:00-06:00". Raises ValueError with a suggestion."""
        found = re.fullmatch(r"\s*([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)\s*", text)
        if not found:
            raise ValueError(f'"{text}" are no hours | write them like "20:00-06:00"')
        hours = [int(part) for part in found.groups()]
        return cls(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])

    def covers_time(self, now: float) -> bool:
        """Whether `now` (seconds since 1970) lies in them, by this machine's time zone."""
        local = time.localtime(now)
        minute = local.tm_hour * 60 + local.tm_min
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends
