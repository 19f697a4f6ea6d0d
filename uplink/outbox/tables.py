"""The outbox's tables and the changes of their rows. Only the files of the outbox use this one.

    outbox_event     accepted and not yet delivered; `batch` is set while it is frozen, `due` while parked
    outbox_batch     one frozen request: its key and its bytes
    outbox_dead      the dead letter
    outbox_owner     the identity under which events leave, see uplink/outbox/takeover.py
    outbox_joined    tickets that joined one of the provider: subject -> its ticket id
    outbox_withheld  tickets with an event that found no room; maintenance queues their state again
    outbox_count     (what, lane) -> number: accepted, delivered, bytes, dropped:REASON, taken:TYPE, bound …
    outbox_destination  see uplink/delivery/destination_state.py
    outbox_provider  see uplink/provider/provider_state.py

Every row carries a digest of what must not change, so that a flipped bit on the disk is found before it
is sent. Every drop is counted here: accepted = waiting + delivered + dead + dropped, always.
"""

import sqlite3
import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from uplink.outbox.envelope import Lane

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
    """
    ALTER TABLE outbox_event ADD COLUMN folds INTEGER NOT NULL DEFAULT 0;   -- a later one may stand for it
    ALTER TABLE outbox_event ADD COLUMN age INTEGER NOT NULL DEFAULT 0;     -- on the outbox's own clock
    ALTER TABLE outbox_event ADD COLUMN digest BLOB;                        -- NULL: written by version 1
    ALTER TABLE outbox_batch ADD COLUMN digest BLOB;
    ALTER TABLE outbox_dead ADD COLUMN folds INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox_dead ADD COLUMN age INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox_dead ADD COLUMN digest BLOB;
    CREATE INDEX outbox_subject ON outbox_event (subject, seq);
    CREATE TABLE outbox_withheld (subject TEXT PRIMARY KEY, type TEXT NOT NULL, time REAL NOT NULL)
        WITHOUT ROWID;
    INSERT INTO outbox_count SELECT 'bytes', lane, SUM(LENGTH(data) + 200) FROM outbox_event GROUP BY lane
    """,
    """
    CREATE TABLE outbox_provider (
        name TEXT PRIMARY KEY,
        takes TEXT NOT NULL,            -- its capabilities, as JSON
        asked REAL NOT NULL,            -- when it was last asked for them
        after INTEGER NOT NULL,         -- the last word of its desk that was heard
        trouble TEXT NOT NULL           -- why it was not heard, or empty
    )
    """,
    """
    ALTER TABLE outbox_event RENAME COLUMN folds TO supersedable;
    ALTER TABLE outbox_dead RENAME COLUMN folds TO supersedable;
    ALTER TABLE outbox_batch RENAME COLUMN first TO first_seq;
    ALTER TABLE outbox_destination RENAME COLUMN held TO blocked;
    ALTER TABLE outbox_provider RENAME COLUMN takes TO capabilities;
    ALTER TABLE outbox_provider RENAME COLUMN asked TO asked_at;
    ALTER TABLE outbox_provider RENAME COLUMN after TO feedback_cursor;
    ALTER TABLE outbox_provider RENAME COLUMN trouble TO feedback_error
    """,
    """
    ALTER TABLE outbox_event ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0; -- alone
    ALTER TABLE outbox_event ADD COLUMN taken INTEGER NOT NULL DEFAULT 0; -- of its type
    ALTER TABLE outbox_event ADD COLUMN returns INTEGER NOT NULL DEFAULT 0; -- from dead
    ALTER TABLE outbox_dead ADD COLUMN taken INTEGER NOT NULL DEFAULT 0; -- of its type
    ALTER TABLE outbox_dead ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX outbox_dead_type ON outbox_dead (type, taken);
    ALTER TABLE outbox_destination ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE outbox_joined (subject TEXT PRIMARY KEY, ticket TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO outbox_event (seq, id, lane, type, subject, time, data, supersedable, age, digest, returns)
        SELECT seq, id, lane, type, subject, time, data, supersedable, age, digest, 1 FROM outbox_dead
        WHERE reason NOT LIKE 'urn:problem-type:mps:%';
    DELETE FROM outbox_dead WHERE reason NOT LIKE 'urn:problem-type:mps:%'
    """,
    """
    CREATE TABLE outbox_owner (
        number INTEGER PRIMARY KEY CHECK (number = 1), agent_id TEXT NOT NULL, site_id TEXT NOT NULL
    )
    """,
)

