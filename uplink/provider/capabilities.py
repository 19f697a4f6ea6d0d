"""The capabilities that a receiver announces, read with caution. Pure.

    GET /v1/capabilities      {"batch": {"events": 500, "bytes": 1048576}, "formats": […], "types": […], …}

    batch.events, batch.bytes   how much one request may bring
    formats                     media types of a request; without the batched one, one bare event a request
    content_encoding            whether a body may be compressed with gzip
    ticket_events               steps of a ticket that it knows beside those of the first hour
    types                       events that it knows; others, but for tickets and heartbeats, are not queued
    feedback                    whether its desk answers GET /v1/feedback
    requests                    requests that may stand among the feedback (mps.request/1)

Each field stands for itself: one that is missing, of another type or beyond reason gets its default. A
receiver without capabilities gets the least: batches of 500 events and 1 MiB; tickets, heartbeats and meter
reads; no feedback.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from uplink.events.request import REQUEST_KINDS

MAX_EVENTS = 500  # in one batch
MAX_BATCH_BYTES = 1024 * 1024  # bytes of body, before gzip
MAX_DOCUMENT_BYTES = 64 * 1024  # of the answer itself, which is about 1 KiB

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
EVENT_MEDIA_TYPE = "application/cloudevents+json"

ALWAYS_SENT = frozenset({"mps.ticket/1", "mps.agent_health/1"})
DEFAULT_TYPES = ALWAYS_SENT | {"mps.meter_read/1"}
FIRST_TICKET_EVENTS = frozenset({"open", "update", "clear", "reopen"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The formats, sizes and event types that a receiver takes."""

    events: int = MAX_EVENTS  # in one request
    size: int = MAX_BATCH_BYTES  # bytes of one request, before gzip
    bare: bool = False  # one event a request, not in an array
    gzip: bool = True  # bodies may be compressed
    types: frozenset[str] = DEFAULT_TYPES
    ticket_events: frozenset[str] = FIRST_TICKET_EVENTS
    feedback: bool = False
    requests: frozenset[str] = frozenset()  # that the desk may make of this agent

    def accepts_type(self, kind: str) -> bool:
        """Check whether the receiver takes events of this type."""
        return kind in ALWAYS_SENT or kind in self.types or "*" in self.types

    def accepts_step(self, step: str) -> bool:
        """Check whether the receiver knows this step of a ticket."""
        return step in FIRST_TICKET_EVENTS or step in self.ticket_events or "*" in self.ticket_events

    def accepts_body(self, *, bare: bool, size: int, events: int) -> bool:
        """Check whether a body frozen earlier may still be sent. A single event is always small enough."""
        return bare is self.bare and (events <= 1 or (events <= self.events and size <= self.size))

    def to_json(self) -> str:
        """Write them as JSON, for the state file."""
        return json.dumps(asdict(self), default=sorted)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON of `to_json`."""
        told = json.loads(text)
        names = {field.name for field in fields(cls)}
        return cls(**{name: _thaw_list(value) for name, value in told.items() if name in names})


ALL_CAPABILITIES = Capabilities(types=frozenset({"*"}), ticket_events=frozenset({"*"}))
"""Of a target that cannot be asked and takes every event: a folder."""


def parse_capabilities(body: bytes) -> Capabilities | None:
    """Parse the answer to GET /v1/capabilities; None if it is not a JSON object, or far too large for one."""
    if len(body) > MAX_DOCUMENT_BYTES:
        return None
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    batch = told.get("batch")
    batch = batch if isinstance(batch, dict) else {}
    formats, types = _filter_texts(told.get("formats")), _filter_texts(told.get("types"))
    encodings = _filter_texts(told.get("content_encoding"))
    bare = EVENT_MEDIA_TYPE in formats and BATCH_MEDIA_TYPE not in formats
    return Capabilities(
        events=1 if bare else _clamp_number(batch.get("events"), MAX_EVENTS),
        size=_clamp_number(batch.get("bytes"), MAX_BATCH_BYTES),
        bare=bare,
        gzip="gzip" in encodings or not encodings,
        ticket_events=FIRST_TICKET_EVENTS.union(_filter_texts(told.get("ticket_events"))),
        types=frozenset(types) or DEFAULT_TYPES,
        feedback=told.get("feedback") is True,
        requests=frozenset(_filter_texts(told.get("requests"))) & set(REQUEST_KINDS),
    )


def _thaw_list(value: Any) -> Any:
    """Turn a list of JSON back into a set."""
    return frozenset(value) if isinstance(value, list) else value


def _clamp_number(told: Any, most: int) -> int:
    """A whole number from 1 to `most`; `most` for everything else."""
    return min(told, most) if type(told) is int and told >= 1 else most


def _filter_texts(told: Any) -> Collection[str]:
    """Return the texts in a list, at most a thousand and none beyond 256 characters; else nothing."""
    listed = told[:1000] if isinstance(told, list) else []
    return [one for one in listed if isinstance(one, str) and len(one) <= 256]
