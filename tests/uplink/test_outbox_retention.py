"""What goes first when the outbox is full, what never goes, and that every drop is counted."""

import sqlite3
from collections.abc import Callable
from random import Random

import pytest

from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.outbox import outbox, queries, retention, tables
from uplink.outbox.envelope import Envelope, Lane, Supersede

Make = Callable[..., Envelope]
HOUR = 3600.0
MIB = 1024 * 1024
ROOMY = 1 << 40  # bytes free on the disk


def reading(number: int, *, subject: str = "", at: float = 0.0, lane: Lane = Lane.METERS) -> Envelope:
    """About a kilobyte, so that a megabyte is a thousand of them."""
    data = {"n": number, "filler": "x" * 800}
    return Envelope(lane=lane, type="t/1", subject=subject or f"sn:{number}", time=at, data=data)


def update(subject: str, folds: Supersede = Supersede.LATE) -> Envelope:
    data = {"filler": "x" * 800}
    return Envelope(lane=Lane.TICKETS, type="t/1", subject=subject, time=0, data=data, supersede=folds)


def bounded(tx: sqlite3.Connection, size: int) -> None:
    tables.set_number(tx, "bound", size)


def upkeep(tx: sqlite3.Connection, *, hours: float, limits: retention.OutboxLimits | None = None) -> int:
    """`hours` of use, in steps as the agent takes them."""
    return sum(
        retention.apply_limits(tx, limits or retention.OutboxLimits(), free=ROOMY, elapsed=HOUR)
        for _ in range(int(hours))
    )


def conserved(tx: sqlite3.Connection) -> None:
    """accepted = waiting + delivered + dead + dropped; and the bytes are those of the rows."""
    told = queries.count_outbox(tx)
    known = (told.pending, told.delivered, told.dead, told.dropped)
    assert told.accepted == sum(sum(numbers.values()) for numbers in known)
    size = tx.execute(
        "SELECT COALESCE(SUM(LENGTH(data) + ?), 0) FROM outbox_event", (tables.EVENT_OVERHEAD,)
    ).fetchone()[0]
    assert retention.used_bytes(tx) == size


