"""The feedback of the provider's desk, and its requests: parsing of a page of GET /v1/feedback. Pure.

    {"feedback": [{"number": 41, "schema": "mps.feedback/1", "ticket_id": "…", …}, …], "last": 41}

- Each entry is feedback on a ticket (mps.feedback/1), or a request to the site (mps.request/1).
- Numbers rise. The next page is requested by the highest number that was read, even if that entry could not
  be parsed: one bad entry does not stop the next.
- `last` is the highest number that the desk has given to this site. If it lies below what was read already,
  the provider went back to a backup, or is another one: then everything is read again, which does no harm.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from uplink.errors import Unreachable
from uplink.events.feedback import Feedback
from uplink.events.request import ProviderRequest

MAX_NUMBER = 2**53  # beyond it, numbers in JSON are not exact everywhere (RFC 8259, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackPage:
    """One page of feedback."""

    entries: tuple[Feedback, ...]  # in order
    requests: tuple[ProviderRequest, ...] = ()  # in order
    reached: int  # the number to go on from
    unreadable: int = 0  # entries that do not follow the schema
    restarted: bool = False  # the desk counts anew: ask again from 0

    @property
    def has_more(self) -> bool:
        """True if there may be another page."""
        return bool(self.entries or self.requests or self.unreadable)


def parse_page(body: bytes, after: int) -> FeedbackPage:
    """Parse the answer to a request for feedback after `after`. Raises Unreachable if it is not a page."""
    try:
        told = json.loads(body)
        listed, last = told["feedback"], told.get("last")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:
        raise Unreachable("answered without feedback: a captive portal or a proxy?") from why
    if not isinstance(listed, list):
        raise Unreachable("answered with feedback that is no list")
    if type(last) is int and last < after:
        return FeedbackPage(entries=(), reached=0, restarted=True)
    numbered = {
        number: one for one in listed if (number := _entry_number(one)) is not None and number > after
    }
    parsed = [one for number in sorted(numbered) if (one := _parse_entry(numbered[number])) is not None]
    return FeedbackPage(
        entries=tuple(one for one in parsed if isinstance(one, Feedback)),
        requests=tuple(one for one in parsed if isinstance(one, ProviderRequest)),
        reached=max(numbered, default=after),
        unreadable=len(numbered) - len(parsed),
    )


def _entry_number(one: Any) -> int | None:
    number = one.get("number") if isinstance(one, Mapping) else None
    return number if type(number) is int and 0 < number <= MAX_NUMBER else None


def _parse_entry(one: Mapping[str, Any]) -> Feedback | ProviderRequest | None:
    if not _is_storable(one):
        return None
    model = ProviderRequest if one.get("schema") == "mps.request/1" else Feedback
    try:
        return model.model_validate(one)
    except ValidationError:
        return None


def _is_storable(value: Any) -> bool:
    """Check that no number in `value` is beyond what JSON and SQLite hold exactly."""
    if isinstance(value, int | float):
        return abs(value) <= MAX_NUMBER
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return all(map(_is_storable, inner))
