"""Hours in which something before the receiver, or a bad deploy of it, refuses what it should take.

A gateway, a web filter, a captive portal, a receiver with a broken schema: for six hours each answers instead of
the provider, while tickets go on. Afterwards nothing is dead, and all of it arrives, ticket by ticket in order.
"""

import asyncio
import contextlib
import gzip
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from random import Random
from typing import Any

import pytest
from loopback import HOME

from agent.core.clock import Clock
from agent.core.store import Store
from uplink.delivery.delivery import Delivery
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.errors import Poisoned
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane, Supersede
from uplink.provider.capabilities import parse_capabilities
from uplink.targets import https

HOURS = 6 * 3600.0
STEP = 900.0  # seconds between two rounds of news
PAGE = b"<html><h1>Request blocked</h1></html>"
Events = list[dict[str, Any]]
Answer = tuple[int, bytes]
Mistake = Callable[[Events, Random], Answer | None]


def problem(kind: str) -> bytes:
    return json.dumps({"type": f"urn:problem-type:mps:{kind}", "title": "No"}).encode()


def receipt(events: Events, rejects: Callable[[dict[str, Any]], bool] = lambda _: False) -> Answer:
    lines = [
        {"id": one["id"], "result": "rejected" if rejects(one) else "accepted", "problem": "urn:x"}
        for one in events
    ]
    return 200, json.dumps({"receipt": lines}).encode()


def is_ticket(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "mps.ticket/1")


MISTAKES: dict[str, Mistake] = {
    "400 of a gateway": lambda *_: (400, PAGE),
    "413 of a gateway": lambda *_: (413, PAGE),
    "415 of a gateway": lambda *_: (415, b""),
    "422 of a web filter": lambda *_: (422, b"{}"),
    "403 page": lambda *_: (403, PAGE),
    "404 page": lambda *_: (404, PAGE),
    "captive portal": lambda *_: (200, PAGE),
    "empty 200": lambda *_: (200, b""),
    "400 for bodies changed on the way": lambda *_: (400, problem("bad-request")),
    "a deploy that refuses each event by name": lambda *_: (422, problem("event-invalid")),
    "a deploy that rejects all": lambda events, _: receipt(events, lambda _: True),
    "a deploy that rejects tickets": lambda events, _: receipt(events, is_ticket),
    "a filter that refuses tickets": lambda events, _: (400, PAGE) if any(map(is_ticket, events)) else None,
    "three requests of ten": lambda _, dice: (422, PAGE) if dice.random() < 0.3 else None,
    "nine requests of ten": lambda _, dice: (400, PAGE) if dice.random() < 0.9 else None,
}


class Door:
    """The provider's address: `mistake` answers instead of the receiver, which keeps events by their id."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake: Mistake | None = mistake
        self.requests, self.dice = 0, Random(7)
        self.taken: dict[str, dict[str, Any]] = {}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = re.search(r"content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                status, answer = self.answer(gzip.decompress(body) if "encoding: gzip" in head else body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
                )
                await writer.drain()

    def answer(self, body: bytes) -> Answer:
        self.requests += 1
        events = json.loads(body)
        status, answer = (self.mistake and self.mistake(events, self.dice)) or receipt(events)
        if status == 200 and answer.startswith(b'{"receipt"'):
            results = {line["id"]: line["result"] for line in json.loads(answer)["receipt"]}
            for one in events:
                if results[one["id"]] == "accepted":
                    self.taken.setdefault(one["id"], one)
        return status, answer

    def sequences(self) -> dict[str, list[str]]:
        """The numbers of each ticket's events, in the order in which they were first taken."""
        found = defaultdict(list)
        for event in filter(is_ticket, self.taken.values()):
            found[event["subject"]].append(event["sequence"])
        return found


@contextlib.asynccontextmanager
async def open_door(door: Door) -> AsyncIterator[str]:
    talks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(
        lambda r, w: talks.append(asyncio.ensure_future(door.talk(r, w))), HOME, 0
    )
    async with server:
        yield f"http://{HOME}:{server.sockets[0].getsockname()[1]}/v1/events"
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def news(make: Callable[..., Any], number: int) -> list[Envelope]:
    """A heartbeat; a new ticket each time, and two more events of it later."""
    beat = make(number, Lane.HEARTBEAT, "agent")
    heartbeat = Envelope(
        lane=beat.lane, type=beat.type, subject="agent", time=beat.time, data=beat.data,
        supersede=Supersede.AT_ONCE,
    )  # fmt: skip
    tickets = [
        make(9 * number + n, subject=f"T{older}") for n, older in enumerate(range(number - 2, number + 1))
    ]
    return [heartbeat, *tickets]


async def live_through(
    store: Store, make: Callable[..., Any], mistake: Mistake, hours: float, *, speed: float = 20_000
) -> tuple[Door, queries.OutboxCounts]:
    """`hours` of the mistake while news come in, then a day in which it is mended."""
    door, clock = Door(mistake), Clock.scaled(speed)
    async with open_door(door) as url:
        target = https.connect(https.Settings(url=url, insecure_loopback=True))
        delivery = Delivery(target, store, clock, source="/a", dice=Random(1))
        running = asyncio.create_task(delivery.run())
        try:
            for number in range(int(hours / STEP)):
                await store.run(lambda tx, n=number: [outbox.put(tx, one) for one in news(make, n)])
                delivery.wake()
                await clock.sleep(STEP)
            door.mistake = None
            await store.run(lambda tx: [outbox.put(tx, one) for one in news(make, 1000)])
            delivery.wake()
            async with asyncio.timeout(60):
                while (await store.run(queries.count_outbox)).pending:
                    assert not running.done(), "the delivery died"
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await target.aclose()
    return door, await store.run(queries.count_outbox)


