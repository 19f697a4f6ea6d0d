"""Business time: when somebody is there, by the clock of a place.

    [calendar.office]
    timezone = "America/Chicago"          # without it: this machine's
    mon_fri = "08:00-12:00, 13:00-17:00"  # any of mon … sun, mon_fri, mon_sun
    holidays = ["2026-11-26"]             # closed all day
    always = true                         # instead of hours: every minute of every day

Wall-clock hours become instants day by day, so that an hour that a clock change adds or takes away is
counted as it was lived: 24 × 7 has 25 hours on the last day of summer time. Pure: times are arguments,
in seconds since 1970-01-01 UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEVERAL = {"mon_fri": DAYS[:5], "mon_sun": DAYS}
FOREVER = 1500  # days: further ahead nobody plans

Hours = tuple[time, time]
Span = tuple[float, float]


def hours(text: str) -> tuple[Hours, ...]:
    """The spans of "08:00-12:00, 13:00-17:00", in order. Raises ValueError, "reason | suggestion"."""
    found: list[Hours] = []
    for part in text.split(","):
        begin, dash, end = (piece.strip() for piece in part.partition("-"))
        try:
            span = (_clock(begin), _clock(end))
        except ValueError:
            dash = ""
        if not dash:
            raise ValueError(f'"{text}" is not a span of hours | write it like "08:00-17:00"')
        if (found and span[0] < found[-1][1]) or span[0] >= span[1] != time(0):
            raise ValueError(f'"{text}" does not run forward | write spans in order, like "08:00-17:00"')
        found.append(span)
    return tuple(found)


def _clock(text: str) -> time:
    """ "17:00"; "24:00" is the midnight that ends the day."""
    return time(0) if text == "24:00" else time.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a place is open. `zone` None is this machine's own time zone."""

    name: str = ""
    zone: tzinfo | None = None
    week: Mapping[str, tuple[Hours, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    always: bool = False
    _days: dict[date, tuple[Span, ...]] = field(default_factory=dict, repr=False, compare=False)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The open spans of one day, as instants."""
        if day not in self._days:
            self._days[day] = tuple(self._spans(day))
        return self._days[day]

    def _spans(self, day: date) -> Iterator[Span]:
        after = day + timedelta(days=1)
        if self.always:
            yield self.at(day, time(0)), self.at(after, time(0))
        elif day not in self.holidays:
            for begin, end in self.week.get(DAYS[day.weekday()], ()):
                yield self.at(day, begin), self.at(day, end) if end != time(0) else self.at(after, end)

    def at(self, day: date, clock: time) -> float:
        """The instant of a wall-clock time; where the clock shows it twice, the first."""
        return datetime.combine(day, clock, self.zone).timestamp()

    def midnight(self, at: float) -> float:
        """When the day of `at` began there."""
        return self.at(self.day(at), time(0))

    def day(self, at: float) -> date:
        """Which day it is there."""
        return datetime.fromtimestamp(at, self.zone).date()

    def is_open(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self.spans(self.day(at)))

    def opens(self, at: float) -> float | None:
        """When it is open next: `at` itself if it is; None if it does not open again."""
        return next((max(begin, at) for begin, end in self._from(at)), None)

    def elapsed(self, begin: float, end: float) -> float:
        """Open seconds between two instants."""
        total = 0.0
        for opens, closes in self._from(begin):
            if opens >= end:
                break
            total += max(0.0, min(closes, end) - max(opens, begin))
        return total

    def due(self, begin: float, seconds: float) -> float | None:
        """The instant when `seconds` of open time have gone by; None if that never comes."""
        left = seconds
        for opens, closes in self._from(begin):
            here = closes - max(opens, begin)
            if here >= left:
                return max(opens, begin) + left
            left -= here
        return None

    def _from(self, at: float) -> Iterator[Span]:
        """The open spans that end after `at`, for some years."""
        day = self.day(at)
        for ahead in range(FOREVER):
            yield from (span for span in self.spans(day + timedelta(days=ahead)) if span[1] > at)


ALWAYS = Calendar(name="always", zone=UTC, always=True)


def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ValueError, "reason | suggestion"."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f'"{name}" is not a time zone | write one of the IANA database, like "Europe/Berlin"'
        ) from None
