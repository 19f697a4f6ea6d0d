"""The outbox: what was accepted, until the provider has it.

What always holds
- An envelope is *accepted* when the transaction that `put` wrote in is committed: with the rule state
  and the ticket it belongs to, or not at all.
- Every accepted envelope is in exactly one place: queued, in the dead letter with a reason, or
  delivered. It leaves the queue only by a receipt that names its id, or into the dead letter.
- `agent_seq` numbers accepted envelopes 1, 2, 3 … without a gap, so the receiver can see a hole.
- A batch is frozen, ids and bytes, before it is first sent. One Idempotency-Key is one body, across
  retries, restarts and versions; when a batch must change, it gets new keys.
- Within a lane envelopes leave in order, one batch at a time. One that the receiver defers ("retry")
  holds back later ones of its own subject, and nothing else. The dead letter holds back nothing: each
  event carries the whole ticket, and the receiver keeps the highest `ticket_seq`.
- A lower lane is never asked before a higher one is empty.

          put                next_batch               settle: accepted, duplicate
    ─────────────► QUEUED ───────────────► FROZEN ───────────────────────────────► gone, counted
                   │    ▲                  │ │  ▲
      over 64 KiB  │    │  settle: retry   │ │  │ narrow: a new key for each half
                   │    └── PARKED ◄───────┘ └──┘
                   │    ▲   until due        │
                   ▼    │ revive             │ settle: rejected · narrow at one item
                   DEAD LETTER ◄─────────────┘

Every function works in the caller's open transaction and commits nothing.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from uuid6 import uuid7

from uplink import cloudevents
from uplink.answers import Receipt, Result, Verdict
from uplink.envelope import Envelope, Lane
from uplink.errors import Refused
from uplink.retry import LONGEST_FLOOR, backoff

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE outbox_batch (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,       -- the Idempotency-Key
        lane INTEGER NOT NULL,
        first INTEGER NOT NULL,         -- lowest agent_seq in it
        tries INTEGER NOT NULL,
        body BLOB NOT NULL              -- sent as it stands
    );
    CREATE INDEX outbox_batch_order ON outbox_batch (lane, first);
    CREATE TABLE outbox_event (
        seq INTEGER PRIMARY KEY,        -- agent_seq
        id BLOB NOT NULL UNIQUE,
        lane INTEGER NOT NULL,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,
        time REAL NOT NULL,
        data BLOB NOT NULL,             -- JSON
        batch INTEGER REFERENCES outbox_batch (number),
        tries INTEGER NOT NULL DEFAULT 0,   -- times the receiver said "retry"
        due REAL NOT NULL DEFAULT 0         -- parked until then
    );
    CREATE INDEX outbox_queue ON outbox_event (lane, seq);
    CREATE INDEX outbox_frozen ON outbox_event (batch) WHERE batch IS NOT NULL;
    CREATE INDEX outbox_parked ON outbox_event (subject, seq) WHERE due > 0;
    CREATE TABLE outbox_dead (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        lane INTEGER NOT NULL,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,
        time REAL NOT NULL,
        data BLOB NOT NULL,
        reason TEXT NOT NULL,           -- a problem type (RFC 9457)
        detail TEXT NOT NULL,
        died REAL NOT NULL
    );
    CREATE TABLE outbox_count (what TEXT, lane INTEGER, n INTEGER NOT NULL, PRIMARY KEY (what, lane));
    CREATE TABLE outbox_destination (
        name TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,      -- transient, in a row
        held INTEGER NOT NULL,          -- 1: it refuses us, whatever we send
        due REAL NOT NULL,              -- not asked again before
        reason TEXT NOT NULL
    )
    """,
)

LARGEST_EVENT = 64 * 1024  # bytes of payload
LARGEST_BATCH = 1024 * 1024  # bytes of body, before gzip
MOST_EVENTS = 500  # in one batch

OVERSIZED = "urn:problem-type:mps:event-too-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one request carries, for as long as it takes: the same key, the same bytes."""

    number: int
    key: str
    lane: Lane
    body: bytes
    ids: tuple[UUID, ...]
    tries: int  # attempts, with the one about to be made


