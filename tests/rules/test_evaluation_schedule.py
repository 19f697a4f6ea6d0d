"""When a rule has its turn: by the clock of the place, also when that clock changes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.rules.field_types import EvaluationSchedule

VIENNA = ZoneInfo("Europe/Vienna")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


DUE = [
    # story, how often, the last turn, now, whether it is due
    ("the first time always", "daily@07:00", None, "2026-06-01T03:00+02:00", True),
    ("not again on the same day", "daily@07:00", "2026-06-01T07:02+02:00", "2026-06-01T23:59+02:00", False),
    ("not before seven", "daily@07:00", "2026-06-01T07:02+02:00", "2026-06-02T06:59+02:00", False),
    ("from seven on", "daily@07:00", "2026-06-01T07:02+02:00", "2026-06-02T07:00+02:00", True),
    ("late, if nobody looked at seven", "daily@07:00", "2026-06-01T07:02+02:00", "2026-06-02T11:00+02:00", True),
    ("23 hours later, when the clocks go forward", "daily@07:00", "2026-03-28T07:00+01:00", "2026-03-29T07:00+02:00", True),
    ("not 24 hours later by the old clock", "daily@07:00", "2026-10-24T07:00+02:00", "2026-10-25T06:59+01:00", False),
    ("25 hours later, when they go back", "daily@07:00", "2026-10-24T07:00+02:00", "2026-10-25T07:00+01:00", True),
    ("at half past two on the day without that hour", "daily@02:30", "2026-03-28T02:31+01:00", "2026-03-29T03:30+02:00", True),
    ("a quarter past each hour", "hourly@15", "2026-06-01T07:16+02:00", "2026-06-01T08:14+02:00", False),
    ("and then again", "hourly@15", "2026-06-01T07:16+02:00", "2026-06-01T08:15+02:00", True),
    ("on the hour", "hourly", "2026-06-01T07:59+02:00", "2026-06-01T08:00+02:00", True),
    ("six hours after the last one", "6 hours", "2026-06-01T07:00+02:00", "2026-06-01T12:59+02:00", False),
    ("and not earlier", "6 hours", "2026-06-01T07:00+02:00", "2026-06-01T13:00+02:00", True),
    ("a clock that was set back does not silence it", "daily@07:00", "2027-06-01T07:00+02:00", "2026-06-01T08:00+02:00", True),
]  # fmt: skip


@pytest.mark.parametrize(("story", "often", "last", "now", "due"), DUE, ids=[it[0] for it in DUE])
def test_its_turn(story: str, often: str, last: str | None, now: str, due: bool) -> None:
    assert EvaluationSchedule.parse(often).is_due(at(last) if last else None, at(now), VIENNA) is due


@pytest.mark.parametrize("text", ["daily", "daily@7", "daily@24:00", "hourly@60", "0 s", "8 days", "", 5])
def test_what_says_not_how_often_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"\| write"):
        EvaluationSchedule.parse(text)
