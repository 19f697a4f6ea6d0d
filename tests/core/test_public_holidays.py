"""A calendar that names a country and a region is closed on their public holidays, in every year."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from agent.core.calendar_form import CalendarForm
from agent.core.public_holidays import PublicHolidays

OFFICE = {"timezone": "Europe/Berlin", "mon_fri": "08:00-17:00"}
BERLIN = ZoneInfo("Europe/Berlin")

CLOSED = [
    # country, region, day, closed: from the holiday laws of the places
    ("DE", "", "2026-12-25", True),
    ("DE", "BY", "2027-01-06", True),  # Epiphany, in Bavaria
    ("DE", "", "2027-01-06", False),
    ("DE", "BY", "2031-05-22", True),  # Ascension Day moves with Easter
    ("US", "", "2026-11-26", True),  # the fourth Thursday of November
    ("US", "", "2026-07-03", True),  # 4 July is a Saturday: observed on Friday
    ("US", "", "2026-11-27", False),
    ("US", "", "2026-11-25", False),
]


@pytest.mark.parametrize(("country", "region", "day", "closed"), CLOSED)
def test_it_is_closed_on_the_public_holidays(country: str, region: str, day: str, closed: bool) -> None:
    form = CalendarForm.model_validate({**OFFICE, "country": country, "region": region})
    calendar = form.build_calendar("office", None)
    assert (
        calendar.is_open(datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=BERLIN).timestamp())
        is not closed
    )


def test_own_dates_are_added_and_named_in_order() -> None:
    form = CalendarForm.model_validate({**OFFICE, "country": "DE", "holidays": ["2026-12-24"]})
    holidays = form.build_calendar("office", None).holidays
    assert date(2026, 12, 24) in holidays
    assert date(2026, 12, 25) in holidays
    assert isinstance(holidays, PublicHolidays)
    names = dict(holidays.names_of(2026))
    assert names[date(2026, 12, 24)] == ""
    assert names[date(2026, 12, 25)]
    assert list(names) == sorted(names)


WRONG = [
    ({"country": "XX"}, 'no holidays are known of the country "XX"', "ISO 3166"),
    ({"country": "de"}, 'the country "de"', 'write it in capitals: "DE"'),
    ({"country": "DE", "region": "BAY"}, 'the region "BAY" of DE', "did you mean"),
    ({"region": "BY"}, 'region "BY" needs its country', "add country"),
]


@pytest.mark.parametrize(("given", "reason", "hint"), WRONG)
def test_a_wrong_country_says_what_to_write(given: dict[str, str], reason: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CalendarForm.model_validate(OFFICE | given)
    assert reason in str(caught.value)
    assert hint in str(caught.value)