def put(tx: sqlite3.Connection, envelope: Envelope) -> int:
    """Accept `envelope` in the transaction at hand; returns its agent_seq.

    Never refuses: an oversized payload goes to the dead letter at once, so that the poll which caused
    it is not lost with it. Raises ValueError for data that is not JSON, IntegrityError for an id put twice.
    """
    seq = _count(tx, "accepted", -1)
    data = cloudevents.payload(envelope.data)
    subject = envelope.subject.encode("utf-8", "replace").decode()
    row = (seq, envelope.id.bytes, envelope.lane, envelope.type, subject, envelope.time, data)
    tx.execute(
        "INSERT INTO outbox_event (seq, id, lane, type, subject, time, data) VALUES (?,?,?,?,?,?,?)", row
    )
    if len(data) > LARGEST_EVENT:
        said = f"the payload has {len(data)} bytes; the limit is {LARGEST_EVENT}"
        _bury(tx, seq, OVERSIZED, said, envelope.time)
    return seq


def next_batch(tx: sqlite3.Connection, *, source: str, now: float, single: bool = False) -> Batch | None:
    """The most urgent batch, its attempt counted; None if nothing may go now.

    A batch already frozen comes before what queued up behind it. `single`: one event only, as the
    breaker's trial; a frozen batch is then broken up under new keys.
    """
    for lane in Lane:
        number = _frozen(tx, lane)
        if number is None:
            number = _freeze(tx, _ready(tx, lane, now, 1 if single else MOST_EVENTS), source)
        elif single and len(members := _members(tx, number)) > 1:
            number = _regroup(tx, number, [members[:1], members[1:]], source)
        if number is not None:
            tx.execute("UPDATE outbox_batch SET tries = tries + 1 WHERE number = ?", (number,))
            return _batch(tx, number)
    return None


def settle(tx: sqlite3.Connection, batch: Batch, receipt: Receipt, *, now: float, dice: Random) -> None:
    """Do to each event of `batch` what `receipt` says; one that it does not name is tried again."""
    unnamed = Verdict(Result.RETRY)
    for row in _members(tx, batch.number):
        verdict = receipt.get(UUID(bytes=row["id"]), unnamed)
        if verdict.result is Result.REJECTED:
            reason, detail = verdict.problem or "about:blank", verdict.detail or "rejected by the receiver"
            _bury(tx, row["seq"], reason, detail, now)
        elif verdict.result is Result.RETRY:
            _park(tx, row, now + backoff(row["tries"] + 1, dice))
        else:
            tx.execute("DELETE FROM outbox_event WHERE seq = ?", (row["seq"],))
            _count(tx, "delivered", row["lane"])
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch.number,))


def narrow(tx: sqlite3.Connection, batch: Batch, why: Refused, *, source: str, now: float) -> None:
    """The receiver will not have `batch`: halve it under new keys; a single event goes to the dead letter."""
    members = _members(tx, batch.number)
    if len(members) > 1:
        middle = len(members) // 2
        _regroup(tx, batch.number, [members[:middle], members[middle:]], source)
        return
    for row in members:
        _bury(tx, row["seq"], why.problem, why.reason, now)
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch.number,))


def revive(tx: sqlite3.Connection, seq: int) -> bool:
    """Put a dead event back in its place in the queue, same id and number; False if there is none."""
    columns = "seq, id, lane, type, subject, time, data"
    moved = tx.execute(
        f"INSERT INTO outbox_event ({columns}) SELECT {columns} FROM outbox_dead WHERE seq = ?",  # noqa: S608 - constant
        (seq,),
    )
    tx.execute("DELETE FROM outbox_dead WHERE seq = ?", (seq,))
    return moved.rowcount == 1


def next_due(tx: sqlite3.Connection, now: float) -> float | None:
    """Seconds until the first parked event may go again; None without one."""
    later = "SELECT MIN(due) FROM outbox_event WHERE due > 0 AND due > ? AND batch IS NULL"
    first = tx.execute(later, (now,)).fetchone()[0]
    return None if first is None else min(LONGEST_FLOOR, first - now)


def _ready(tx: sqlite3.Connection, lane: Lane, now: float, most: int) -> list[sqlite3.Row]:
    """The next events of `lane` that are not parked, nor behind a parked one of their subject.

    A `due` further ahead than any pause is a clock that was set back, and counts as over.
    """
    parked = "due > 0 AND due BETWEEN :now AND :latest"
    query = f"""
        SELECT * FROM outbox_event AS e WHERE lane = :lane AND batch IS NULL AND NOT ({parked})
        AND NOT EXISTS (SELECT 1 FROM outbox_event AS p
                        WHERE p.due > 0 AND p.due BETWEEN :now AND :latest
                        AND p.subject = e.subject AND p.lane = e.lane AND p.seq < e.seq)
        ORDER BY seq LIMIT :most
    """  # noqa: S608 - constants
    where = {"lane": lane, "now": now, "latest": now + LONGEST_FLOOR, "most": most}
    return tx.execute(query, where).fetchall()


