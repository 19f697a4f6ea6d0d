"""The outbox: accepted events, kept until the provider has them.

Promises
- An envelope is *accepted* when the transaction that `put` wrote in is committed: with the rule state
  and the ticket it belongs to, or not at all.
- Every accepted envelope is in exactly one place: queued, in the dead letter with a reason, delivered,
  or dropped by a rule of `retention` and counted. It is delivered only by a receipt that names its id.
- `agent_seq` numbers accepted envelopes 1, 2, 3 … without a gap, so the receiver can see a hole.
- A batch is frozen, ids and bytes, before it is first sent. One Idempotency-Key is one body, across
  retries, restarts and versions; when a batch must change, it gets new keys.
- Within a lane envelopes leave in order, one batch at a time. One that the receiver defers ("retry")
  holds back later ones of its own subject, and nothing else. The dead letter holds back nothing: each
  event carries the whole ticket, and the receiver keeps the highest `ticket_seq`.
- A lower lane is never asked before a higher one is empty.
- Nothing is sent that is not byte for byte what was accepted: a row whose digest differs is dead. Only
  an agent that got another identity rewrites the name of the sender (`takeover`).

          put                next_batch               receipt: accepted, duplicate
    ─────────────► QUEUED ───────────────► FROZEN ───────────────────────────────► gone, counted
                   │    ▲                  │ │  ▲
      over 64 KiB  │    │  receipt: retry  │ │  │ split: a new key for each half
                   │    └── PARKED ◄───────┘ └──┘
                   │    ▲   until due        │
                   ▼    │ revive             │ receipt: rejected · split at one item
                   DEAD LETTER ◄─────────────┘

Every function works in the caller's open transaction and commits nothing.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from uplink.delivery import cloudevents
from uplink.delivery.responses import ItemOutcome, ItemResult, Receipt
from uplink.delivery.retry import MAX_RETRY_AFTER, draw_backoff
from uplink.errors import Refused, Rejected
from uplink.outbox import batches, ready_events, refusals, retention, tables
from uplink.outbox.batches import Batch
from uplink.outbox.envelope import Envelope, Lane
from uplink.outbox.refusals import ALONE_AFTER
from uplink.provider.capabilities import MAX_BATCH_BYTES, MAX_EVENTS, Capabilities

__all__ = ["MAX_BATCH_BYTES", "MAX_EVENTS", "MAX_EVENT_BYTES", "SCHEMA", "Batch"]

SCHEMA = tables.SCHEMA
DEFAULT_CAPABILITIES = Capabilities()
TAKEN = (ItemOutcome.ACCEPTED, ItemOutcome.DUPLICATE)

MAX_EVENT_BYTES = 64 * 1024  # bytes of payload
REFUSAL_PAUSE = 60.0  # seconds until an event that was refused alone is tried again

DAMAGED_PROBLEM, OVERSIZED_PROBLEM = tables.OWN_PROBLEMS


def put(tx: sqlite3.Connection, envelope: Envelope) -> int | None:
    """Accept `envelope` in the transaction at hand; returns its agent_seq, or None if there is no room.

    An oversized payload goes to the dead letter at once, so that the poll which caused it is not lost
    with it. Raises ValueError for data that is not JSON, IntegrityError for an id put twice.
    """
    data = cloudevents.encode_payload(envelope.data)
    subject = envelope.subject.encode("utf-8", "replace").decode()
    if not retention.make_room_for(tx, envelope, len(data) + tables.EVENT_OVERHEAD):
        return None
    seq = tables.add_to_number(tx, "accepted")
    row = (seq, envelope.id.bytes, int(envelope.lane), envelope.type, subject, envelope.time, data)
    more = (int(envelope.supersede), tables.load_number(tx, "age"), tables.event_digest(row))
    tx.execute(
        f"INSERT INTO outbox_event ({tables.EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - constant
        (*row, *more),
    )
    tables.add_to_number(tx, "bytes", envelope.lane, len(data) + tables.EVENT_OVERHEAD)
    if envelope.lane is Lane.TICKETS:
        tx.execute("DELETE FROM outbox_withheld WHERE subject = ?", (subject,))
    if len(data) > MAX_EVENT_BYTES:
        said = f"the payload has {len(data)} bytes; the limit is {MAX_EVENT_BYTES}"
        tables.dead_letter_event(tx, seq, OVERSIZED_PROBLEM, said, envelope.time)
    return seq


def revive_event(tx: sqlite3.Connection, seq: int) -> bool:
    """Put a dead event back in its place in the queue, as a person asked; False if it does not exist."""
    tx.execute("UPDATE outbox_dead SET returns = 0 WHERE seq = ?", (seq,))
    return tables.revive_event(tx, seq)


def revive_refused(tx: sqlite3.Connection) -> int:
    """Queue every dead letter again that the provider refused, as it asked; return how many.

    What the agent itself found damaged or too large stays: no provider can mend that.
    """
    rows = tx.execute(
        "SELECT seq FROM outbox_dead WHERE reason NOT IN (?, ?) ORDER BY seq", tables.OWN_PROBLEMS
    ).fetchall()
    return sum(revive_event(tx, row["seq"]) for row in rows)


def next_batch(
    tx: sqlite3.Connection,
    *,
    source: str,
    now: float,
    single: bool = False,
    takes: Capabilities = DEFAULT_CAPABILITIES,
    lanes: Iterable[Lane] = Lane,
) -> Batch | None:
    """Choose the most urgent batch and count the attempt; None if nothing may go now.

    A batch already frozen comes before the events behind it, unless the receiver does not take such a batch
    any more (`takes`). `single`: one event only, as the breaker's trial; a frozen batch is then broken
    up under new keys.
    """
    for lane in lanes:
        while (number := _reuse_frozen_batch(tx, lane, source, single, takes)) is not None:
            if batches.is_intact(tx, number):
                tx.execute("UPDATE outbox_batch SET tries = tries + 1 WHERE number = ?", (number,))
                return replace(batches.load_batch(tx, number), gzip=takes.gzip)
            tables.unfreeze_batch(tx, number)
        queued = ready_events.load_ready_events(tx, lane, now, 1 if single else takes.events, trial=single)
        if (made := batches.freeze(tx, queued, source, takes, tries=1)) is not None:
            return made
    return None


def _reuse_frozen_batch(
    tx: sqlite3.Connection, lane: Lane, source: str, single: bool, takes: Capabilities
) -> int | None:
    """The lane's batch that was frozen before, or what has become of it; None without one."""
    number = batches.oldest_frozen(tx, lane)
    if number is not None and not batches.fits_receiver(tx, number, takes):
        batches.thaw_lane(tx, lane)
        return None
    if number is not None and single and len(batches.load_members(tx, number)) > 1:
        return batches.regroup(tx, number, 1, source, takes)
    return number


