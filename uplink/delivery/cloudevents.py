"""CloudEvents 1.0 in JSON, batched: how envelopes look on the wire.

    [{"specversion":"1.0","id":"0198…","source":"/agents/a-7f3c","type":"mps.ticket/1","subject":"01KB…",
      "time":"2026-11-20T21:40:09.000Z","sequence":"00000000000000000042",
      "datacontenttype":"application/json","dataschema":"urn:schema:mps.ticket:1","data":{…}}, …]

`sequence` is the CloudEvents extension of that name: the agent's own numbering without gaps, padded
so that it also sorts as text. The receiver sees holes by it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from uplink.events.base import build_schema_uri
from uplink.provider import capabilities

_encode_text = json.encoder.encode_basestring  # a string as JSON has it, beyond ASCII as it is

BATCH_MEDIA_TYPE = capabilities.BATCH_MEDIA_TYPE
EVENT_MEDIA_TYPE = capabilities.EVENT_MEDIA_TYPE


def encode_payload(data: Mapping[str, object]) -> bytes:
    """`data` as compact JSON. Raises ValueError for NaN and infinities, which JSON does not have.

    Half a surrogate pair, which printers do send, becomes "?": UTF-8 has no form for it (RFC 8259, 8.2).
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def encode_event(
    event_id: UUID, *, source: str, kind: str, subject: str, time: float, sequence: int, data: bytes
) -> bytes:
    """One CloudEvent; `data` is JSON already and goes in as it is."""
    at = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")[:-6]  # without "+00:00"
    head = (
        f'{{"specversion":"1.0","id":"{event_id}","source":{_encode_text(source)},"type":{_encode_text(kind)},'
        f'"subject":{_encode_text(subject)},"time":"{at}Z","sequence":"{sequence:020d}",'
        f'"datacontenttype":"application/json","dataschema":{_encode_text(build_schema_uri(kind))},"data":'
    )
    return head.encode("utf-8", "replace") + data + b"}"


def encode_batch(events: Iterable[bytes]) -> bytes:
    """The body of a request."""
    return b"[" + b",".join(events) + b"]"


def detect_media_type(body: bytes) -> str:
    """Of a body: a batch, or one event alone."""
    return EVENT_MEDIA_TYPE if body.startswith(b"{") else BATCH_MEDIA_TYPE
