"""A flipped bit is found before it is sent, dies alone, and is counted."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.outbox import integrity, outbox, queries, tables
from uplink.outbox.envelope import Envelope

Make = Callable[..., Envelope]
Figure = Callable[..., None]
DAMAGES = [
    ("data", "UPDATE outbox_event SET data = CAST(replace(data, 'Fuser', 'Fusel') AS BLOB) WHERE seq = 5"),
    ("type", "UPDATE outbox_event SET type = 'mps.ticket/3' WHERE seq = 5"),
    ("subject", "UPDATE outbox_event SET subject = 'T9999' WHERE seq = 5"),
    ("id", "UPDATE outbox_event SET id = zeroblob(16) WHERE seq = 5"),
    ("time", "UPDATE outbox_event SET time = time + 1 WHERE seq = 5"),
    ("lane", "UPDATE outbox_event SET lane = 3 WHERE seq = 5"),
    ("a value of another kind", "UPDATE outbox_event SET data = 7 WHERE seq = 5"),
    ("the digest itself", "UPDATE outbox_event SET digest = zeroblob(8) WHERE seq = 5"),
]


def filled(tx: sqlite3.Connection, make: Make) -> None:
    for number in range(1, 11):
        outbox.put(tx, make(number))


def everything(tx: sqlite3.Connection) -> list[UUID]:
    """Deliver whatever there is; the ids that left."""
    left: list[UUID] = []
    while (batch := outbox.next_batch(tx, source="/a", now=1.0)) is not None:
        left += batch.ids
        receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
        outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=Random(1))
    return left


@pytest.mark.claim("flips")
@pytest.mark.parametrize("found", ["at the start", "on the way out"])
@pytest.mark.parametrize(("what", "damage"), DAMAGES, ids=[what for what, _ in DAMAGES])
def test_a_damaged_event_dies_alone(
    tx: sqlite3.Connection, make: Make, what: str, damage: str, found: str, figure: Figure
) -> None:
    filled(tx, make)
    tx.execute(damage)
    figure(found=1, made=1)
    if found == "at the start":
        assert integrity.check_outbox(tx, 1.0).events == 1
    assert len(everything(tx)) == 9
    (dead,) = queries.list_dead(tx)
    assert (dead.seq, dead.reason) == (5, outbox.DAMAGED_PROBLEM)


@pytest.mark.control("flips")
def test_without_the_digest_damage_would_be_sent(tx: sqlite3.Connection, make: Make, figure: Figure) -> None:
    """Broken: an outbox that does not look. The control of the table above."""
    filled(tx, make)
    tx.execute("UPDATE outbox_event SET digest = NULL")
    for _, damage in DAMAGES[:3]:
        tx.execute(damage)
    assert integrity.check_outbox(tx, 1.0).is_clean
    figure(made=3, sent=3)
    assert len(everything(tx)) == 10


@pytest.mark.claim("flips")
@pytest.mark.parametrize("found", ["at the start", "on the way out"])
def test_a_damaged_frozen_body_goes_again_under_a_new_key(
    tx: sqlite3.Connection, make: Make, found: str, figure: Figure
) -> None:
    figure(found=1, made=1)
    filled(tx, make)
    first = outbox.next_batch(tx, source="/a", now=1.0)
    assert first is not None
    tx.execute("UPDATE outbox_batch SET body = CAST(replace(body, 'Fuser', 'Fusel') AS BLOB)")
    if found == "at the start":
        assert integrity.check_outbox(tx, 1.0).batches == 1
    again = outbox.next_batch(tx, source="/a", now=1.0)
    assert again is not None
    assert (again.ids, again.body) == (first.ids, first.body)
    assert again.key != first.key


def test_rows_that_are_gone_are_counted_as_lost_once(tx: sqlite3.Connection, make: Make) -> None:
    filled(tx, make)
    tx.execute("DELETE FROM outbox_event WHERE seq IN (3, 4)")
    assert integrity.check_outbox(tx, 1.0).lost == 2
    assert integrity.check_outbox(tx, 1.0).is_clean
    assert queries.count_outbox(tx).dropped == {"any.lost": 2}
    assert outbox.put(tx, make(11)) == 11


def test_a_number_is_never_given_twice_even_if_the_count_was_lost(tx: sqlite3.Connection, make: Make) -> None:
    filled(tx, make)
    tx.execute("DELETE FROM outbox_count")
    integrity.check_outbox(tx, 1.0)
    assert outbox.put(tx, make(11)) == 11


def test_an_event_of_a_batch_that_is_gone_queues_again(tx: sqlite3.Connection, make: Make) -> None:
    filled(tx, make)
    outbox.next_batch(tx, source="/a", now=1.0)
    tx.execute("PRAGMA defer_foreign_keys=ON")
    tx.execute("DELETE FROM outbox_batch")
    integrity.check_outbox(tx, 1.0)
    assert len(everything(tx)) == 10


def test_an_outbox_of_version_1_is_taken_over_as_it_is(tmp_path: Path, make: Make) -> None:
    old = Store(tmp_path / "one.db", {"outbox": tables.SCHEMA[:1]})
    one = make(1)
    with old.transaction() as tx:
        tx.execute(
            "INSERT INTO outbox_event (seq, id, lane, type, subject, time, data) VALUES (1,?,0,'t/1','s',1,?)",
            (one.id.bytes, b"{}"),
        )
        tx.execute("INSERT INTO outbox_count VALUES ('accepted', -1, 1)")
    old.close()
    new = Store(tmp_path / "one.db", {"outbox": outbox.SCHEMA})
    with new.transaction() as tx:
        assert integrity.check_outbox(tx, 1.0).is_clean
        assert outbox.put(tx, make(2)) == 2
        assert len(everything(tx)) == 2
    new.close()


def test_an_event_that_always_fells_the_receiver_holds_up_nobody(tx: sqlite3.Connection, make: Make) -> None:
    filled(tx, make)
    now, requests, taken = 1.0, 0, []
    while len(taken) < 9:
        requests += 1
        assert requests < 60, "the others never came through"
        batch = outbox.next_batch(tx, source="/a", now=now, single=requests > 5)
        now += 10
        if batch is None:
            continue
        if b'"T0001"' in batch.body:
            outbox.record_server_fault(tx, batch, now=now, dice=Random(1))
        else:
            taken += batch.ids
            receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
            outbox.apply_receipt(tx, batch, receipt, now=now, dice=Random(1))
    assert [entry.subject for entry in queries.list_pending(tx)] == ["T0001"], "and it waits still"
    outbox.put(tx, make(11))
    now += 4000
    alone = outbox.next_batch(tx, source="/a", now=now)
    assert alone is not None
    assert len(alone.ids) == 1, "from now on it travels alone"
