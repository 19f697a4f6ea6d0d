"""Business time: the opening hours of a place, by its own clock.

    [calendar.office]
    timezone = "America/Chicago"          # without it: this machine's
    mon_fri = "08:00-12:00, 13:00-17:00"  # any of mon … sun, mon_fri, mon_sun
    sat = "20:00-06:00"                   # until Sunday morning
    holidays = ["2026-11-26"]             # closed all day
    country = "US"                        # closed on its public holidays; region = "IL" for those of a part
    always = true                         # instead of hours: every minute of every day

Wall-clock hours become instants day by day, so that an hour that a clock change adds or takes away is
counted as it really passed: 24 × 7 has 25 hours on the last day of summer time. Pure: times are arguments,
in seconds since 1970-01-01 UTC.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_GROUPS = {"mon_fri": WEEKDAYS[:5], "mon_sun": WEEKDAYS}
MAX_DAYS_AHEAD = 1500  # days that are searched ahead

ClockRange = tuple[time, time]
OpenPeriod = tuple[float, float]


def parse_hours(text: str) -> tuple[ClockRange, ...]:
    """The spans of "08:00-12:00, 20:00-06:00", in order; the last may run over midnight.

    Raises ValueError, "reason | suggestion".
    """
    found: list[ClockRange] = []
    for part in text.split(","):
        span = _parse_span(part, text)
        if found and (_runs_overnight(found[-1]) or span[0] < found[-1][1] or found[-1][1] == time(0)):
            raise ValueError(
                f'"{text}" overlaps or is out of order | '
                'write spans in order, like "08:00-12:00, 20:00-06:00"'
            )
        found.append(span)
    return tuple(found)


def _parse_span(part: str, text: str) -> ClockRange:
    begin, dash, end = (piece.strip() for piece in part.partition("-"))
    try:
        span = (_parse_clock_time(begin), _parse_clock_time(end))
    except ValueError:
        dash = ""
    if not dash:
        raise ValueError(f'"{text}" is not a span of hours | write it like "08:00-17:00"')
    if begin == "24:00" or (span[0] == span[1] and end != "24:00"):
        raise ValueError(f'"{part.strip()}" is no span of time | write "00:00-24:00" for a whole day')
    return span


def _runs_overnight(span: ClockRange) -> bool:
    """True for 20:00-06:00; False for 20:00-24:00."""
    return span[1] <= span[0] and span[1] != time(0)


def _count_seconds(span: ClockRange) -> float:
    """The length of a span by the clock."""
    begin, end = (it.hour * 3600.0 + it.minute * 60.0 + it.second for it in span)
    return end - begin if begin < end else end - begin + 86400.0


def _parse_clock_time(text: str) -> time:
    """ "17:00"; "24:00" is the midnight that ends the day."""
    if not re.fullmatch(r"\d\d:\d\d", text):  # else "08.30" would be 08:00
        raise ValueError(text)
    return time(0) if text == "24:00" else time.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The opening hours of a place. `zone` None is this machine's own time zone."""

    name: str = ""
    zone: tzinfo | None = None
    week: Mapping[str, tuple[ClockRange, ...]] = field(default_factory=dict)
    holidays: Container[date] = frozenset()
    always: bool = False
    _days: dict[date, tuple[OpenPeriod, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def usual_day(self) -> float:
        """Open seconds of a day on which it opens, on average."""
        if self.always:
            return 86400.0
        lengths = [sum(map(_count_seconds, hours)) for hours in self.week.values() if hours]
        return sum(lengths) / len(lengths) if lengths else 0.0

    def open_periods(self, day: date) -> tuple[OpenPeriod, ...]:
        """The open spans that begin on one day, as instants; one may end on the next day."""
        if day not in self._days:
            self._days[day] = tuple(sorted(self._compute_periods(day)))
        return self._days[day]

    def _compute_periods(self, day: date) -> Iterator[OpenPeriod]:
        after = day + timedelta(days=1)
        if self.always:
            yield self.instant_of(day, time(0)), self.instant_of(after, time(0))
        elif day not in self.holidays:
            for begin, end in self.week.get(WEEKDAYS[day.weekday()], ()):
                yield self.instant_of(day, begin), self.instant_of(day if begin < end else after, end)

    def instant_of(self, day: date, clock: time) -> float:
        """The instant of a wall-clock time; where the clock shows it twice, the first."""
        return datetime.combine(day, clock, self.zone).timestamp()

    def start_of_day(self, at: float) -> float:
        """Return the instant at which the local day of `at` began."""
        return self.instant_of(self.local_date(at), time(0))

    def zone_name(self, at: float) -> str:
        """Return the name of the time zone, or else its offset at `at`: "Europe/Berlin", "+01:00"."""
        local = datetime.fromtimestamp(at, self.zone).astimezone(self.zone)
        return str(getattr(self.zone, "key", "")) or local.isoformat()[-6:]

    def local_date(self, at: float) -> date:
        """Return the local date at `at`."""
        return datetime.fromtimestamp(at, self.zone).date()

    def is_open(self, at: float) -> bool:
        today = self.local_date(at)
        days = (today - timedelta(days=1), today)  # a night may have begun yesterday
        return any(begin <= at < end for day in days for begin, end in self.open_periods(day))

    def next_opening(self, at: float) -> float | None:
        """Return the next open instant: `at` itself during opening hours, None if there is none."""
        return next((max(begin, at) for begin, end in self._periods_from(at)), None)

    def count_open_seconds(self, begin: float, end: float) -> float:
        """Open seconds between two instants."""
        total = 0.0
        for opens, closes in self._periods_from(begin):
            if opens >= end:
                break
            total += max(0.0, min(closes, end) - max(opens, begin))
        return total

    def add_open_seconds(self, begin: float, seconds: float) -> float | None:
        """Return the instant after `seconds` of open time; None if there is not so much open time."""
        left = seconds
        for opens, closes in self._periods_from(begin):
            here = closes - max(opens, begin)
            if here >= left:
                return max(opens, begin) + left
            left -= here
        return None

    def _periods_from(self, at: float) -> Iterator[OpenPeriod]:
        """The open time after `at`, for some years, as spans that do not overlap."""
        day, reached = self.local_date(at), at
        for ahead in range(-1, MAX_DAYS_AHEAD):
            for begin, end in self.open_periods(day + timedelta(days=ahead)):
                if end > reached:
                    yield max(begin, reached), end
                    reached = end


ALWAYS_OPEN = Calendar(name="always", zone=UTC, always=True)


def load_time_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ValueError, "reason | suggestion"."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f'"{name}" is not a time zone | write one of the IANA database, like "Europe/Berlin"'
        ) from None
