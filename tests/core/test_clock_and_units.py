"""The scaled clock, and human units."""

import time

import pytest

from agent.core import units
from agent.core.clock import Clock, format_iso_time
from agent.rules.subjects import SUBJECT_KINDS


def test_a_scaled_clock_shows_days_in_a_minute():
    clock = Clock(speed=1440, real_start=time.time() - 30, started=1_000_000.0)
    assert clock.now() - 1_000_000 == pytest.approx(30 * 1440, abs=1440)
    assert clock.real_seconds(86400) == 60


def test_processes_share_a_clock_by_its_text():
    clock = Clock.scaled(1440, started=5.0)
    assert Clock.parse(str(clock)) == clock


@pytest.mark.parametrize("text", ["", "fast", "0@0=0", "-1@0=0", "1@x=0"])
def test_a_clock_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        Clock.parse(text)


async def test_sleep_takes_scaled_time():
    clock = Clock.scaled(3600)
    before = clock.now()
    await clock.sleep(60)
    assert clock.now() - before >= 59


def test_iso_is_utc_with_a_z():
    assert format_iso_time(0) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5 minutes", 300), ("2h", 7200), ("1.5 h", 5400), (" 1 day ", 86400)]
)
def test_durations_are_written_as_people_write_them(text, seconds):
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["5", "5 parsecs", "-5 min", "five minutes", "", "1 h 5 min"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"5 minutes|below zero"):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (7500, "2 h 5 min"),
        (86400, "1 day"),
        (273600, "3 days 4 h"),
        (86405, "1 day"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(seconds, said):
    assert units.format_duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 printers"), (1, "1 printer"), (2, "2 printers"), (1500, "1500 printers")]
)
def test_what_is_counted_agrees_with_its_number(number: int, said: str) -> None:
    assert units.counted(number, "printer") == said


def test_a_noun_has_the_article_that_it_is_spoken_with() -> None:
    assert [units.with_article(noun) for noun in SUBJECT_KINDS] == [
        "a device",
        "a supply",
        "an alert",
        "a part",
        "a site",
    ]