def apply_receipt(
    tx: sqlite3.Connection,
    batch: Batch,
    receipt: Receipt,
    *,
    now: float,
    dice: Random,
    suspect: bool = False,
) -> Refused | None:
    """Do to each event of `batch` what `receipt` says; one that it does not name is tried again.

    Returns the last rejection if the receiver rejected events and took none. `suspect`: it did so before.
    """
    unnamed = ItemResult(ItemOutcome.RETRY)
    results = {name.bytes: result for name, result in receipt.items()}
    members = [(row, results.get(row["id"], unnamed)) for row in batches.load_members(tx, batch.number)]
    done = [row for row, result in members if result.result in TAKEN]
    _save_joined(tx, members)
    refusals.count_taken(tx, done)
    tables.remove_delivered(tx, done)
    types, refused = {row["type"] for row in done}, None
    for row, result in members:
        if result.result is ItemOutcome.RETRY:
            _park_event(tx, row, now + draw_backoff(row["tries"] + 1, dice))
        elif result.result is ItemOutcome.REJECTED:
            refused = Rejected(
                result.detail or "rejected by the receiver", problem=result.problem or "about:blank"
            )
            if row["type"] in types:
                refusals.reject_event(tx, row, refused, now)
            else:
                _refuse_event(tx, row, refused, suspect=suspect, now=now)
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch.number,))
    return None if done else refused


