"""The form of a calendar in rule files and contract files: opening hours and holidays.

    timezone = "America/Chicago"     mon_fri = "08:00-12:00, 13:00-17:00"
    country = "US"                   region = "IL"
    holidays = ["2026-11-27"]        always = true, instead of hours

Each type refuses with "reason | suggestion", which `agent.core.toml` makes a complaint of.
"""

from collections.abc import Container
from datetime import date, tzinfo
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from agent.core import calendars, public_holidays
from agent.core.public_holidays import PublicHolidays

DAY_KEYS = (*calendars.WEEKDAYS, *calendars.DAY_GROUPS)
HOURS_PATTERN = r"^\d\d:\d\d\s*-\s*\d\d:\d\d(\s*,\s*\d\d:\d\d\s*-\s*\d\d:\d\d)*$"


def _parse_hours(value: object) -> object:
    if not isinstance(value, str):
        hint = 'write hours in one pair of quotes: "08:00-12:00, 13:00-17:00"'
        raise ValueError(f"{value} is no text | {hint}")  # noqa: TRY004 - pydantic takes ValueError
    return calendars.parse_hours(value)


def _parse_zone(value: object) -> tzinfo:
    return calendars.load_time_zone(str(value))


def parse_day(value: object) -> date:
    """The day "2026-12-25". Raises ValueError, "reason | suggestion"."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f'"{value}" is not a day | write year, month, day: "2026-12-25"') from None


def _json_schema(**said: Any) -> WithJsonSchema:
    return WithJsonSchema(said, mode="validation")


OpeningHours = Annotated[
    tuple[calendars.ClockRange, ...],
    BeforeValidator(_parse_hours),
    _json_schema(type="string", pattern=HOURS_PATTERN, examples=["08:00-12:00, 13:00-17:00"]),
]
Zone = Annotated[
    tzinfo, BeforeValidator(_parse_zone), _json_schema(type="string", examples=["Europe/Berlin"])
]
Day = Annotated[date, BeforeValidator(parse_day), _json_schema(type="string", format="date")]


class CalendarForm(BaseModel):
    """[calendar.…]: opening hours."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True
    )

    timezone: Zone | None = None
    """A name of the IANA database, "Europe/Berlin". Without it: the time of the agent's machine."""
    mon: OpeningHours = ()
    tue: OpeningHours = ()
    wed: OpeningHours = ()
    thu: OpeningHours = ()
    fri: OpeningHours = ()
    sat: OpeningHours = ()
    sun: OpeningHours = ()
    mon_fri: OpeningHours = ()
    """The days from Monday to Friday that have no hours of their own."""
    mon_sun: OpeningHours = ()
    """The days that have no hours of their own."""
    country: str = ""
    """Its public holidays are closed: "DE", "US" (ISO 3166-1)."""
    region: str = ""
    """Those of this part of the country, too: "BY", "IL" (ISO 3166-2 after the hyphen)."""
    holidays: Annotated[tuple[Day, ...], Field(strict=False)] = ()
    """Days on which it is closed: "2026-12-25"."""
    always: bool = False
    """Open every minute of every day."""

    @model_validator(mode="after")
    def _require_hours(self) -> "CalendarForm":
        if not self.always and not any(getattr(self, day) for day in DAY_KEYS):
            raise ValueError('never opens | add mon_fri = "08:00-17:00", or always = true')
        return self

    @model_validator(mode="after")
    def _check_country(self) -> "CalendarForm":
        if self.region and not self.country:
            raise ValueError(f'region "{self.region}" needs its country | add country = "…"')
        if self.country:
            public_holidays.check_country(self.country, self.region)
        return self

    def build_calendar(self, name: str, zone: tzinfo | None) -> calendars.Calendar:
        """Build the calendar; without a time zone of its own it has `zone`."""
        week = {}
        for day in calendars.WEEKDAYS:
            around = [key for key, days in calendars.DAY_GROUPS.items() if day in days]
            week[day] = next((hours for key in (day, *around) if (hours := getattr(self, key))), ())
        own = frozenset(self.holidays)
        closed: Container[date] = own
        if self.country:
            closed = PublicHolidays(country=self.country, region=self.region, own=own)
        return calendars.Calendar(
            name=name, zone=self.timezone or zone, week=week, holidays=closed, always=self.always
        )