EVENT_OVERHEAD = 200  # bytes that an event takes on disk beside its payload, about
MAX_DEAD = 10_000
MAX_DEAD_BYTES = 64 * 1024 * 1024
DAMAGED_PROBLEM = "urn:problem-type:mps:damaged-at-rest"
OVERSIZED_PROBLEM = "urn:problem-type:mps:event-too-large"
OWN_PROBLEMS = (DAMAGED_PROBLEM, OVERSIZED_PROBLEM)  # found by the agent itself
EVENT_COLUMNS = "seq, id, lane, type, subject, time, data, supersedable, age, digest"


def event_digest(row: Sequence[Any]) -> bytes:
    """Eight bytes over what an event is: (seq, id, lane, type, subject, time, data), in this order."""
    seq, name, lane, kind, subject, time, data = row[:7]
    mark = blake2b(struct.pack("<qqd", seq, lane, time), digest_size=8)
    mark.update(f"{kind}\0{subject}\0".encode())
    mark.update(name)
    mark.update(data)
    return mark.digest()


def body_digest(body: bytes) -> bytes:
    """Eight bytes over a frozen body."""
    return blake2b(body, digest_size=8).digest()


def is_body_intact(row: sqlite3.Row) -> bool:
    """Check that a frozen body (`body`, `digest`) is unchanged."""
    return row["digest"] is None or (
        isinstance(row["body"], bytes) and body_digest(row["body"]) == row["digest"]
    )


def is_event_intact(row: sqlite3.Row) -> bool:
    """Check that an event, waiting or dead, is as it was written."""
    if row["digest"] is None:
        return True  # version 1 wrote none
    try:
        return bool(event_digest(tuple(row[name] for name in EVENT_COLUMNS.split(", ")[:7])) == row["digest"])
    except (TypeError, ValueError, struct.error):
        return False  # a value is not even of its type any more


def add_to_number(tx: sqlite3.Connection, what: str, lane: int = -1, by: int = 1) -> int:
    """Add `by` to a number; returns what it is now."""
    counted = tx.execute(
        "INSERT INTO outbox_count VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n RETURNING n",
        (what, lane, by),
    )
    return int(counted.fetchone()[0])


def load_number(tx: sqlite3.Connection, what: str, default: int = 0) -> int:
    """A number over all lanes."""
    found = tx.execute("SELECT SUM(n) FROM outbox_count WHERE what = ?", (what,)).fetchone()[0]
    return default if found is None else int(found)


def set_number(tx: sqlite3.Connection, what: str, value: int, lane: int = -1) -> None:
    tx.execute("INSERT OR REPLACE INTO outbox_count VALUES (?, ?, ?)", (what, lane, value))


def drop_events(tx: sqlite3.Connection, reason: str, where: str, values: Sequence[object]) -> int:
    """Drop the queued events that `where` names, never a frozen one, and count them; how many there were."""
    gone = tx.execute(
        f"DELETE FROM outbox_event WHERE batch IS NULL AND {where} RETURNING lane, LENGTH(data)",  # noqa: S608 - constants
        values,
    ).fetchall()
    for lane in {row[0] for row in gone}:
        sizes = [row[1] for row in gone if row[0] == lane]
        add_to_number(tx, f"dropped:{reason}", lane, len(sizes))
        add_to_number(tx, "bytes", lane, -sum(sizes) - EVENT_OVERHEAD * len(sizes))
    return len(gone)