def _save_joined(tx: sqlite3.Connection, members: Iterable[tuple[sqlite3.Row, ItemResult]]) -> None:
    """Save which tickets joined a ticket of the provider."""
    joined = [(row["subject"], result.joined) for row, result in members if result.joined]
    tx.executemany("INSERT OR REPLACE INTO outbox_joined VALUES (?, ?)", joined)


def _refuse_event(
    tx: sqlite3.Connection, row: sqlite3.Row, why: Refused, *, suspect: bool, now: float
) -> None:
    """Move an event to the dead letter, or try it again after a pause, as `refusals` decides."""
    if not refusals.refuse_event(tx, row, why, suspect=suspect, now=now):
        _park_event(tx, row, now + REFUSAL_PAUSE)


def split_batch(
    tx: sqlite3.Connection,
    batch: Batch,
    why: Refused,
    *,
    source: str,
    now: float,
    takes: Capabilities = DEFAULT_CAPABILITIES,
    suspect: bool = False,
) -> bool:
    """Halve a refused batch under new keys; return True if it was a single event.

    A batch in a form that the receiver's capabilities now exclude is frozen anew. `suspect`: the receiver
    refused other events before, and took none since.
    """
    members = batches.load_members(tx, batch.number)
    if not batches.fits_receiver(tx, batch.number, takes):
        batches.thaw_lane(tx, batch.lane)
        return False
    if len(members) > 1:
        batches.regroup(tx, batch.number, len(members) // 2, source, takes)
        return False
    for row in members:
        _refuse_event(tx, row, why, suspect=suspect, now=now)
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch.number,))
    return True


def hold_all(tx: sqlite3.Connection, now: float) -> int:
    """Queue every event again, since everything is refused; return how many dead letters came back."""
    batches.thaw_all(tx)
    return refusals.forget_stretch(tx, now)


def record_server_fault(tx: sqlite3.Connection, batch: Batch, *, now: float, dice: Random) -> None:
    """Count a 500 for the batch.

    A single event that causes several of them is parked, and the rest goes on; when it is due again it
    travels alone, so that it delays no other event.
    """
    members = batches.load_members(tx, batch.number)
    if len(members) > 1 or not members:
        return
    (row,) = members
    if max(batch.tries, row["tries"]) >= ALONE_AFTER:
        _park_event(tx, row, now + draw_backoff(max(ALONE_AFTER, row["tries"] + 1), dice))
        tx.execute("UPDATE outbox_event SET tries = MAX(tries, ?) WHERE seq = ?", (ALONE_AFTER, row["seq"]))
        tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch.number,))


def next_due(tx: sqlite3.Connection, now: float) -> float | None:
    """Seconds until the first parked event may go again; None without one."""
    later = "SELECT MIN(due) FROM outbox_event WHERE due > 0 AND due > ? AND batch IS NULL"
    first = tx.execute(later, (now,)).fetchone()[0]
    return None if first is None else min(MAX_RETRY_AFTER, first - now)


def _park_event(tx: sqlite3.Connection, row: sqlite3.Row, due: float) -> None:
    """Hold an event back. Batches frozen behind it (the other half, say) are thawed, for they may have
    later events of its subject, and thawing only some would let the others overtake those."""
    change = "UPDATE outbox_event SET batch = NULL, tries = tries + 1, due = ? WHERE seq = ?"
    tx.execute(change, (due, row["seq"]))
    others = "SELECT number FROM outbox_batch WHERE lane = ? AND number <> ?"
    for other in tx.execute(others, (row["lane"], row["batch"])).fetchall():
        tables.unfreeze_batch(tx, other["number"])
