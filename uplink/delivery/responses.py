"""Reading of HTTP answers to a batch. Pure: no socket, no clock, no queue.

    2xx with a receipt that names our events    delivered, item by item
    2xx without (a captive portal, say), 3xx    Unreachable: the answer is not the receiver's
    408, 425, 429, 5xx                          Throttled, with its Retry-After as a floor
    500                                         ServerFault: likewise; an event that causes it is set aside
    409                                         InFlight: the same bytes again
    413                                         TooLarge: halve
    400, 415, 422                               Poisoned: halve; `outbox.refusals` decides on a single event
    401                                         CredentialRefused: renew once, then hold and probe
    … with the problem type "unknown-agent"     UnknownAgent: a person must enrol it again
    403, 404, 410 and every other 4xx           Blocked: hold and probe; nothing is thrown away

A 2xx alone is never a delivery: only a receipt is.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from uplink.delivery.retry import parse_retry_after
from uplink.errors import (
    Blocked,
    CredentialRefused,
    DeliveryError,
    InFlight,
    Later,
    Poisoned,
    Refused,
    ServerFault,
    Throttled,
    TooLarge,
    UnknownAgent,
    Unreachable,
)
from uplink.sanitize import one_line

UNKNOWN_AGENT = "urn:problem-type:mps:unknown-agent"
LATER_BY_STATUS: Mapping[int, type[Later]] = {
    408: Throttled, 425: Throttled, 429: Throttled, 409: InFlight, 500: ServerFault,
}  # fmt: skip
REFUSED_BY_STATUS: Mapping[int, type[Refused]] = {413: TooLarge, 400: Poisoned, 415: Poisoned, 422: Poisoned}


class ItemOutcome(StrEnum):
    """The result of one event in a receipt."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # it was taken before: as good as accepted
    RETRY = "retry"  # not now; this one only
    REJECTED = "rejected"  # never; `problem` says why


class ItemResult(NamedTuple):
    """One line of a receipt."""

    result: ItemOutcome
    problem: str | None = None  # a problem type (RFC 9457)
    detail: str | None = None
    joined: str | None = None  # id of the ticket whose occupied key this one joined


ACCEPTED_ITEM = ItemResult(ItemOutcome.ACCEPTED)

Receipt = Mapping[UUID, ItemResult]
"""The result of each event that the receiver names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP response, read to its end. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_receipt(answer: HttpAnswer, ours: Collection[UUID], now: float) -> Receipt:
    """The receipt in `answer` for the events `ours`. Raises a DeliveryError for every other answer."""
    if 200 <= answer.status < 300:
        return _parse_receipt(answer, ours)
    raise error_for_answer(answer, now)


def error_for_answer(answer: HttpAnswer, now: float) -> DeliveryError:
    """Classify an answer that is not a 2xx."""
    status, (problem, said) = answer.status, _parse_problem(answer)
    if status in LATER_BY_STATUS or status >= 500:
        return LATER_BY_STATUS.get(status, Throttled)(said, parse_retry_after(answer.headers, now))
    if status in REFUSED_BY_STATUS:
        return REFUSED_BY_STATUS[status](said, problem=problem)
    if problem == UNKNOWN_AGENT and status in {401, 403, 404, 410}:
        return UnknownAgent(f"{said}; run `printwarden enroll` with a new token from the provider")
    if 400 <= status < 500:
        return CredentialRefused(said) if status == 401 else Blocked(said)
    return Unreachable(f"answered {status}, which is no receipt; redirects are not followed")


def _parse_receipt(answer: HttpAnswer, ours: Collection[UUID]) -> Receipt:
    try:
        lines = json.loads(answer.body)["receipt"]
        named = {str(line["id"]).lower(): _parse_item(line) for line in lines}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:
        said = f"answered {answer.status} without a receipt"
        kind = answer.headers.get("content-type", "nothing")
        raise Unreachable(f"{said} but with {kind}: a captive portal or a proxy?") from why
    receipt = {event: named[name] for event in ours if (name := str(event)) in named}
    if not receipt:
        raise Unreachable(f"answered {answer.status} with a receipt that names none of our events")
    return receipt


def _parse_item(line: Mapping[str, object]) -> ItemResult:
    outcome = _parse_outcome(line["result"])
    if outcome == ItemOutcome.ACCEPTED and not line.get("problem") and not line.get("joined"):
        return ACCEPTED_ITEM
    return ItemResult(outcome, *(_parse_text(line.get(name)) for name in ("problem", "detail", "joined")))


def _parse_outcome(word: object) -> ItemOutcome:
    """Parse a result; a word that a later contract may add counts as "retry" for this event alone."""
    try:
        return ItemOutcome(str(word))
    except ValueError:
        return ItemOutcome.RETRY


def _parse_text(value: object) -> str | None:
    return one_line(value) if isinstance(value, str) else None


def _parse_problem(answer: HttpAnswer) -> tuple[str, str]:
    """Parse type and text of a problem+json body (RFC 9457, 3.1); without one, text from the status."""
    said = f"answered {answer.status}"
    try:
        problem = json.loads(answer.body)
        words = [problem[key] for key in ("title", "detail") if isinstance(problem.get(key), str)]
        kind = problem.get("type")
    except (ValueError, AttributeError, TypeError, RecursionError):
        return "about:blank", said
    return kind if isinstance(kind, str) else "about:blank", ": ".join([said, *words])[:500]
