"""Sixty ways in which an answer can be wrong. Whatever it is: nothing is lost, nothing is believed too soon.

A scripted server answers each fault a few times, then behaves. The event must arrive once, or stand in the
dead letter with a reason where the fault says that it is unacceptable.
"""

import asyncio
import contextlib
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any, NamedTuple

import pytest
from loopback import HOME

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.outbox import outbox, queries
from uplink.targets import https

Make = Callable[..., Any]
TIMES = 2  # that a fault is answered before all is well


class Fault(NamedTuple):
    name: str
    reply: bytes
    dead: bool = False  # the single event is unacceptable for ever
    slow: float = 0.0  # seconds between bytes
    cut: bool = True  # hang up after the reply


def head(status: int, *lines: str, body: bytes = b"") -> bytes:
    told = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {len(body)}"))
    return f"HTTP/1.1 {status} X\r\n{told}\r\n".encode() + body


PROBLEM = b'{"type":"urn:x","title":"No","status":0}'
NAMED = b'{"type":"urn:problem-type:mps:event-invalid","title":"No","status":0}'
RECEIPT = b'{"receipt":[]}'
BOMB = gzip.compress(bytes(20_000_000))
STATUSES = [300, 301, 302, 303, 304, 307, 308, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
            414, 417, 418, 421, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507,
            508, 510, 511]  # fmt: skip
