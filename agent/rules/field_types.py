"""Types of the values in a rule file: durations, ids, schedules, hours, days.

Each refuses with "reason | suggestion", which `agent.core.toml` makes a complaint of.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from agent.rules import value_kinds

FAULT_PATTERN = r"^[a-z]+(\.[a-z]+)+$"
MAX_INTERVAL = 7 * 86400.0

_NAMED = re.compile(r"daily@(\d\d):(\d\d)|hourly(?:@(\d\d))?")


def _validate_enabled(value: object) -> object:
    if value not in (True, False, "shadow"):
        word = str(value).lower()
        hint = f"{word}, without quotes" if word in {"true", "false"} else '"shadow" to try it out'
        raise ValueError(f'{value!r} is neither true, false nor "shadow" | write enabled = {hint}')
    return value


def _validate_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError(f'"{value}" is not an id | write lower-case words with hyphens, like "toner-low"')
    return value


def _validate_fault_key(value: str) -> str:
    if not re.fullmatch(FAULT_PATTERN, value):
        hint = 'write lower-case words with dots between, like "meter.unused"'
        raise ValueError(f'"{value}" is not the key of a fault | {hint}')
    return value


@dataclass(frozen=True, slots=True)
class EvaluationSchedule:
    """The schedule of a rule that is not evaluated with every reading.

    "daily@07:00", "hourly@15" (a quarter past), or a duration: so many seconds after the last one.
    """

    text: str
    every: float  # seconds
    at: float | None = None  # seconds after the beginning of the day or hour

    @classmethod
    def parse(cls, value: object) -> "EvaluationSchedule":
        """Raises ValueError, "reason | suggestion"."""
        hint = 'write "daily@07:00", "hourly@15" or a duration like "6 hours"'
        text = str(value)
        found = _NAMED.fullmatch(text)
        if found and found[1]:
            at = int(found[1]) * 3600.0 + int(found[2]) * 60.0
            if int(found[1]) > 23 or int(found[2]) > 59:
                raise value_kinds.invalid_value(f'"{text}" is no time of day', hint)
            return cls(text, 86400.0, at)
        if found and int(found[3] or 0) < 60:
            return cls(text, 3600.0, int(found[3] or 0) * 60.0)
        try:
            every = value_kinds.DURATION.parse(value)
        except ValueError:
            every = 0.0
        if not 0 < every <= MAX_INTERVAL:
            raise value_kinds.invalid_value(f'"{text}" says not how often', hint)
        return cls(text, every)

    def is_due(self, last: float | None, now: float, zone: tzinfo | None) -> bool:
        """True if it is due at `now`, having run last at `last`.

        By the clock of the place: 07:00 stays 07:00 when the clocks change. A clock that was set back
        does not silence a rule for longer than one turn.
        """
        if last is None or last > now:
            return True
        if self.at is None:
            return now - last >= self.every
        return last < self.latest_start(now, zone)

    def latest_start(self, now: float, zone: tzinfo | None) -> float:
        """Return the last scheduled time at or before `now`."""
        local = datetime.fromtimestamp(now, zone)
        if self.every == 3600.0:
            into = local.minute * 60.0 + local.second + local.microsecond / 1e6 - (self.at or 0.0)
            return now - into % 3600.0
        clock = time(*divmod(int(self.at or 0.0) // 60, 60))
        today = datetime.combine(local.date(), clock, zone).timestamp()
        if today <= now:
            return today
        return datetime.combine(local.date() - timedelta(days=1), clock, zone).timestamp()


def _json_schema(**said: Any) -> WithJsonSchema:
    return WithJsonSchema(said, mode="validation")


DURATION_PATTERN = r"^\s*\d+(\.\d+)?\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)\s*$"
RuleDuration = Annotated[
    float,
    BeforeValidator(value_kinds.DURATION.parse),
    _json_schema(type="string", pattern=DURATION_PATTERN, examples=["5 minutes", "2h", "3 days"]),
]
Enabled = Annotated[
    bool | str, BeforeValidator(_validate_enabled, json_schema_input_type=bool | Literal["shadow"])
]
RuleId = Annotated[
    str, AfterValidator(_validate_id), _json_schema(type="string", pattern="^[a-z0-9]+(-[a-z0-9]+)*$")
]
FaultKey = Annotated[
    str, AfterValidator(_validate_fault_key), _json_schema(type="string", pattern=FAULT_PATTERN)
]
ScheduleValue = Annotated[
    EvaluationSchedule,
    BeforeValidator(EvaluationSchedule.parse),
    _json_schema(type="string", examples=["daily@07:00", "hourly@15", "6 hours"]),
]
