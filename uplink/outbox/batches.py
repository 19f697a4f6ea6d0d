"""Batches of the outbox: frozen, ids and bytes, before they are first sent; thawed when they must change.

One Idempotency-Key is one body. Each function works in the caller's open transaction and commits nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from uuid6 import uuid7

from uplink.delivery import cloudevents
from uplink.outbox import tables
from uplink.outbox.envelope import Lane
from uplink.provider.capabilities import Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The content of one request, the same key and bytes in every attempt."""

    number: int
    key: str
    lane: Lane
    body: bytes
    ids: tuple[UUID, ...]
    tries: int  # attempts, with the one about to be made
    gzip: bool = True  # the body may be compressed on its way


def oldest_frozen(tx: sqlite3.Connection, lane: Lane) -> int | None:
    """The number of the lane's first frozen batch; None without one."""
    first = "SELECT number FROM outbox_batch WHERE lane = ? ORDER BY first_seq LIMIT 1"
    row = tx.execute(first, (lane,)).fetchone()
    return None if row is None else row["number"]


def load_batch(tx: sqlite3.Connection, number: int) -> Batch:
    """A frozen batch, as it was frozen."""
    row = tx.execute("SELECT * FROM outbox_batch WHERE number = ?", (number,)).fetchone()
    ids = tuple(UUID(bytes=event["id"]) for event in load_members(tx, number))
    return Batch(
        number=number, key=row["key"], lane=Lane(row["lane"]), body=row["body"], ids=ids, tries=row["tries"]
    )


def freeze(
    tx: sqlite3.Connection, queued: Iterable[sqlite3.Row], source: str, takes: Capabilities, tries: int = 0
) -> Batch | None:
    """Make a batch of as many of `queued`, from the front, as its size allows. `tries`: 1 if it goes at once,
    for to note that later is to write its whole body a second time."""
    fitting = list(_fitting(queued, source, takes.size))
    if not fitting:
        return None
    taken, events = [row for row, _ in fitting], [event for _, event in fitting]
    body = events[0] if takes.bare else cloudevents.encode_batch(events)
    key, lane = str(uuid7()), Lane(taken[0]["lane"])
    made = tx.execute(
        "INSERT INTO outbox_batch (key, lane, first_seq, tries, body, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (key, lane, taken[0]["seq"], tries, body, tables.body_digest(body)),
    ).lastrowid
    tx.executemany("UPDATE outbox_event SET batch = ? WHERE seq = ?", [(made, row["seq"]) for row in taken])
    ids = tuple(UUID(bytes=row["id"]) for row in taken)
    return Batch(number=made or 0, key=key, lane=lane, body=body, ids=ids, tries=tries, gzip=takes.gzip)


def _fitting(queued: Iterable[sqlite3.Row], source: str, largest: int) -> Iterator[tuple[sqlite3.Row, bytes]]:
    """The rows that fit into `largest` bytes, each with its event; the first one always does."""
    size = 2
    for number, row in enumerate(queued):
        event = cloudevents.encode_event(
            UUID(bytes=row["id"]),
            source=source,
            kind=row["type"],
            subject=row["subject"],
            time=row["time"],
            sequence=row["seq"],
            data=row["data"],
        )
        size += len(event) + 1
        if number and size > largest:
            return
        yield row, event


def regroup(tx: sqlite3.Connection, number: int, cut: int, source: str, takes: Capabilities) -> int | None:
    """Split a frozen batch that `fits` after `cut` events, under new keys; the first half's number."""
    members = tx.execute("SELECT * FROM outbox_event WHERE batch = ? ORDER BY seq", (number,)).fetchall()
    tables.unfreeze_batch(tx, number)
    first, _ = (freeze(tx, group, source, takes) for group in (members[:cut], members[cut:]))
    return None if first is None else first.number


def thaw_all(tx: sqlite3.Connection) -> None:
    """Thaw every batch: what is sent next is a trial with one event."""
    for other in tx.execute("SELECT number FROM outbox_batch").fetchall():
        tables.unfreeze_batch(tx, other["number"])


def thaw_lane(tx: sqlite3.Connection, lane: Lane) -> None:
    """Thaw every batch of a lane: thawing only some would let the others overtake them."""
    for other in tx.execute("SELECT number FROM outbox_batch WHERE lane = ?", (lane,)).fetchall():
        tables.unfreeze_batch(tx, other["number"])


def fits_receiver(tx: sqlite3.Connection, number: int, takes: Capabilities) -> bool:
    """Check whether the receiver, by its capabilities, takes this frozen batch."""
    look = "SELECT LENGTH(body) AS size, substr(body, 1, 1) AS first FROM outbox_batch WHERE number = ?"
    row = tx.execute(look, (number,)).fetchone()
    return takes.accepts_body(
        bare=row["first"] == b"{", size=row["size"], events=len(load_members(tx, number))
    )


def load_members(tx: sqlite3.Connection, number: int) -> list[sqlite3.Row]:
    """The events of a batch, in order, without their payloads."""
    light = (
        "SELECT seq, id, lane, type, subject, batch, tries, refusals, taken, LENGTH(data) AS size "
        "FROM outbox_event"
    )
    return tx.execute(f"{light} WHERE batch = ? ORDER BY seq", (number,)).fetchall()


def is_intact(tx: sqlite3.Connection, number: int) -> bool:
    """Check that a frozen body is unchanged and has events."""
    row = tx.execute("SELECT body, digest FROM outbox_batch WHERE number = ?", (number,)).fetchone()
    return tables.is_body_intact(row) and bool(load_members(tx, number))
