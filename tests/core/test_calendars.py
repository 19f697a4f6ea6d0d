"""Business time: the clock of a service agreement, across weekends, holidays and clock changes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.calendars import ALWAYS_OPEN, WEEKDAYS, Calendar, load_time_zone, parse_hours

CHICAGO = Calendar(
    zone=ZoneInfo("America/Chicago"),
    week=dict.fromkeys(WEEKDAYS[:5], parse_hours("08:00-17:00")),
    holidays=frozenset({date(2026, 11, 26)}),
)
ROUND_THE_CLOCK = Calendar(zone=ZoneInfo("America/Chicago"), always=True)
HOUR = 3600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


DUE = [
    ("Friday afternoon, four hours", CHICAGO, "2026-11-20T21:40:09+00:00", 4, "2026-11-23T10:40:09-06:00"),
    ("Friday afternoon, eight hours", CHICAGO, "2026-11-20T21:40:09+00:00", 8, "2026-11-23T14:40:09-06:00"),
    ("the day before a holiday", CHICAGO, "2026-11-25T22:00:00+00:00", 4, "2026-11-27T11:00:00-06:00"),
    ("on a Saturday", CHICAGO, "2026-11-21T12:00:00+00:00", 4, "2026-11-23T12:00:00-06:00"),
    ("over a clock change", ROUND_THE_CLOCK, "2026-10-31T23:00:00-05:00", 4, "2026-11-01T02:00:00-06:00"),
    ("to the minute of closing", CHICAGO, "2026-11-20T14:00:00+00:00", 9, "2026-11-20T17:00:00-06:00"),
]


@pytest.mark.parametrize(("story", "calendar", "start", "target", "due"), DUE, ids=[it[0] for it in DUE])
def test_when_it_is_due(story: str, calendar: Calendar, start: str, target: int, due: str) -> None:
    assert calendar.add_open_seconds(at(start), target * HOUR) == at(due)
    assert calendar.count_open_seconds(at(start), at(due)) == target * HOUR


LIVED = [
    ("a night has no business time", CHICAGO, "2026-11-19T17:00:00-06:00", "2026-11-20T08:00:00-06:00", 0),
    ("a weekend has none either", CHICAGO, "2026-11-20T17:00:00-06:00", "2026-11-23T08:00:00-06:00", 0),
    ("a week has forty-five hours", CHICAGO, "2026-11-16T00:00:00-06:00", "2026-11-23T00:00:00-06:00", 45),
    ("the last day of summer time has 25", ROUND_THE_CLOCK, "2026-11-01T00:00:00-05:00", "2026-11-02T00:00:00-06:00", 25),
    ("the first day of summer time has 23", ROUND_THE_CLOCK, "2026-03-08T00:00:00-06:00", "2026-03-09T00:00:00-05:00", 23),
    ("backwards there is none", CHICAGO, "2026-11-20T16:00:00-06:00", "2026-11-20T09:00:00-06:00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("story", "calendar", "begin", "end", "lived"), LIVED, ids=[it[0] for it in LIVED])
def test_how_much_of_it_went_by(story: str, calendar: Calendar, begin: str, end: str, lived: float) -> None:
    assert calendar.count_open_seconds(at(begin), at(end)) == lived * HOUR


def test_open_and_next_open() -> None:
    evening, morning = at("2026-11-25T18:00:00-06:00"), at("2026-11-27T08:00:00-06:00")
    assert not CHICAGO.is_open(evening)
    assert CHICAGO.next_opening(evening) == morning  # Thursday is a holiday
    assert CHICAGO.is_open(morning)
    assert CHICAGO.next_opening(morning + 60) == morning + 60
    assert ALWAYS_OPEN.is_open(0.0)


def test_a_place_that_never_opens_is_never_due() -> None:
    never = Calendar(zone=UTC)
    assert (
        never.next_opening(0.0),
        never.add_open_seconds(0.0, 60.0),
        never.count_open_seconds(0.0, 9e6),
    ) == (None, None, 0.0)


def test_hours_are_spans_of_a_day() -> None:
    assert parse_hours("08:00-12:00, 13:00-24:00") == ((time(8), time(12)), (time(13), time(0)))


@pytest.mark.parametrize(
    "text",
    [
        "8-17",
        "08:00",
        "",
        "08:00-12:00, 11:00-17:00",
        "09:00-09:00",
        "24:00-06:00",
        "20:00-24:00, 00:00-06:00",
        "08:00-24:00, 10:00-12:00",
        "20:00-06:00, 08:00-12:00",
    ],
)
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\| write"):
        parse_hours(text)


def test_the_zone_of_a_place_is_looked_up() -> None:
    assert load_time_zone("Europe/Vienna").key == "Europe/Vienna"
    for wrong in ("Mars/Olympus", "", "../etc"):
        with pytest.raises(ValueError, match="is not a time zone"):
            load_time_zone(wrong)


def test_without_a_zone_it_is_the_time_of_this_machine() -> None:
    here = Calendar(week={"mon": parse_hours("08:00-17:00")})
    noon = datetime(2026, 11, 23, 12).timestamp()  # noqa: DTZ001 - this machine's own time is meant
    assert here.is_open(noon)


NIGHTS = Calendar(zone=UTC, week=dict.fromkeys(WEEKDAYS[:5], parse_hours("20:00-06:00")))


def test_a_night_runs_over_midnight_into_a_day_without_hours() -> None:
    friday = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
    hours = [NIGHTS.is_open(friday + hour * 3600) for hour in range(48)]
    assert [hour for hour, it in enumerate(hours) if it] == [*range(6), *range(20, 30)]
    assert NIGHTS.count_open_seconds(friday, friday + 48 * 3600) == 16 * 3600
    assert NIGHTS.add_open_seconds(friday + 5 * 3600, 2 * 3600) == friday + 21 * 3600
    assert NIGHTS.next_opening(friday + 12 * 3600) == friday + 20 * 3600


def _minute(it: time) -> time:
    return it.replace(second=0, microsecond=0)


SPANS = st.lists(st.tuples(st.times().map(_minute), st.times().map(_minute)), max_size=3)


@settings(max_examples=30, deadline=None)
@given(week=st.lists(SPANS, min_size=7, max_size=7), begin=st.integers(0, 10_000), hours=st.integers(1, 60))
def test_business_time_is_the_minutes_that_are_open_for_any_set_of_spans(week, begin, hours) -> None:
    place = Calendar(zone=UTC, week={day: tuple(it) for day, it in zip(WEEKDAYS, week, strict=True)})
    since, until = 1_800_000_000.0 // 60 * 60 + begin * 60, 0.0
    until = since + hours * 3600
    lived = sum(60.0 for minute in range(hours * 60) if place.is_open(since + minute * 60))
    assert place.count_open_seconds(since, until) == lived
    if lived:
        due = place.add_open_seconds(since, lived)
        assert due is not None
        assert since < due <= until
        assert place.count_open_seconds(since, due) == lived
