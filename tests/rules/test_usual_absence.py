"""Silence beyond the usual: what of a printer's silences is learned, and what never is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.core.calendars import Calendar, parse_hours
from agent.rules.functions import device_overdue_for
from agent.rules.signals import SignalQuery
from agent.rules.subjects import Subject

HOUR, DAY = 3600.0, 86400.0
MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
OFFICE = Calendar(name="office", zone=UTC, week={day: parse_hours("08:00-17:00") for day in ("mon", "tue", "wed", "thu", "fri")})  # fmt: skip


def overdue(printer: Any, silent: list[tuple[float, float]], since: float, now: float, **options: Any) -> Any:
    """Hours overdue; times in hours since Monday, 2 March, 00:00 UTC."""
    at = [(MONDAY + begin * HOUR, MONDAY + end * HOUR) for begin, end in silent]
    facts = printer.silent(MONDAY + now * HOUR, MONDAY + since * HOUR, silences=tuple(at))
    found = device_overdue_for.read(SignalQuery(Subject(per="device", key=""), facts, options))
    return round(found / HOUR, 2)


def night(day: int, begin: float = 18.0, end: float = 31.0) -> tuple[float, float]:
    return (24 * day + begin, 24 * day + end)


CASES: list[tuple[str, list[tuple[float, float]], float, float, float]] = [
    ("never silent before", [], 10, 15, 5),
    ("a night, by office hours", [], 18, 24 + 8, 0),
    ("the second night", [night(0)], 24 + 18, 48 + 7, 0),
    ("a late evening", [night(0)], 24 + 19.5, 48 + 7, 0),
    ("an early evening within the hour", [night(0)], 24 + 17.2, 48 + 7, 0),
    ("dead after the second night, with an hour of grace", [night(0, 15, 34)], 24 + 15, 48 + 13, 2),
    ("off from ten to three each day", [(10, 15)], 24 + 10, 24 + 15, 0),
    ("and not back at three", [(10, 15)], 24 + 10, 24 + 17, 1),
    ("off at another time than ever", [(10, 12)], 24 + 13, 24 + 16, 3),
    ("nine days later the habit is forgotten", [(10, 15)], 9 * 24 + 10, 9 * 24 + 14, 4),
    ("a whole working day is no habit after once", [(8, 17)], 24 + 8.5, 24 + 12, 3.5),
    ("three days of repair are no habit", [(10, 82)], 7 * 24 + 10, 7 * 24 + 16, 6),
    ("off on Friday afternoon until Monday, learned after once", [night(4, 14, 80)], 11 * 24 + 14, 11 * 24 + 17, 0),
    ("two Fridays and Mondays off are learned after twice", [night(3, 17, 128), night(10, 17, 128)], 17 * 24 + 17, 21 * 24 + 17, 0),
    ("but not after once", [night(3, 17, 128)], 10 * 24 + 17, 14 * 24 + 17, 18),
    ("a blip of ten minutes excuses nothing", [(10, 10.2)], 24 + 10.5, 24 + 16, 5.5),
    ("the future teaches nothing", [(60, 80)], 10, 15, 5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("silent", "since", "now", "hours"), [it[1:] for it in CASES], ids=[it[0] for it in CASES]
)
def test_usual_absence(printer: Any, silent: Any, since: float, now: float, hours: float) -> None:
    assert overdue(printer, silent, since, now, calendar=OFFICE) == hours


def test_without_a_calendar_all_time_counts_but_a_night_is_learned(printer: Any) -> None:
    assert overdue(printer, [], 18, 31) == 13
    assert overdue(printer, [night(0)], 42, 55) == 0
    assert overdue(printer, [night(0, 10, 31)], 34, 50) == 16  # 21 hours are no night


def test_an_answer_ends_it_and_a_printer_never_heard_is_unknown(printer: Any) -> None:
    asked = SignalQuery(Subject(per="device", key=""), printer.facts(MONDAY), {})
    assert device_overdue_for.read(asked) == 0.0
    never = SignalQuery(Subject(per="device", key=""), printer.facts(MONDAY, last_answer=None), {})
    assert device_overdue_for.read(never) is None


def test_control_without_what_is_learned_a_night_of_the_site_counts(
    printer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_overdue_for, "find_expected_return", lambda _silences, since, _calendar: since)
    assert overdue(printer, [(10, 15)], 34, 39, calendar=OFFICE) == 5