FAULTS = [
    *(Fault(f"status {status}", head(status, "Content-Type: application/problem+json", body=PROBLEM)) for status in STATUSES),
    *(Fault(f"refused {status}", head(status, body=PROBLEM)) for status in (400, 413, 415, 422)),
    *(Fault(f"poison {status}", head(status, body=NAMED), dead=True) for status in (400, 413, 422)),
    Fault("redirect to ourselves", head(302, "Location: /v1/events")),
    Fault("Retry-After in words", head(503, "Retry-After: soon")),
    Fault("Retry-After below zero", head(503, "Retry-After: -5")),
    Fault("Retry-After of a year", head(503, "Retry-After: 31536000")),
    Fault("Retry-After in 1970", head(503, "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT")),
    Fault("Retry-After beyond time", head(503, "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT")),
    Fault("a Date beyond time", head(503, "Date: Mon, 01 Jan 99999999999 00:00:00 GMT")),
    Fault("a Date of a zone beyond time", head(503, "Date: Mon, 01 Jan 2026 00:00:00 +99999999999999999999")),
    Fault("a redirect to a name that is none", head(302, "Location: http://xn--" + "a" * 500)),
    Fault("a redirect to a port that is none", head(307, "Location: http://[::1]:99999999999/")),
    Fault("silence", b""),
    Fault("half a status line", b"HTTP/1."),
    Fault("another protocol", b"220 mail.example ESMTP\r\n"),
    Fault("garbage", bytes(range(256)) * 4),
    Fault("a header without end", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000),
    Fault("cut in the body", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"),
    Fault("a chunk cut short", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"),
    Fault("a chunk of no size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    Fault("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    Fault("a huge answer", head(200, body=b" " * 3_000_000)),
    Fault("a gzip bomb", head(200, "Content-Encoding: gzip", body=BOMB)),
    Fault("gzip that was not asked for", head(200, "Content-Encoding: gzip", body=gzip.compress(RECEIPT))),
    Fault("a captive portal", head(200, "Content-Type: text/html", body=b"<h1>Welcome</h1>")),
    Fault("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    Fault("a receipt for others", head(200, body=b'{"receipt":[{"id":"018f0000-0000-7000-8000-000000000000","result":"accepted"}]}')),
    Fault("an empty receipt", head(200, body=RECEIPT)),
    Fault("a receipt of another shape", head(200, body=b'{"receipt":{"id":1}}')),
    Fault("deep JSON", head(200, body=b"[" * 100_000)),
    Fault("NaN", head(200, body=b"NaN")),
    Fault("not UTF-8", head(200, body=b"\xff\xfe\xfd")),
    Fault("an answer byte by byte", head(503, body=b"busy"), slow=0.002),
    Fault("early hints and then nothing", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
]  # fmt: skip


class Scripted:
    """Answers the fault, and after `TIMES` of them a receipt for whatever came."""

    def __init__(self, fault: Fault, times: int = TIMES) -> None:
        self.fault, self.left = fault, times
        self.taken: list[str] = []
        self.strays: list[str] = []  # requests that deliver nothing: somebody followed where an answer led

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", told)
            body = await reader.readexactly(int(length[1])) if length else b""
            body = gzip.decompress(body) if "content-encoding: gzip" in told else body
            if not told.startswith("post ") or not body:
                self.strays.append(told.partition("\r\n")[0])
                writer.write(head(400, "Connection: close"))
            elif self.left:
                self.left -= 1
                await self._misbehave(writer)
            else:
                names = [event["id"] for event in json.loads(body)]
                self.taken += names
                receipt = {"receipt": [{"id": name, "result": "accepted"} for name in names]}
                writer.write(head(200, "Connection: close", body=json.dumps(receipt).encode()))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _misbehave(self, writer: asyncio.StreamWriter) -> None:
        step = 1 if self.fault.slow else 1 << 30
        for start in range(0, len(self.fault.reply), step):
            writer.write(self.fault.reply[start : start + step])
            await writer.drain()
            await asyncio.sleep(self.fault.slow)


@contextlib.asynccontextmanager
async def scripted(server: Scripted) -> AsyncIterator[str]:
    talks: list[asyncio.Task[None]] = []
    listener = await asyncio.start_server(
        lambda r, w: talks.append(asyncio.ensure_future(server.talk(r, w))), HOME, 0
    )
    async with listener:
        yield f"http://{HOME}:{listener.sockets[0].getsockname()[1]}/v1/events"
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def deliver(
    store: Store, url: str, make: Make, kind: type[Delivery] = Delivery
) -> queries.OutboxCounts:
    """Two events, delivered against the fault on a fast clock; how it ended."""
    target = https.connect(https.Settings(url=url, insecure_loopback=True))
    delivery = kind(target, store, Clock.scaled(20_000), source="/a", dice=Random(1))
    await store.run(lambda tx: [outbox.put(tx, make(number)) for number in (1, 2)])
    running = asyncio.create_task(delivery.run())
    try:
        async with asyncio.timeout(60):
            while (await store.run(queries.count_outbox)).pending:
                assert not running.done(), "the delivery died"
                await asyncio.sleep(0.002)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await target.aclose()
    return await store.run(queries.count_outbox)


def test_there_are_sixty_of_them() -> None:
    assert len(FAULTS) >= 60
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.claim("http")
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
async def test_no_fault_loses_doubles_or_believes(
    store: Store, make: Make, fault: Fault, figure: Any
) -> None:
    figure(faults=1)
    server = Scripted(fault)
    async with scripted(server) as url:
        told = await deliver(store, url, make)
    dead = sum(told.dead.values())
    assert server.strays == []
    assert dead == (1 if fault.dead else 0), "twice unacceptable: the two together, and the first alone"
    assert len(server.taken) == len(set(server.taken)) == 2 - dead
    assert sum(told.delivered.values()) == 2 - dead


class BelievesAny2xx(Delivery):
    """Broken: takes a status for a receipt."""

    async def _try_send(self, batch: outbox.Batch) -> Any:
        outcome = await super()._try_send(batch)
        if "200" in str(outcome):
            return {name: outbox.ItemResult(outbox.ItemOutcome.ACCEPTED) for name in batch.ids}
        return outcome


@pytest.mark.control("http")
async def test_who_believes_a_status_loses_events_to_a_captive_portal(
    store: Store, make: Make, figure: Any
) -> None:
    portal = next(fault for fault in FAULTS if fault.name == "a captive portal")
    server = Scripted(portal)
    async with scripted(server) as url:
        told = await deliver(store, url, make, BelievesAny2xx)
    figure(lost=sum(told.delivered.values()) - len(server.taken))
    assert (server.taken, sum(told.delivered.values())) == ([], 2)


class NeverBisects(Delivery):
    """Broken: a refused batch is sent again as it is."""

    def _apply_outcome(self, tx: Any, batch: outbox.Batch, outcome: Any) -> Any:
        refused = type(outcome).__name__ in {"Poisoned", "TooLarge"}
        return super()._apply_outcome(tx, batch, {} if refused else outcome)


@pytest.mark.control("poison")
async def test_without_bisecting_one_poisoned_event_blocks_the_queue(
    store: Store, make: Make, figure: Any
) -> None:
    server = Scripted(Fault("poison", head(422, body=PROBLEM)), times=1 << 30)
    async with scripted(server) as url, asyncio.timeout(60):
        delivering = asyncio.create_task(deliver(store, url, make, NeverBisects))
        while (1 << 30) - server.left < 30:
            await asyncio.sleep(0.01)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
    told = await store.run(queries.count_outbox)
    figure(waiting=sum(told.pending.values()))
    assert sum(told.pending.values()) == 2, "after thirty requests"
