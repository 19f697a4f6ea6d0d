"""The promises in the outbox's docstring, one by one. `tx` is a real file, `make(n)` envelope n."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.errors import Poisoned, TooLarge
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope, Lane

Make = Callable[..., Envelope]
SOURCE = "/agents/a"
NOW = 1_000.0
BAD_EVENT = "urn:problem-type:mps:event-unacceptable"


def next_batch(tx: sqlite3.Connection, *, now: float = NOW, single: bool = False) -> outbox.Batch | None:
    return outbox.next_batch(tx, source=SOURCE, now=now, single=single)


def must(tx: sqlite3.Connection, *, now: float = NOW, single: bool = False) -> outbox.Batch:
    batch = next_batch(tx, now=now, single=single)
    assert batch is not None
    return batch


def answer(tx: sqlite3.Connection, batch: outbox.Batch, *results: ItemOutcome, now: float = NOW) -> None:
    receipt = {name: ItemResult(result) for name, result in zip(batch.ids, results, strict=False)}
    outbox.apply_receipt(tx, batch, receipt, now=now, dice=Random(1))


def test_numbers_have_no_gap_even_where_a_transaction_was_rolled_back(store: Store, make: Make) -> None:
    def put_two_and_fail() -> None:
        with store.transaction() as tx:
            outbox.put(tx, make(2))
            outbox.put(tx, make(3))
            raise InterruptedError

    with store.transaction() as tx:
        first = outbox.put(tx, make(1))
    with pytest.raises(InterruptedError):
        put_two_and_fail()
    with store.transaction() as tx:
        assert (first, outbox.put(tx, make(4))) == (1, 2)


def test_a_number_is_not_given_again_after_delivery(tx: sqlite3.Connection, make: Make) -> None:
    outbox.put(tx, make(1))
    answer(tx, must(tx), ItemOutcome.ACCEPTED)
    assert outbox.put(tx, make(2)) == 2


def test_a_batch_keeps_its_key_and_bytes_across_a_restart(tmp_path: Path, make: Make) -> None:
    seen = []
    for attempt in (1, 2):
        store = Store(tmp_path / "one.db", {"outbox": outbox.SCHEMA})
        with store.transaction() as tx:
            outbox.put(tx, make(attempt))
            seen.append(must(tx))
        store.close()
    first, again = seen
    assert (again.key, again.body, again.ids) == (first.key, first.body, first.ids)
    assert (first.tries, again.tries) == (1, 2)


def test_what_comes_later_does_not_join_a_frozen_batch(tx: sqlite3.Connection, make: Make) -> None:
    outbox.put(tx, make(1))
    frozen = must(tx)
    outbox.put(tx, make(2))
    assert must(tx).body == frozen.body


def test_a_ticket_goes_before_a_thousand_readings_that_were_there_first(
    tx: sqlite3.Connection, make: Make
) -> None:
    for number in range(1000):
        outbox.put(tx, make(number, Lane.METERS))
    assert must(tx).lane is Lane.METERS
    outbox.put(tx, make(5000))
    assert must(tx).lane is Lane.TICKETS


@pytest.mark.parametrize(
    ("result", "left"),
    [
        (ItemOutcome.ACCEPTED, 0),
        (ItemOutcome.DUPLICATE, 0),
        (ItemOutcome.RETRY, 1),
        (ItemOutcome.REJECTED, 0),
    ],
)
def test_a_receipt_decides_event_by_event(
    tx: sqlite3.Connection, make: Make, result: ItemOutcome, left: int
) -> None:
    outbox.put(tx, make(1))
    outbox.put(tx, make(2))
    answer(tx, must(tx), result, ItemOutcome.ACCEPTED)
    counts = queries.count_outbox(tx)
    assert counts.pending == ({Lane.TICKETS: left} if left else {})
    assert counts.dead == ({Lane.TICKETS: 1} if result is ItemOutcome.REJECTED else {})


def test_an_event_that_the_receipt_does_not_name_stays(tx: sqlite3.Connection, make: Make) -> None:
    outbox.put(tx, make(1))
    outbox.put(tx, make(2))
    answer(tx, must(tx), ItemOutcome.ACCEPTED)
    assert [entry.seq for entry in queries.list_pending(tx)] == [2]


def test_a_deferred_event_holds_back_its_own_subject_and_nothing_else(
    tx: sqlite3.Connection, make: Make
) -> None:
    outbox.put(tx, make(1, subject="jam"))
    answer(tx, must(tx), ItemOutcome.RETRY)
    outbox.put(tx, make(2, subject="jam"))
    outbox.put(tx, make(3, subject="other"))
    assert [len(must(tx).ids), queries.count_outbox(tx).pending[Lane.TICKETS]] == [1, 3]
    answer(tx, must(tx), ItemOutcome.ACCEPTED)
    assert next_batch(tx) is None
    assert len(must(tx, now=NOW + 400).ids) == 2


def test_a_clock_set_back_by_a_year_defers_nothing_for_a_year(tx: sqlite3.Connection, make: Make) -> None:
    outbox.put(tx, make(1))
    answer(tx, must(tx), ItemOutcome.RETRY)
    assert next_batch(tx, now=NOW - 365 * 86400) is not None


def test_a_refused_batch_is_halved_in_order_under_new_keys(tx: sqlite3.Connection, make: Make) -> None:
    for number in range(5):
        outbox.put(tx, make(number))
    whole = must(tx)
    outbox.split_batch(tx, whole, TooLarge("no"), source=SOURCE, now=NOW)
    left = must(tx)
    answer(tx, left, *[ItemOutcome.ACCEPTED] * len(left.ids))
    right = must(tx)
    assert left.ids + right.ids == whole.ids
    assert len({whole.key, left.key, right.key}) == 3


def test_only_the_poisoned_event_ends_in_the_dead_letter(tx: sqlite3.Connection, make: Make) -> None:
    for number in range(100):
        outbox.put(tx, make(number))
    requests, delivered = 0, []
    while (batch := next_batch(tx)) is not None:
        requests += 1
        if b'"T0067"' in batch.body:
            outbox.split_batch(tx, batch, Poisoned("bad", problem=BAD_EVENT), source=SOURCE, now=NOW)
        else:
            answer(tx, batch, *[ItemOutcome.ACCEPTED] * len(batch.ids))
            delivered += batch.ids
    (dead,) = queries.list_dead(tx)
    assert (dead.subject, dead.reason, dead.detail) == ("T0067", BAD_EVENT, "bad")
    assert len(delivered) == 99
    assert requests <= 16, "bisecting 100 events takes about twice log2(100) requests"


def test_an_oversized_event_is_accepted_into_the_dead_letter(tx: sqlite3.Connection, make: Make) -> None:
    small = make(1)
    big = Envelope(lane=Lane.TICKETS, type=small.type, subject="big", time=1, data={"x": "y" * 70_000})
    assert outbox.put(tx, big) == 1
    assert next_batch(tx) is None
    assert [entry.reason for entry in queries.list_dead(tx)] == [outbox.OVERSIZED_PROBLEM]


def test_no_body_is_larger_than_the_receiver_takes(tx: sqlite3.Connection, make: Make) -> None:
    filler = {"x": "y" * 60_000}
    for number in range(40):
        outbox.put(tx, Envelope(lane=Lane.METERS, type="t/1", subject=str(number), time=1, data=filler))
    sizes = []
    while (batch := next_batch(tx)) is not None:
        sizes.append((len(batch.ids), len(batch.body)))
        answer(tx, batch, *[ItemOutcome.ACCEPTED] * len(batch.ids))
    assert sum(count for count, _ in sizes) == 40
    assert max(size for _, size in sizes) <= outbox.MAX_BATCH_BYTES


def test_a_trial_carries_one_event_of_the_most_urgent_lane(tx: sqlite3.Connection, make: Make) -> None:
    for number in range(3):
        outbox.put(tx, make(number))
    frozen = must(tx)
    trial = must(tx, single=True)
    assert trial.ids == frozen.ids[:1]
    answer(tx, trial, ItemOutcome.ACCEPTED)
    assert must(tx).ids == frozen.ids[1:]


def test_a_dead_event_comes_back_under_its_own_name_and_number(tx: sqlite3.Connection, make: Make) -> None:
    first = make(1)
    outbox.put(tx, first)
    answer(tx, must(tx), ItemOutcome.REJECTED)
    outbox.put(tx, make(2))
    assert outbox.revive_event(tx, 1)
    assert not outbox.revive_event(tx, 1)
    assert next((entry.seq, entry.id) for entry in queries.list_pending(tx)) == (1, first.id)


def test_text_that_a_printer_should_not_have_sent_still_makes_valid_utf8(
    tx: sqlite3.Connection, make: Make
) -> None:
    odd = {"name": "\ud800 \x00 \N{PILE OF POO} ß"}
    outbox.put(tx, Envelope(lane=Lane.METERS, type="t/1", subject="s\x00\udfff", time=1, data=odd))
    assert b"\xc3\x9f" in must(tx).body
    must(tx).body.decode("utf-8")


def test_the_same_event_cannot_be_accepted_twice(tx: sqlite3.Connection, make: Make) -> None:
    one = make(1)
    outbox.put(tx, one)
    with pytest.raises(sqlite3.IntegrityError):
        outbox.put(tx, one)
