"""What a life counter says of a printer's days: glitches, resets, holidays, weekends, and the site's tide."""

import pytest

from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.usage import UsageModel
from tests.forecast.conftest import DAY, MONDAY


def fed(counts: list[int], step: float = DAY) -> UsageModel:
    habit = UsageModel()
    for number, count in enumerate(counts):
        habit.add_count(MONDAY + number * step, count)
    return habit


CASES = [
    # what happened, counter readings, pages that were printed
    ("nothing odd", [100, 150, 200], 100),
    ("a zero in between", [100, 150, 0, 200], 100),
    ("all ones in between", [100, 150, 4294967295, 200], 100),
    ("a board was swapped", [100, 150, 7, 27, 47], 90),
    ("a board was swapped for one that had printed more", [100, 150, 900_000, 900_020], 70),
    ("a glitch, then another", [100, 0, 150, 0, 200], 100),
    ("it stands still", [100, 100, 100], 0),
]


@pytest.mark.parametrize(("what", "counts", "pages"), CASES, ids=[case[0] for case in CASES])
def test_pages_are_counted_across_what_happens_to_counters(what: str, counts: list[int], pages: int) -> None:
    assert fed(counts).pages == pages, what


def weeks(*days: int) -> list[int]:
    counts = [0]
    for printed in days:
        counts.append(counts[-1] + printed)
    return counts


OFFICE = (100, 100, 100, 100, 100, 0, 0)


def test_weekends_are_expected_to_be_quiet() -> None:
    habit = UsageModel()
    for number, count in enumerate(weeks(*OFFICE * 12)):
        habit.add_count(MONDAY + number * DAY - 0.1 * DAY, count)
    assert min(habit.due[:5]) > 80.0
    assert max(habit.due[5:]) < 20.0
    assert habit.week == pytest.approx(500.0, rel=0.1)


def test_a_holiday_of_a_week_teaches_nothing() -> None:
    def usual(days: tuple[int, ...]) -> float:
        habit = UsageModel()
        for number, count in enumerate(weeks(*days)):
            habit.add_count(MONDAY + number * DAY - 0.1 * DAY, count)
        return habit.week

    assert usual(OFFICE * 8 + (0,) * 7) == pytest.approx(usual(OFFICE * 8), rel=0.05)


def test_what_was_printed_in_a_long_silence_is_shared_among_its_days() -> None:
    habit = UsageModel()
    for number, count in enumerate(weeks(*OFFICE * 8)):
        habit.add_count(MONDAY + number * DAY - 0.1 * DAY, count)
    before = habit.week
    habit.add_count(habit.at + 14 * DAY, int(habit.count or 0) + 1000)
    assert habit.week == pytest.approx(before, rel=0.15)


def test_the_tide_turns_when_the_whole_site_prints_ten_times_as_much() -> None:
    site = SiteTrend()
    for day in range(3):
        for _ in range(10):
            site.add_day(day, 10.0, 0.5)
    assert 4.0 < site.factor < 10.0


def test_one_busy_printer_is_no_tide() -> None:
    site = SiteTrend()
    for day in range(3):
        site.add_day(day, 10.0, 0.5)
        for _ in range(20):
            site.add_day(day, 1.0, 0.5)
    assert site.factor < 1.4


def test_closed_days_say_nothing_of_the_tide() -> None:
    site = SiteTrend()
    for day in range(10):
        for _ in range(10):
            site.add_day(day, 0.0, 1.0)
    assert site.factor == 1.0