def test_diagnostics_go_before_readings_and_readings_before_tickets(tx: sqlite3.Connection) -> None:
    bounded(tx, 5 * MIB // 2)
    for number in range(1000):
        for lane in (Lane.TICKETS, Lane.METERS, Lane.DIAGNOSTICS):
            outbox.put(tx, reading(number, lane=lane, subject=f"{lane}:{number}"))
    first = queries.count_outbox(tx)
    assert first.pending[Lane.TICKETS] == first.pending[Lane.METERS] == 1000
    assert set(first.dropped) == {"diagnostics.full"}
    for number in range(1000, 2500):
        outbox.put(tx, reading(number, lane=Lane.TICKETS))
    then = queries.count_outbox(tx)
    assert then.pending[Lane.TICKETS] == 2500
    assert set(then.dropped) == {"diagnostics.full", "meters.full"}
    conserved(tx)


def test_readings_are_thinned_to_one_an_hour_before_any_hour_is_lost(tx: sqlite3.Connection) -> None:
    bounded(tx, 2 * MIB)
    for number in range(1200):
        outbox.put(tx, reading(number, subject=f"sn:{number % 5}", at=number * 300.0))
    bounded(tx, MIB)
    for number in range(450):
        outbox.put(tx, reading(number, lane=Lane.TICKETS))
    left = [
        (entry.subject, entry.time // HOUR)
        for entry in queries.list_pending(tx, 5000)
        if entry.lane is Lane.METERS
    ]
    assert len(left) == len(set(left)) == 500, "100 hours of five printers"
    assert set(queries.count_outbox(tx).dropped) == {"meters.thinned"}
    conserved(tx)


def test_when_it_fills_readings_of_one_hour_merge_before_anything_drops(tx: sqlite3.Connection) -> None:
    bounded(tx, MIB)
    for number in range(800):
        outbox.put(tx, reading(number, at=number * HOUR))
    for number in range(500):
        outbox.put(tx, reading(number, subject="sn:same", at=900 * HOUR + number))
    assert queries.count_outbox(tx).dropped == {"meters.merged": 499}
    conserved(tx)


def test_readings_never_evict_a_ticket_and_are_turned_away_instead(tx: sqlite3.Connection) -> None:
    bounded(tx, MIB)
    tickets = 0
    while outbox.put(tx, reading(tickets, lane=Lane.TICKETS)) is not None:
        tickets += 1
    assert outbox.put(tx, reading(1)) is None
    told = queries.count_outbox(tx)
    assert (told.pending, told.dropped) == ({Lane.TICKETS: tickets}, {})
    assert told.accepted == tickets, "what is not accepted gets no number: there is no hole"


def test_a_ticket_without_room_is_withheld_and_named_when_room_returns(tx: sqlite3.Connection) -> None:
    bounded(tx, MIB)
    number = 0
    while outbox.put(tx, reading(number, lane=Lane.TICKETS)) is not None:
        number += 1
    assert queries.count_outbox(tx).withheld == 1
    assert retention.list_withheld(tx) == [], "there is no room yet"
    assert queries.load_delivery(tx, f"sn:{number}").stage is not queries.DeliveryStage.DELIVERED
    while (batch := outbox.next_batch(tx, source="/a", now=1.0)) is not None:
        receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
        outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=Random(1))
    assert retention.list_withheld(tx) == [f"sn:{number}"]
    outbox.put(tx, reading(number, lane=Lane.TICKETS))
    assert retention.list_withheld(tx) == []
    conserved(tx)


def test_only_the_newest_heartbeat_waits(tx: sqlite3.Connection) -> None:
    for number in range(50):
        beat = Envelope(
            lane=Lane.HEARTBEAT,
            type="h/1",
            subject="agent",
            time=number,
            data={},
            supersede=Supersede.AT_ONCE,
        )
        outbox.put(tx, beat)
    assert [entry.seq for entry in queries.list_pending(tx)] == [50]
    assert queries.count_outbox(tx).dropped == {"heartbeat.superseded": 49}
    conserved(tx)


def test_readings_age_out_after_a_week_diagnostics_after_a_day_tickets_never(tx: sqlite3.Connection) -> None:
    upkeep(tx, hours=1)
    for lane in (Lane.TICKETS, Lane.METERS, Lane.DIAGNOSTICS):
        outbox.put(tx, reading(int(lane), lane=lane))
    for hours, waiting in ((23, 3), (2, 2), (24 * 6 - 2, 2), (2, 1), (24 * 400, 1)):
        upkeep(tx, hours=hours)
        assert sum(queries.count_outbox(tx).pending.values()) == waiting
    assert queries.count_outbox(tx).dropped == {"diagnostics.too-old": 1, "meters.too-old": 1}
    conserved(tx)


def test_a_clock_that_jumps_expires_nothing(tx: sqlite3.Connection) -> None:
    """Ages are counted in use, not read off the wall clock: neither the event's time nor a long sleep counts."""
    outbox.put(tx, reading(1, at=-1e9))
    retention.apply_limits(tx, retention.OutboxLimits(), free=ROOMY, elapsed=365 * 86400.0)
    retention.apply_limits(tx, retention.OutboxLimits(), free=ROOMY, elapsed=-5.0)
    assert queries.count_outbox(tx).pending == {Lane.METERS: 1}


STORIES = [
    # e an event that stays as it is (open, clear …), u an update
    ("updates in a row fold into the newest", "euuu", "eu"),
    ("a clear between them keeps both", "euuueuu", "eueu"),
    ("a single update stays", "eu", "eu"),
    ("what is no update never folds", "eee", "eee"),
]


@pytest.mark.parametrize(("story", "before", "after"), STORIES, ids=[story[0] for story in STORIES])
def test_after_a_month_of_waiting(tx: sqlite3.Connection, story: str, before: str, after: str) -> None:
    for letter in before:
        outbox.put(tx, update("T1", Supersede.LATE if letter == "u" else Supersede.NEVER))
    upkeep(tx, hours=24 * 30)
    assert queries.count_outbox(tx).pending == {Lane.TICKETS: len(before)}, "not a day too early"
    upkeep(tx, hours=2)
    left = tx.execute("SELECT supersedable, seq FROM outbox_event ORDER BY seq").fetchall()
    assert "".join("u" if row["supersedable"] else "e" for row in left) == after
    assert left[-1]["seq"] == len(before), "the newest is the one that stays"
    conserved(tx)


def test_a_frozen_batch_loses_nothing_to_a_full_outbox(tx: sqlite3.Connection) -> None:
    bounded(tx, MIB)
    for number in range(900):
        outbox.put(tx, reading(number))
    frozen = outbox.next_batch(tx, source="/a", now=1.0)
    assert frozen is not None
    for number in range(2000):
        outbox.put(tx, reading(number, lane=Lane.TICKETS))
    again = tx.execute(
        "SELECT id FROM outbox_event WHERE batch = ? ORDER BY seq", (frozen.number,)
    ).fetchall()
    assert tuple(row["id"] for row in again) == tuple(name.bytes for name in frozen.ids)
    conserved(tx)


def test_the_bound_follows_the_free_space_and_the_agent_is_slowed_before_anything_drops(
    tx: sqlite3.Connection,
) -> None:
    limits = retention.OutboxLimits()
    assert limits.byte_limit(free=1 << 40, used=0) == 512 * MIB
    assert limits.byte_limit(free=100 * MIB, used=0) == 20 * MIB
    assert limits.byte_limit(free=0, used=0) == 4 * MIB, "never nothing"
    bounded(tx, 10 * MIB)
    paces = []
    while not tables.load_number(tx, "dropped:full"):
        paces.append(retention.poll_slowdown(tx))
        outbox.put(tx, reading(len(paces), at=len(paces) * HOUR))
    assert (paces[0], paces[-1]) == (1.0, 4.0)
    assert paces == sorted(paces)


def test_a_dead_letter_keeps_ten_thousand_and_the_newest(
    tx: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_DEAD", 100)
    for number in range(250):
        tables.dead_letter_event(tx, outbox.put(tx, reading(number)) or 0, "urn:x", "no", float(number))
    told = queries.count_outbox(tx)
    assert 90 <= sum(told.dead.values()) <= 100
    assert sum(told.dropped.values()) == 250 - sum(told.dead.values())
    assert next(iter(queries.list_dead(tx))).seq > 150
    conserved(tx)


def test_a_dead_letter_is_forgotten_after_90_days(tx: sqlite3.Connection) -> None:
    tables.dead_letter_event(tx, outbox.put(tx, reading(1)) or 0, "urn:x", "no", 0.0)
    upkeep(tx, hours=24 * 90)
    assert sum(queries.count_outbox(tx).dead.values()) == 1
    upkeep(tx, hours=2)
    assert queries.count_outbox(tx).dropped == {"meters.dead-letter-age": 1}
    conserved(tx)


def test_a_random_life_within_tight_bounds_adds_up(tx: sqlite3.Connection) -> None:
    dice = Random(5)
    for step in range(3000):
        bounded(tx, MIB // 2)
        lane = dice.choice(list(Lane))
        one = reading(step, lane=lane, subject=f"s{dice.randrange(40)}", at=step * 200.0)
        outbox.put(tx, one)
        if dice.random() < 0.01:
            retention.apply_limits(tx, retention.OutboxLimits(size=MIB // 2), free=ROOMY, elapsed=HOUR)
        if dice.random() < 0.003 and (batch := outbox.next_batch(tx, source="/a", now=float(step))):
            results = [
                dice.choice([ItemOutcome.ACCEPTED, ItemOutcome.RETRY, ItemOutcome.REJECTED])
                for _ in batch.ids
            ]
            receipt = {name: ItemResult(result) for name, result in zip(batch.ids, results, strict=True)}
            outbox.apply_receipt(tx, batch, receipt, now=float(step), dice=dice)
        assert retention.used_bytes(tx) <= MIB // 2 + 2048
    conserved(tx)
    assert {key.split(".")[0] for key in queries.count_outbox(tx).dropped} <= {"meters", "diagnostics"}
