"""What a receiver says that it takes is gone by; what it says wrongly, or not at all, does no harm."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.errors import Poisoned, TooLarge
from uplink.outbox import outbox
from uplink.outbox.envelope import Envelope
from uplink.provider import capabilities
from uplink.provider import provider_state as known
from uplink.provider.capabilities import ALL_CAPABILITIES, DEFAULT_TYPES, Capabilities

Make = Callable[..., Envelope]
BARE = Capabilities(events=1, bare=True)


def in_words(value: object) -> str:
    """A name that is the same in each process: the order of a set is not."""
    if isinstance(value, dict):
        return str({key: sorted(one) if isinstance(one, frozenset) else one for key, one in value.items()})
    if not isinstance(value, Capabilities):
        return str(value)
    return f"{value.events} events, {value.size} bytes{', bare' * value.bare}"


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({}, {}),
        ({"batch": {"events": 10, "bytes": 5000}}, {"events": 10, "size": 5000}),
        ({"batch": {"events": 10**9, "bytes": 2**60}}, {}),
        ({"batch": {"events": 0, "bytes": -1}}, {}),
        ({"batch": {"events": True, "bytes": "many"}}, {}),
        ({"batch": {"events": 1.5}}, {}),
        ({"batch": [500], "feedback": True}, {"feedback": True}),
        ({"feedback": "yes"}, {}),
        ({"formats": [capabilities.EVENT_MEDIA_TYPE]}, {"events": 1, "bare": True}),
        ({"formats": [capabilities.EVENT_MEDIA_TYPE], "batch": {"events": 100}}, {"events": 1, "bare": True}),
        ({"formats": [capabilities.EVENT_MEDIA_TYPE, capabilities.BATCH_MEDIA_TYPE]}, {}),
        ({"formats": "bare", "types": "all"}, {}),
        ({"formats": [7, None], "types": [7, None]}, {}),
        ({"types": ["mps.ticket/1", "mps.new/1"]}, {"types": frozenset({"mps.ticket/1", "mps.new/1"})}),
        ({"types": []}, {}),
        ({"more": {"to": "come"}}, {}),
    ],
    ids=in_words,
)
def test_each_field_stands_for_itself(said: dict[str, Any], taken: dict[str, Any]) -> None:
    assert capabilities.parse_capabilities(json.dumps(said).encode()) == Capabilities(**taken)


@pytest.mark.parametrize(
    "body", [b"", b"<h1>Welcome</h1>", b"[]", b"7", b"null", b"[" * 100_000, b"\xff\xfe"]
)
def test_what_is_no_answer_is_none(body: bytes) -> None:
    assert capabilities.parse_capabilities(body) is None


def test_tickets_and_heartbeats_are_sent_whatever_it_says() -> None:
    odd = Capabilities(types=frozenset({"mps.other/1"}))
    assert [odd.accepts_type(kind) for kind in ("mps.ticket/1", "mps.agent_health/1", "mps.meter_read/1")] == [
        True, True, False,
    ]  # fmt: skip
    assert all(Capabilities().accepts_type(kind) for kind in DEFAULT_TYPES)


def test_what_is_kept_is_what_was_said(tx: sqlite3.Connection) -> None:
    there = known.ProviderState(
        name="p", takes=replace(BARE, feedback=True), asked=7.0, after=41, trouble="no"
    )
    known.save_provider(tx, there)
    assert known.load_provider(tx, "p") == there
    assert known.load_provider(tx, "other") == known.ProviderState(name="other")
    assert known.list_providers(tx) == [there]


def frozen(tx: sqlite3.Connection, takes: Capabilities) -> outbox.Batch | None:
    return outbox.next_batch(tx, source="/a", now=1.0, takes=takes)


def drained(tx: sqlite3.Connection, takes: Capabilities) -> list[list[str]]:
    """The subjects of each batch until nothing is left."""
    sent = []
    while (batch := frozen(tx, takes)) is not None:
        told = json.loads(batch.body)
        sent.append([event["subject"] for event in (told if isinstance(told, list) else [told])])
        assert len(batch.body) <= takes.size or len(batch.ids) == 1
        receipt = {one: ItemResult(ItemOutcome.ACCEPTED) for one in batch.ids}
        outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=Random(1))
    return sent


@pytest.mark.parametrize(
    ("takes", "sizes"),
    [
        (Capabilities(), [10]), (Capabilities(events=4), [4, 4, 2]), (BARE, [1] * 10),
        (Capabilities(size=2000), [2] * 5), (Capabilities(size=1), [1] * 10),
    ],
    ids=in_words,
)  # fmt: skip
def test_batches_are_as_the_receiver_takes_them_and_in_order(
    tx: sqlite3.Connection, make: Make, takes: Capabilities, sizes: list[int]
) -> None:
    for number in range(10):
        outbox.put(tx, make(number))
    sent = drained(tx, takes)
    assert [len(batch) for batch in sent] == sizes
    assert [subject for batch in sent for subject in batch] == [f"T{number:04d}" for number in range(10)]


@pytest.mark.parametrize("then", [Capabilities(events=3), Capabilities(size=2500), BARE], ids=in_words)
def test_a_frozen_batch_that_is_not_taken_any_more_is_frozen_anew_in_order(
    tx: sqlite3.Connection, make: Make, then: Capabilities
) -> None:
    for number in range(20):
        outbox.put(tx, make(number))
    before = frozen(tx, Capabilities())
    assert before is not None
    first = frozen(tx, then)
    assert first is not None
    assert first.key != before.key
    assert first.body.startswith(b"{") is then.bare
    assert [subject for batch in drained(tx, then) for subject in batch] == [f"T{n:04d}" for n in range(20)]


def test_a_frozen_batch_that_still_fits_keeps_its_key_and_bytes(tx: sqlite3.Connection, make: Make) -> None:
    for number in range(3):
        outbox.put(tx, make(number))
    before, after = frozen(tx, Capabilities()), frozen(tx, Capabilities(events=3))
    assert before is not None
    assert after is not None
    assert (before.key, before.body) == (after.key, after.body)


@pytest.mark.parametrize("why", [TooLarge("no"), Poisoned("no")], ids=["413", "415"])
@pytest.mark.parametrize("then", [Capabilities(events=3), BARE], ids=in_words)
def test_nothing_dies_of_a_refusal_whose_reason_the_receiver_has_told_meanwhile(
    tx: sqlite3.Connection, make: Make, why: Any, then: Capabilities
) -> None:
    for number in range(8):
        outbox.put(tx, make(number))
    batch = frozen(tx, Capabilities(events=1) if then.bare else Capabilities())
    assert batch is not None
    outbox.split_batch(tx, batch, why, source="/a", now=1.0, takes=then)
    assert tx.execute("SELECT count(*) FROM outbox_dead").fetchone()[0] == 0
    assert [subject for batch in drained(tx, then) for subject in batch] == [f"T{n:04d}" for n in range(8)]


class Folder:
    """A target that only takes."""

    name, clock_offset = "folder", None

    async def send(self, batch: Any) -> Any: ...

    async def aclose(self) -> None: ...


class Provider(Folder):
    """A target that also answers."""

    name = "provider"

    async def get(self, what: str, query: Any) -> Any: ...


def test_what_may_be_queued_is_what_the_target_said_or_all_if_it_cannot_be_asked(
    tx: sqlite3.Connection,
) -> None:
    known.save_provider(tx, known.ProviderState(name="provider", takes=BARE))
    known.save_provider(tx, known.ProviderState(name="folder", takes=BARE))
    assert known.load_capabilities(tx, Provider()) == BARE
    assert known.load_capabilities(tx, Folder()) == ALL_CAPABILITIES
    assert known.load_capabilities(tx, None) == Capabilities()


async def test_a_receiver_of_bare_events_gets_every_one_of_them(provider: Any, site: Any, make: Make) -> None:
    await provider.behave(bare=True)
    async with site() as here:
        await here.store.run(lambda tx: know(tx, here.delivery, BARE))
        await here.put([make(number) for number in range(5)])
        await here.empty()
        assert not (await here.counts()).dead
    assert provider.subjects == [f"T{number:04d}" for number in range(5)]


async def test_without_its_capabilities_such_a_receiver_holds_everything_and_nothing_dies(
    provider: Any, site: Any, make: Make
) -> None:
    """The negative control: batches to a receiver of bare events."""
    await provider.behave(bare=True)
    async with site() as here:
        await here.put([make(number) for number in range(5)])
        await here.in_trouble()
        told = await here.counts()
        assert (sum(told.pending.values()), sum(told.dead.values())) == (5, 0)
    assert provider.subjects == []


def know(tx: sqlite3.Connection, delivery: Any, takes: Capabilities) -> None:
    name = delivery._target.name
    known.save_provider(tx, known.ProviderState(name=name, takes=takes))


def test_a_document_that_is_far_too_large_is_not_read() -> None:
    padded = b'{"feedback": true, "x": "' + b"a" * capabilities.MAX_DOCUMENT_BYTES + b'"}'
    assert capabilities.parse_capabilities(padded) is None
    assert capabilities.parse_capabilities(b'{"feedback": true}') is not None