def check_nothing_is_lost(door: Door, told: queries.OutboxCounts) -> None:
    tickets = door.sequences()
    assert (dict(told.dead), told.withheld) == ({}, 0)
    assert sum(map(len, tickets.values())) == sum(map(is_ticket, door.taken.values()))
    assert len(door.taken) + sum(told.dropped.values()) == told.accepted
    assert all(numbers == sorted(numbers) for numbers in tickets.values()), "overtaken"


@pytest.mark.parametrize("name", ["400 of a gateway", "a deploy that rejects tickets"])
async def test_an_hour_of_refusals_by_mistake_loses_nothing(
    store: Store, make: Callable[..., Any], name: str
) -> None:
    door, told = await live_through(store, make, MISTAKES[name], 3600.0)
    check_nothing_is_lost(door, told)


@pytest.mark.long
@pytest.mark.parametrize("name", MISTAKES)
async def test_six_hours_of_refusals_by_mistake_lose_nothing(
    store: Store, make: Callable[..., Any], name: str
) -> None:
    door, told = await live_through(store, make, MISTAKES[name], HOURS)
    check_nothing_is_lost(door, told)


async def test_a_filter_that_refuses_one_ticket_costs_that_ticket_alone(
    store: Store, make: Callable[..., Any]
) -> None:
    """The negative control: an event that alone is refused, again and again, is dead in the end."""

    def block(events: Events, _: Random) -> Answer | None:
        return (400, PAGE) if any(one["subject"] == "T2" for one in events) else None

    door, clock = Door(block), Clock.scaled(20_000)
    async with open_door(door) as url:
        target = https.connect(https.Settings(url=url, insecure_loopback=True))
        delivery = Delivery(target, store, clock, source="/a", dice=Random(1))
        running = asyncio.create_task(delivery.run())
        async with asyncio.timeout(60):
            for number in range(400):
                await store.run(lambda tx, n=number: outbox.put(tx, make(n, subject=f"T{n}")))
                delivery.wake()
                await clock.sleep(20)
                if (await store.run(queries.count_outbox)).dead:
                    break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await target.aclose()
    (dead,) = await store.run(lambda tx: list(queries.list_dead(tx)))
    assert dead.subject == "T2"
    assert "refused alone 3 times while others of its type were taken" in dead.detail
    assert len(door.taken) >= 3


@pytest.mark.parametrize("refused", [400, 415])
async def test_a_body_that_is_refused_for_its_compression_goes_again_without(
    store: Store, make: Callable[..., Any], refused: int
) -> None:
    """RFC 9110, 15.5.16: 415 also speaks of a Content-Encoding. A 400 does not."""

    class NoGzip(Door):
        async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with (
                contextlib.closing(writer),
                contextlib.suppress(ConnectionError, asyncio.IncompleteReadError),
            ):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                    length = re.search(r"content-length: (\d+)", head)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    packed = "content-encoding" in head
                    keys.append((re.search(r"idempotency-key: (\S+)", head), packed))
                    status, answer = (refused, b"") if packed else self.answer(body)
                    writer.write(
                        f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
                    )
                    await writer.drain()

    keys: list[tuple[Any, bool]] = []
    async with open_door(NoGzip(lambda *_: None)) as url:
        target = https.connect(https.Settings(url=url, insecure_loopback=True))
        for number in (1, 2):
            await store.run(lambda tx, n=number: outbox.put(tx, make(n)))
            batch = must(await store.run(lambda tx: outbox.next_batch(tx, source="/a", now=1.0)))
            if refused == 400:
                with pytest.raises(Poisoned):
                    await target.send(batch)
            else:
                assert set(await target.send(batch)) == set(batch.ids)
                taken = {one: ItemResult(ItemOutcome.ACCEPTED) for one in batch.ids}
                settle = partial(outbox.apply_receipt, batch=batch, receipt=taken, now=1.0, dice=Random(1))
                await store.run(settle)
        await target.aclose()
    assert [packed for _, packed in keys] == ([True, True] if refused == 400 else [True, False, False])
    assert refused == 400 or keys[0][0][1] == keys[1][0][1], "the same key"


def test_compression_follows_the_capabilities(tx: Any, make: Callable[..., Any]) -> None:
    plain = parse_capabilities(b'{"content_encoding": ["identity"]}')
    packed = parse_capabilities(b'{"content_encoding": ["gzip", "identity"]}')
    unsaid = parse_capabilities(b'{"content_encoding": "deflate"}')
    assert [one and one.gzip for one in (plain, packed, unsaid)] == [False, True, True]
    outbox.put(tx, make(1))
    assert not must(outbox.next_batch(tx, source="/a", now=1.0, takes=must(plain))).gzip
    assert must(outbox.next_batch(tx, source="/a", now=1.0)).gzip


def must(value: Any) -> Any:
    assert value is not None
    return value