def remove_delivered(tx: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> None:
    """Remove delivered events and count them."""
    tx.executemany("DELETE FROM outbox_event WHERE seq = ?", [(row["seq"],) for row in rows])
    for lane in {row["lane"] for row in rows}:
        sizes = [row["size"] for row in rows if row["lane"] == lane]
        add_to_number(tx, "delivered", lane, len(sizes))
        add_to_number(tx, "bytes", lane, -sum(sizes) - EVENT_OVERHEAD * len(sizes))


def dead_letter_event(
    tx: sqlite3.Connection, seq: int, reason: str, detail: str, now: float, taken: int = 0
) -> None:
    """Move an event to the dead letter, which keeps 10,000 of them and 64 MiB: the oldest make way.

    `taken`: how many events of its type the receiver has taken so far.
    """
    moved = tx.execute(
        f"INSERT INTO outbox_dead ({EVENT_COLUMNS}, returns, reason, detail, died, taken) "  # noqa: S608 - constant
        f"SELECT {EVENT_COLUMNS}, returns, ?, ?, ?, ? FROM outbox_event WHERE seq = ? "
        "RETURNING lane, LENGTH(data)",
        (reason, detail, now, taken, seq),
    ).fetchone()
    tx.execute("UPDATE outbox_dead SET age = ? WHERE seq = ?", (load_number(tx, "age"), seq))
    tx.execute("DELETE FROM outbox_event WHERE seq = ?", (seq,))
    add_to_number(tx, "bytes", moved[0], -moved[1] - EVENT_OVERHEAD)
    how_many = add_to_number(tx, "dead")
    how_large = add_to_number(tx, "dead bytes", by=moved[1])
    if how_many > MAX_DEAD or how_large > MAX_DEAD_BYTES:
        oldest = "seq IN (SELECT seq FROM outbox_dead WHERE seq <> ? ORDER BY died, seq LIMIT ?)"
        drop_dead_events(tx, "dead-letter-full", oldest, (seq, max(1, MAX_DEAD // 100)))


def drop_dead_events(tx: sqlite3.Connection, reason: str, where: str, values: Sequence[object]) -> int:
    """Drop dead events for good, counted."""
    gone = tx.execute(
        f"DELETE FROM outbox_dead WHERE {where} RETURNING lane, LENGTH(data)",  # noqa: S608 - constants
        values,
    ).fetchall()
    for lane in {row[0] for row in gone}:
        add_to_number(tx, f"dropped:{reason}", lane, sum(row[0] == lane for row in gone))
    add_to_number(tx, "dead", by=-len(gone))
    add_to_number(tx, "dead bytes", by=-sum(row[1] for row in gone))
    return len(gone)


def revive_event(tx: sqlite3.Connection, seq: int) -> bool:
    """Put a dead event back in its place in the queue, with its id and number; False if it does not exist."""
    moved = tx.execute(
        f"INSERT INTO outbox_event ({EVENT_COLUMNS}, returns) "  # noqa: S608 - constant
        f"SELECT {EVENT_COLUMNS}, returns FROM outbox_dead WHERE seq = ? RETURNING lane, LENGTH(data)",
        (seq,),
    ).fetchone()
    if moved is None:
        return False
    tx.execute("DELETE FROM outbox_dead WHERE seq = ?", (seq,))
    add_to_number(tx, "bytes", moved[0], moved[1] + EVENT_OVERHEAD)
    add_to_number(tx, "dead", by=-1)
    add_to_number(tx, "dead bytes", by=-moved[1])
    return True


def unfreeze_batch(tx: sqlite3.Connection, batch: int) -> None:
    """A frozen batch's events queue again, each in its place; its key is never used again."""
    tx.execute("UPDATE outbox_event SET batch = NULL WHERE batch = ?", (batch,))
    tx.execute("DELETE FROM outbox_batch WHERE number = ?", (batch,))


def format_lane(lane: int) -> str:
    """ "tickets", "heartbeat" …; "any" where a number is of no lane."""
    return Lane(lane).name.lower() if lane >= 0 else "any"
