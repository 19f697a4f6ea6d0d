"""A provider, or what answers in its place, whose answers are hostile: three of four, until it is told to be good.

It speaks HTTP by hand, since no server library would send such answers.
"""

import asyncio
import contextlib
import gzip
import json
import random
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

CREDENTIAL = "c" * 40
GOOD_SHARE = 0.25


@cache
def gzip_bomb() -> bytes:
    return gzip.compress(bytes(50_000_000))


def credential(**changes: object) -> bytes:
    return json.dumps({"agent_id": "a-1", "credential": CREDENTIAL, "expires_in": 2.0} | changes).encode()


BODIES: dict[str, Callable[[random.Random], bytes]] = {
    "nothing": lambda _: b"",
    "a login page": lambda _: b"<html>log in",
    "deep": lambda dice: b'{"feedback": ' + b"[" * dice.choice([900, 100_000]),
    "not UTF-8": lambda dice: b"\xff\xfe" + dice.randbytes(60),
    "three megabytes": lambda _: b" " * 3_000_000,
    "a credential beyond ASCII": lambda _: credential(credential="für"),
    "a credential with control characters": lambda _: credential(credential="a\r\nX-Admin: 1\x00"),
    "a credential of a megabyte": lambda _: credential(credential="c" * 900_000),
    "an agent_id that is a path": lambda _: credential(agent_id="../../etc/passwd"),
    "a life without end": lambda _: credential(expires_in=float("inf")),
    "a life of 400 digits": lambda _: credential().replace(b"2.0", b"9" * 400),
    "feedback of no kind": lambda dice: json.dumps(
        {
            "feedback": [dice.choice([None, 7, [], {"number": 1e300}])] * 500,
            "last": dice.choice([-1, 1e400, "x", 2**80]),
        }
    ).encode(),
    "feedback that never ends": lambda dice: json.dumps(
        {"feedback": [], "last": dice.randrange(10**9)}
    ).encode(),
    "requests of no kind": lambda dice: json.dumps(
        {"feedback": [], "requests": [{"id": "../x", "ask": "\x07" * 999}] * 300, "last": dice.randrange(9)}
    ).encode(),
    "capabilities without bounds": lambda dice: json.dumps(
        {"types": ["\u202e" * dice.choice([1, 200])] * 700, "batch": {"events": -1, "bytes": 10**400}}
    ).encode(),
    "a receipt of strangers": lambda _: json.dumps(
        {"receipt": [{"id": "0" * 36, "result": "accepted"}, {"id": 7}, None]}
    ).encode(),
    "a problem": lambda dice: json.dumps(
        {
            "type": dice.choice(["urn:problem-type:mps:unknown-agent", "about:blank", 7]),
            "title": "\x1b[31m" * 99,
        }
    ).encode(),
}
HEADERS: tuple[bytes, ...] = (
    b"Date: Mon, 01 Jan 99999999999 00:00:00 GMT",
    b"Date: Thu, 01 Jan 1970 00:00:00 +99999999999999999999",
    b"Date: Sun, 31 Dec 9999 23:59:59 GMT",
    b"Retry-After: 99999999999999999999999",
    b"Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT",
    b"Retry-After: -1",
    b"Location: http://xn--" + b"a" * 500,
    b"Location: http://outside.example/v1/events",
    b"Location: http://192.0.2.1/",
    b"Content-Type: application/problem+json; charset=\x00",
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate, br",
    b"Set-Cookie: " + b"x" * 60_000,
    b"X-\xff\xfe: \x80",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -5",
    b"Connection: upgrade\r\nUpgrade: h2c",
)
STATUSES = (
    200,
    201,
    202,
    204,
    301,
    302,
    307,
    308,
    400,
    401,
    403,
    404,
    408,
    409,
    410,
    413,
    415,
    422,
    425,
    429,
    500,
    503,
    599,
)
REDIRECTS = tuple(status for status in STATUSES if 300 < status < 400)
LOCATIONS = tuple(line for line in HEADERS if line.startswith(b"Location"))
RAW: tuple[bytes, ...] = (
    b"",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"HTTP/1.1 99999 X\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nx",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
    b"HTTP/0.9 200\r\n\r\n",
)


def hostile_answers(seed: int) -> Iterator[bytes]:
    """Answers without end: each body, header and status by turns, and what is no HTTP at all."""
    dice = random.Random(seed)
    number = 0
    while True:
        number += 1
        if number % 9 == 0:
            yield RAW[number // 9 % len(RAW)]
            continue
        body = list(BODIES.values())[number % len(BODIES)](dice)
        lines, status = dice.sample(HEADERS, dice.randrange(4)), dice.choice(STATUSES)
        if number % 5 == 0:
            lines, status = [dice.choice(LOCATIONS)], dice.choice(REDIRECTS)
        if b"Content-Encoding: gzip" in lines:
            body = gzip_bomb()
        length = (
            b""
            if any(b"Length" in line or b"Transfer" in line for line in lines)
            else b"Content-Length: %d\r\n" % len(body)
        )
        head = b"HTTP/1.1 %d X\r\n" % status + b"".join(line + b"\r\n" for line in lines)
        yield head + length + b"Connection: close\r\n\r\n" + body


@dataclass(slots=True)
class HostileProvider:
    """What was asked and answered."""

    answers: Iterator[bytes]
    dice: random.Random
    enrolments: int  # hostile answers before an enrolment succeeds
    is_good: bool = False
    hostile: Counter[str] = field(default_factory=Counter)  # hostile answers, by path
    events: set[str] = field(default_factory=set)  # ids that were receipted

    def answer(self, path: str, body: bytes) -> bytes:
        what = path.rpartition("/")[2]
        is_early = what == "enrolment" and self.hostile[what] < self.enrolments
        if not self.is_good and (is_early or self.dice.random() >= GOOD_SHARE):
            self.hostile[what] += 1
            return next(self.answers)
        told = json.dumps(self._good_answer(path, body)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(told)
        return head + b"Connection: close\r\n\r\n" + told

    def _good_answer(self, path: str, body: bytes) -> object:
        match path.rpartition("/")[2]:
            case "enrolment" | "credential":
                return json.loads(credential())
            case "capabilities":
                return {"schema": "mps.capabilities/1", "feedback": True}
            case "feedback":
                return {"feedback": [], "last": 0}
        sent = json.loads(body)
        names = [one["id"] for one in (sent if isinstance(sent, list) else [sent])]
        self.events.update(names)
        return {"receipt": [{"id": name, "result": "accepted"} for name in names]}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1].partition("?")[0]
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            if fields.get("content-encoding") == "gzip":
                body = zlib.decompress(body, 31)
            writer.write(self.answer(path, body))
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def hostile_provider(
    host: str, port: int, seed: int = 1, enrolments: int = 0
) -> AsyncIterator[HostileProvider]:
    """Serve at this address until the block is left."""
    made = HostileProvider(hostile_answers(seed), random.Random(seed), enrolments)
    async with await asyncio.start_server(made.serve, host, port):
        yield made