def _frozen(tx: sqlite3.Connection, lane: Lane) -> int | None:
    first = "SELECT number FROM outbox_batch WHERE lane = ? ORDER BY first LIMIT 1"
    row = tx.execute(first, (lane,)).fetchone()
    return None if row is None else row["number"]


def _freeze(tx: sqlite3.Connection, rows: Iterable[sqlite3.Row], source: str) -> int | None:
    """Make a batch of as many of `rows`, from the front, as its size allows; its number."""
    taken: list[sqlite3.Row] = []
    events: list[bytes] = []
    size = 2
    for row in rows:
        event = cloudevents.event(
            UUID(bytes=row["id"]),
            source=source,
            kind=row["type"],
            subject=row["subject"],
            time=row["time"],
            sequence=row["seq"],
            data=row["data"],
        )
        size += len(event) + 1
        if events and size > LARGEST_BATCH:
            break
        taken.append(row)
        events.append(event)
    if not taken:
        return None
    made = tx.execute(
        "INSERT INTO outbox_batch (key, lane, first, tries, body) VALUES (?, ?, ?, 0, ?)",
        (str(uuid7()), taken[0]["lane"], taken[0]["seq"], cloudevents.batch(events)),
    ).lastrowid
    tx.executemany("UPDATE outbox_event SET batch = ? WHERE seq = ?", [(made, row["seq"]) for row in taken])
    return made


def _regroup(
    tx: sqlite3.Connection, number: int, groups: Sequence[Sequence[sqlite3.Row]], source: str
) -> int | None:
    """Replace a frozen batch by one for each of `groups`, under new keys; the first one's number."""
    _thaw(tx, number)
    numbers = [_freeze(tx, group, source) for group in groups]
    return numbers[0]


def _park(tx: sqlite3.Connection, row: sqlite3.Row, due: float) -> None:
    """Hold an event back. Batches frozen behind it (the other half, say) are thawed, for they may have
    later events of its subject, and thawing only some would let the others overtake those."""
    change = "UPDATE outbox_event SET batch = NULL, tries = tries + 1, due = ? WHERE seq = ?"
    tx.execute(change, (due, row["seq"]))
    others = "SELECT number FROM outbox_batch WHERE lane = ? AND number <> ?"
    for other in tx.execute(others, (row["lane"], row["batch"])).fetchall():
        _thaw(tx, other["number"])


def _thaw(tx: sqlite3.Connection, number: int) -> None:
    """Its events queue again, each in its place; its key is never used again."""
    tx.execute("UPDATE outbox_event SET batch = NULL WHERE batch = ?", (number,))
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (number,))


def _members(tx: sqlite3.Connection, number: int) -> list[sqlite3.Row]:
    return tx.execute("SELECT * FROM outbox_event WHERE batch = ? ORDER BY seq", (number,)).fetchall()


def _batch(tx: sqlite3.Connection, number: int) -> Batch:
    row = tx.execute("SELECT * FROM outbox_batch WHERE number = ?", (number,)).fetchone()
    ids = tuple(UUID(bytes=event["id"]) for event in _members(tx, number))
    return Batch(
        number=number, key=row["key"], lane=Lane(row["lane"]), body=row["body"], ids=ids, tries=row["tries"]
    )


def _bury(tx: sqlite3.Connection, seq: int, reason: str, detail: str, now: float) -> None:
    columns = "seq, id, lane, type, subject, time, data"
    tx.execute(
        f"INSERT INTO outbox_dead ({columns}, reason, detail, died) "  # noqa: S608 - constant
        f"SELECT {columns}, ?, ?, ? FROM outbox_event WHERE seq = ?",
        (reason, detail, now, seq),
    )
    tx.execute("DELETE FROM outbox_event WHERE seq = ?", (seq,))


def _count(tx: sqlite3.Connection, what: str, lane: int) -> int:
    """One more of `what`; returns how many now."""
    counted = tx.execute(
        "INSERT INTO outbox_count VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
        (what, lane),
    )
    return int(counted.fetchone()[0])
