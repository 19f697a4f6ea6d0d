"""Parses the body of a request into events, each valid or refused with a reason. Pure."""

import json
import math
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, ValidationError

from uplink.delivery.cloudevents import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.events import MODELS
from uplink.events.base import Name, Record
from uplink.receiver.problems import PROBLEM_PREFIX, Problem

MAX_BODY_BYTES = 1024 * 1024  # bytes, before gzip
MAX_SEQUENCE = 2**63 - 1  # what a database has for a number
UNSTORABLE_TEXT = re.compile(
    rb"\\u(?:0000|[dD][89a-fA-F])"
)  # may be text that no database keeps: NUL, half a pair


class CloudEvent(Record):
    """The attributes that the receiver uses (CloudEvents 1.0.2); others are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    subject: Name
    time: Name
    sequence: Name
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """One event of a batch; `refused` is set if it cannot be accepted."""

    id: UUID
    event: CloudEvent | None = None
    refused: ItemResult | None = None


def check_media_type(headers: Mapping[str, str], taken: Collection[str]) -> str:
    """Return the media type of the body, one of `taken`. Raises Problem 415."""
    given = headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind not in taken:
        raise Problem(
            415, "media-type", f"content-type was {given or 'not given'}; send {' or '.join(taken)}"
        )
    return kind


def decode_body(raw: bytes, headers: Mapping[str, str]) -> bytes:
    """Decompress the body of a request, up to 1 MiB. Raises Problem."""
    coding = headers.get("content-encoding", "identity")
    if coding not in {"gzip", "identity"}:
        raise Problem(415, "media-type", f"content-encoding {coding} is not known here; use gzip")
    plain = _decompress_gzip(raw) if coding == "gzip" else raw
    if len(plain) > MAX_BODY_BYTES:
        raise Problem(413, "too-large", f"more than {MAX_BODY_BYTES} bytes")
    return plain


def _decompress_gzip(raw: bytes) -> bytes:
    """Decompress at most one byte more than allowed."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        plain = unpack.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error as why:
        raise Problem(400, "bad-request", f"not gzip: {why}") from why
    if not unpack.eof and len(plain) <= MAX_BODY_BYTES:
        raise Problem(400, "bad-request", "the gzip stream ends too early")
    return plain


def parse_events(plain: bytes, kind: str = BATCH_MEDIA_TYPE) -> list[ReceivedEvent]:
    """Parse a batch or a single event. Raises Problem if it is neither, or an event has no id."""
    try:
        batch = json.loads(plain, parse_constant=_reject_constant, parse_float=_parse_finite)
    except (ValueError, RecursionError) as why:
        raise Problem(400, "bad-request", f"not JSON: {why}") from why
    if kind == EVENT_MEDIA_TYPE:
        return [_parse_event(batch)]
    if not isinstance(batch, list) or not batch:
        raise Problem(400, "bad-request", "a batch is a JSON array with at least one event")
    if UNSTORABLE_TEXT.search(plain):
        batch = _strip_unstorable(batch)
    return [_parse_event(item) for item in batch]


def find_sender(event: CloudEvent) -> tuple[str, str]:
    """Return the agent and the site that the event names."""
    agent = event.data.get("agent") or {}
    return str(agent.get("agent_id") or event.source), str(agent.get("site_id") or "")


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON (RFC 8259, 6)")


def _parse_finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text} is larger than any number here")
    return number


def _parse_sequence(text: str) -> int:
    if not 0 <= (number := int(text)) <= MAX_SEQUENCE:
        raise ValueError(text)
    return number


def _strip_unstorable(value: Any) -> Any:
    """Remove NUL from all texts in `value`, and replace half a surrogate pair by "?"."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_strip_unstorable(name): _strip_unstorable(inner) for name, inner in value.items()}
    return [_strip_unstorable(inner) for inner in value] if isinstance(value, list) else value


def _parse_event(item: object) -> ReceivedEvent:
    try:
        name = UUID(item["id"])  # type: ignore[index]  # what is no mapping raises TypeError
    except (TypeError, KeyError, ValueError, AttributeError) as why:
        raise Problem(400, "bad-request", "every event needs an id that is a UUID") from why
    try:
        event = CloudEvent.model_validate(item)
        _parse_sequence(event.sequence)
        model = MODELS.get(event.type)
        if model is None:
            detail = f"{event.type} is none of {', '.join(MODELS)}"
            return ReceivedEvent(
                id=name,
                refused=ItemResult(ItemOutcome.REJECTED, PROBLEM_PREFIX + "event-unknown-type", detail),
            )
        model.model_validate(event.data)
    except ValidationError as why:
        return ReceivedEvent(
            id=name,
            refused=ItemResult(ItemOutcome.REJECTED, PROBLEM_PREFIX + "event-invalid", _format_errors(why)),
        )
    except ValueError:
        detail = f"sequence: no whole number from 0 to {MAX_SEQUENCE}"
        return ReceivedEvent(
            id=name, refused=ItemResult(ItemOutcome.REJECTED, PROBLEM_PREFIX + "event-invalid", detail)
        )
    return ReceivedEvent(id=name, event=event)


def _format_errors(why: ValidationError) -> str:
    first, *more = why.errors(include_url=False, include_context=False, include_input=False)
    said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{said} (and {len(more)} more)" if more else said
