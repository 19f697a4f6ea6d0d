"""Types of the values in a contract file: spans of business time, dates, shares, patterns.

Each refuses with "reason | suggestion", which `agent.core.toml` makes a complaint of.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from agent.core import units
from agent.core.calendar_form import parse_day
from agent.core.calendars import Calendar

Priority = Literal["P1", "P2", "P3"]
Patterns = Annotated[tuple[str, ...], Field(strict=False)]

SPAN_PATTERN = r"^\s*\d+(\.\d+)?\s*(m|min|minutes?|h|hours?|business_(minutes?|hours?|days?))\s*$"


@dataclass(frozen=True, slots=True)
class BusinessSpan:
    """A span of open time: seconds, and days that are as long as the calendar's usual day."""

    text: str
    seconds: float = 0.0
    days: float = 0.0

    @classmethod
    def parse(cls, value: object) -> "BusinessSpan":
        """The span "4h", "30 min", "2 business_days". Raises ValueError, "reason | suggestion"."""
        text = str(value)
        try:
            number, unit = units.parse_quantity(text)
        except ValueError:
            raise ValueError(f'"{text}" is not a span of time | write "4h" or "2 business_days"') from None
        if number < 0 or number == 0:
            raise ValueError(f'"{text}" is no time at all | write a span above zero, like "4h"')
        if unit in units.BUSINESS_DAYS:
            return cls(text, days=number)
        if unit in {"d", "day", "days", "w", "week", "weeks"}:
            raise ValueError(
                f'"{text}" can be meant in two ways | write "{number:g} business_days" for days of the '
                f'calendar, or hours: "{number * (24 if unit[0] == "d" else 168):g}h" of open time'
            )
        known = units.SECONDS_PER_UNIT | units.SECONDS_PER_BUSINESS_UNIT
        if unit not in known or unit in {"ms", "s", "sec", "second", "seconds"}:
            raise ValueError(
                f'"{text}" has no unit that is known here | write "30 min", "4h" or "2 business_days"'
            )
        return cls(text, seconds=number * known[unit])

    def count_seconds(self, calendar: Calendar) -> float:
        """Return its length in open seconds of `calendar`."""
        return self.seconds + self.days * calendar.usual_day


def _check_share(value: object) -> object:
    if isinstance(value, str):
        number, unit = units.parse_quantity(value)
        if unit != "%":
            raise ValueError(f'"{value}" is not a share | write it like "97 %"')
        value = number
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value <= 100:
            raise ValueError(f"{value:g} % cannot be kept | write a share above 0 and up to 100 %")
        return float(value)
    return value


def _check_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError(
            f'"{value}" is not an id | write letters, digits, hyphens, dots: "K-2201-A", at most 64'
        )
    return value


def _parse_date(value: object) -> object:
    return value if type(value) is date else parse_day(value)


def _json_schema(**said: Any) -> WithJsonSchema:
    return WithJsonSchema(said, mode="validation")


Span = Annotated[
    BusinessSpan,
    BeforeValidator(BusinessSpan.parse),
    _json_schema(type="string", pattern=SPAN_PATTERN, examples=["4h", "30 min", "2 business_days"]),
]
SharePercent = Annotated[
    float, BeforeValidator(_check_share), _json_schema(type=["number", "string"], examples=["97 %"])
]
ContractId = Annotated[str, AfterValidator(_check_id)]
ContractDate = Annotated[date, BeforeValidator(_parse_date), _json_schema(type="string", format="date")]
