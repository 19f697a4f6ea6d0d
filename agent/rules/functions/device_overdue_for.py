"""device.overdue_for: how long the printer has been silent beyond its usual absences; 0 while it answers.

One night of absence teaches it: a silence that begins within the hours of an earlier one, of the last eight
days, is expected to end when that one ended, and an hour is given. An absence is usual if it leaves most of a
working day free (at most 8 hours of business time, without `calendar` 20 hours in all), or if the same
weekdays had it twice within 30 days. Silent on beyond that time it counts, so a dead printer is reported some
hours later, and never forgotten. With a `calendar` only business time counts.
"""

from collections.abc import Iterator

from agent.core.calendars import Calendar
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import CALENDAR, DURATION, SignalValue

KIND = DURATION
PER = ("device",)
OPTIONS = {"calendar": CALENDAR}
EVIDENCE_TEXT = "silent for {value} beyond its usual hours"
WHEN_UNREACHABLE = True
READS = ("reach", "clock")

Silence = tuple[float, float]
HOUR, DAY = 3600.0, 86400.0
SLACK = HOUR  # that it may begin earlier and end later than before
REMEMBERED = 8  # days
MOST_IN_BUSINESS, MOST_IN_ALL = 8 * HOUR, 20 * HOUR
WEEKS = (7, 14, 21, 28)  # days after which the same weekday comes again


def read(asked: SignalQuery) -> SignalValue:
    facts, calendar = asked.facts, asked.options.get("calendar")
    if facts.last_answer is None:
        return None
    if facts.answers_in_a_row:
        return 0.0
    hours = calendar if isinstance(calendar, Calendar) else None
    begin = find_expected_return(facts.silences, facts.last_answer, hours)
    if hours is not None:
        return hours.count_open_seconds(begin, max(begin, facts.now))
    return max(0.0, facts.now - begin)


def find_expected_return(silences: tuple[Silence, ...], since: float, calendar: Calendar | None) -> float:
    """Return when a printer that fell silent then should be back by its earlier silences; else `since`."""
    daily = _list_returns([it for it in silences if _is_short(it, calendar)], since, range(1, REMEMBERED + 1))
    weekly = sorted(_list_returns(silences, since, WEEKS))
    return max([since, *daily, *weekly[:-1][-1:]])


def _is_short(silence: Silence, calendar: Calendar | None) -> bool:
    """True if it left most of a working day free."""
    begin, end = silence
    if calendar is None:
        return end - begin <= MOST_IN_ALL
    return calendar.count_open_seconds(begin, end) <= MOST_IN_BUSINESS


def _list_returns(
    silences: tuple[Silence, ...] | list[Silence], since: float, days: range | tuple[int, ...]
) -> Iterator[float]:
    """The ends of earlier silences, so many days later, whose hours hold the beginning of this one."""
    for begin, end in silences:
        for ahead in days:
            later = ahead * DAY
            if end <= since and begin + later - SLACK <= since <= end + later:
                yield end + later + SLACK
