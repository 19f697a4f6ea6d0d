"""Requests to a receiver that nobody should make, from a seed: bodies, headers, methods and paths."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

TYPE = "application/cloudevents-batch+json"
DEEP: Any = None
for _ in range(60):
    DEEP = [DEEP]
HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 2**64, 10**400, 1e308, -0.0, "", "\0", "\\u0000", "\ud800", "a\0b", "x" * 5000, "\u202e", "A" * 300,
    [], {}, [[]], {"": None}, DEEP, "9" * 5000, "9" * 30, "-1", float("nan"), float("-inf"), "NaN", "1e999", "mps.ticket/2", "mps.agent_health/1",
    "00000000-0000-0000-0000-000000000000", "'; DROP TABLE event; --", {"$ref": "#"}, "2026-13-45T99:99:99Z",
)  # fmt: skip
METHODS = ("POST",) * 12 + ("GET", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW")
PATHS = (
    ("/v1/events",) * 14
    + ("/v1/enrolment", "/v1/enrolment", "/v1/credential", "/v1/credential", "/v1/capabilities")
    + ("/v1/feedback", "/v1/events/counts", "/v1/tickets", "/v1/agents", "/healthz", "/control/feedback")
    + ("/", "/v1/events/", "//v1/events", "/v1/../etc/passwd", "/%00", "/%ff%fe", "/v1/" + "e" * 3000)
)
QUERIES = ("",) * 6 + (
    "after=1",
    "after=x",
    "after=-5",
    "limit=1e9",
    "after=" + "9" * 400,
    "limit=%00&after=%ff",
)


@dataclass
class Request:
    """One request, before it is written on any wire."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def raw(self, dice: Random) -> bytes:
        """As bytes of HTTP/1.1, some of them damaged on the way."""
        head = f"{self.method} {self.target} HTTP/1.1\r\nhost: r\r\n"
        length = len(self.body) if dice.random() < 0.9 else dice.choice([0, 5, 2**70, -1])
        lines = {**self.headers, "content-length": str(length), "connection": "close"}
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        whole = bytearray((head + told + "\r\n").encode("utf-8", "replace") + self.body)
        if dice.random() < 0.3:
            for _ in range(dice.randint(1, 4)):
                whole[dice.randrange(min(len(whole), 200))] = dice.randrange(256)
        return bytes(whole)


def mutated(good: Mapping[str, Any], dice: Random) -> Request:
    """A request that began as one that brings the event `good`. Every third is wrong in one value only."""
    if dice.random() < 0.33:
        return _gentle(good, dice)
    made = _body(good, dice)
    return Request(
        method=dice.choice(METHODS),
        path=dice.choice(PATHS),
        query=dice.choice(QUERIES),
        body=made,
        headers=_headers(made, dice),
    )


def _gentle(good: Mapping[str, Any], dice: Random) -> Request:
    """All is well, but for one value: often one that no schema says anything of."""
    event = _copy(good, dice)
    data = event["data"]
    where, key = dice.choice(
        [
            (data["evidence"], "a"),
            (data["evidence"], "b"),
            *((event, key) for key in event),
            *((data, key) for key in data),
            *((data["device"], key) for key in data["device"]),
        ]
    )
    if infinite := dice.random() < 0.05:
        where, key = data["evidence"], "b"
    where[key] = deepcopy(dice.choice(HOSTILE)) if not infinite else "1e999"
    body = json.dumps([event], allow_nan=True).encode("utf-8", "replace")
    body = body.replace(b'"1e999"', b"1e999") if infinite else body
    headers = {"content-type": TYPE, "content-encoding": "identity", "authorization": "Bearer right"}
    headers["idempotency-key"] = f"k{dice.getrandbits(64)}"
    return Request(method="POST", path="/v1/events", query="", body=body, headers=headers)


def _copy(good: Mapping[str, Any], dice: Random) -> dict[str, Any]:
    """The event anew, under an id of its own, about a ticket of its own."""
    name = str(UUID(int=dice.getrandbits(128), version=4))
    event: dict[str, Any] = json.loads(json.dumps(good)) | {"id": name, "subject": name}
    event["data"] |= {"ticket_id": name, "dedupe_key": name, "evidence": {"a": 7, "b": "text", "c": [1, 2.5]}}
    return event


def _body(good: Mapping[str, Any], dice: Random) -> bytes:
    batch: Any = [_copy(good, dice)]
    for _ in range(dice.choice([0, 1, 1, 2, 4])):
        _spoil(batch, dice)
    body = bytearray(json.dumps(batch, allow_nan=True).encode("utf-8", "replace"))
    way: Callable[[bytearray, Random], None] = dice.choice(WAYS)
    way(body, dice)
    packed = bytes(body)
    return gzip.compress(packed, 1)[: dice.choice([None, None, None, -4])] if dice.random() < 0.2 else packed


def _spoil(batch: Any, dice: Random) -> None:
    """Exchange, take out or add one value, somewhere in it."""
    here = batch
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = dice.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and dice.random() < 0.75:
            here = here[key]
        elif dice.random() < 0.7:
            here[key] = deepcopy(dice.choice(HOSTILE))
            return
        else:
            del here[key]
            return


def _alone(_: bytearray, __: Random) -> None:
    """Leave it."""


def _smear(body: bytearray, dice: Random) -> None:
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(body) + 1)
        body[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))


def _cut(body: bytearray, dice: Random) -> None:
    del body[dice.randrange(len(body) + 1) :]


def _nest(body: bytearray, dice: Random) -> None:
    body[:] = b"[" * dice.choice([1, 500, 100_000]) + body


def _noise(body: bytearray, dice: Random) -> None:
    body[:] = dice.randbytes(dice.randrange(200))


def _inflate(body: bytearray, _: Random) -> None:
    body[:] = re.sub(rb"(?<=: )\d+", b"1e999", body, count=2)


WAYS = (_alone, _alone, _alone, _smear, _smear, _cut, _nest, _noise, _inflate)


def _headers(body: bytes, dice: Random) -> dict[str, str]:
    packed = body[:2] == b"\x1f\x8b"
    coding = "gzip" if packed != (dice.random() < 0.05) else dice.choice(["identity", "br", "GZIP", "\xff"])
    return {
        "content-type": dice.choice([TYPE] * 8 + [f"{TYPE}; charset=x", "text/plain", "\xff", ""]),
        "content-encoding": coding,
        "idempotency-key": dice.choice([f"k{dice.getrandbits(64)}"] * 8 + ["k", "", "k" * 300, "\xe9", "a b"]),
        "authorization": dice.choice(["Bearer right"] * 3 + ["", "Bearer", "Basic cmlnaHQ=", "Bearer \xff", "x" * 3000]),
        "webhook-id": dice.choice(["k", ""]),
        "webhook-timestamp": dice.choice(["1795210204", "-1", "x", "9" * 300, "١٢"]),
        "webhook-signature": dice.choice(["v1a,AAAA", "v1a,", "v2,x v1a,=", ", " * 50, "v1a," + "A" * 88]),
    }  # fmt: skip
