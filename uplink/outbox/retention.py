"""Retention: the bounds of the outbox, and the order in which events go when it is full.

    Envelope ──► room? ──yes──────────────────────────────────────────────► accepted
                  │ no: in this order, until there is room
                  ├─ the oldest diagnostics
                  ├─ readings thinned to one an hour, printer by printer
                  ├─ the oldest readings
                  └─ updates of one ticket folded into its newest
                  still none: a ticket is withheld (its subject is kept, and it is stated anew when room
                  returns); anything else is not accepted, and counted

- Readings never evict tickets, and tickets never age out.
- Age is the outbox's own: seconds that it was in use, added up by `apply_limits`. A clock that jumps, or a
  machine that was switched off for a month, expires nothing.
- Each drop is counted by lane and reason, and reported in every heartbeat.
- A "+" before a column keeps SQLite from the index on lanes: the one on subjects is the selective one.
- Before anything is dropped, `poll_slowdown` makes the agent poll less often, and readings merge by the hour.
"""

import sqlite3
from dataclasses import dataclass

from uplink.outbox import tables
from uplink.outbox.envelope import Envelope, Lane, Supersede

DAY = 86400
MIB = 1024 * 1024
CLEARED_SHARE = 0.05  # share of the bound that is cleared beyond what is needed, so that not every put has to
SLICE_EVENTS = 5_000  # events that are looked at together
MERGE_ABOVE = 0.7  # of the bound
SLOWDOWN_ABOVE = 0.5
MAX_SLOWDOWN = 4.0
MAX_AGE_STEP = 3600.0  # seconds by which the outbox ages at once, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """The bounds of size and age."""

    size: int = 512 * MIB
    share_of_free: float = 0.20  # of the disk's free space, if that is less
    readings_age: int = 7 * DAY
    diagnostics_age: int = 1 * DAY
    fold_after: int = 30 * DAY
    dead_age: int = 90 * DAY

    def byte_limit(self, free: int, used: int) -> int:
        """Bytes for the outbox, with `free` bytes left on the disk and `used` by the outbox itself."""
        return max(4 * MIB, min(self.size, int(self.share_of_free * (free + used))))


def apply_limits(tx: sqlite3.Connection, limits: OutboxLimits, *, free: int, elapsed: float) -> int:
    """Age the outbox by `elapsed` seconds of the monotonic clock, set its bound by what is `free` on the
    disk, and apply both; how many events were dropped."""
    tables.set_number(tx, "bound", limits.byte_limit(free, used_bytes(tx)))
    age = tables.add_to_number(tx, "age", by=int(max(0.0, min(elapsed, MAX_AGE_STEP))))
    gone = _drop_expired(tx, Lane.METERS, age - limits.readings_age)
    gone += _drop_expired(tx, Lane.DIAGNOSTICS, age - limits.diagnostics_age)
    gone += _supersede_updates(tx, age - limits.fold_after)
    gone += tables.drop_dead_events(tx, "dead-letter-age", "age < ?", (age - limits.dead_age,))
    return gone + _free_bytes(tx, 0)


def make_room_for(tx: sqlite3.Connection, envelope: Envelope, size: int) -> bool:
    """Make room for `envelope`, `size` bytes on disk; return False if it cannot be accepted."""
    subject = envelope.subject
    if envelope.supersede is Supersede.AT_ONCE:
        older = "+lane = ? AND subject = ? AND type = ? AND supersedable = ?"
        tables.drop_events(
            tx, "superseded", older, (envelope.lane, subject, envelope.type, Supersede.AT_ONCE)
        )
    share = (used_bytes(tx) + size) / max_bytes(tx)
    if share > MERGE_ABOVE and envelope.lane is Lane.METERS:
        same_hour = "+lane = ? AND subject = ? AND type = ? AND CAST(time / 3600 AS INT) = ?"
        values = (Lane.METERS, subject, envelope.type, int(envelope.time // 3600))
        tables.drop_events(tx, "merged", same_hour, values)
    if share > 1:
        _free_bytes(tx, size)
    if used_bytes(tx) + size <= max_bytes(tx):
        return True
    if envelope.lane is Lane.TICKETS:
        newest = "INSERT OR REPLACE INTO outbox_withheld VALUES (?, ?, ?)"
        tx.execute(newest, (subject, envelope.type, envelope.time))
    else:
        tables.add_to_number(tx, "turned away", envelope.lane)
    return False


def used_bytes(tx: sqlite3.Connection) -> int:
    """Bytes that queued events take, about."""
    return tables.load_number(tx, "bytes")


def max_bytes(tx: sqlite3.Connection) -> int:
    """Bytes that they may take."""
    return tables.load_number(tx, "bound", OutboxLimits().size)


def list_withheld(tx: sqlite3.Connection, most: int = 100) -> list[str]:
    """Subjects of tickets whose news found no room, the oldest first; none while there still is no room."""
    if used_bytes(tx) > (1 - CLEARED_SHARE) * max_bytes(tx):
        return []
    oldest = "SELECT subject FROM outbox_withheld ORDER BY time LIMIT ?"
    return [row[0] for row in tx.execute(oldest, (most,))]


def poll_slowdown(tx: sqlite3.Connection) -> float:
    """Return the factor by which polls are stretched: 1 while half is free, then up to 4."""
    over = (used_bytes(tx) / max_bytes(tx) - SLOWDOWN_ABOVE) / (1 - CLEARED_SHARE - SLOWDOWN_ABOVE)
    return 1.0 + (MAX_SLOWDOWN - 1.0) * min(1.0, max(0.0, over))


def evict_events(tx: sqlite3.Connection) -> int:
    """The disk is full: drop half of what may be dropped, in the order above; how many events."""
    spare = "SELECT SUM(n) FROM outbox_count WHERE what = 'bytes' AND lane IN (?, ?)"
    dispensable = tx.execute(spare, (Lane.METERS, Lane.DIAGNOSTICS)).fetchone()[0] or 0
    return _shrink_to(tx, used_bytes(tx) - dispensable // 2)


def _free_bytes(tx: sqlite3.Connection, size: int) -> int:
    """Drop by the order above until `size` bytes fit."""
    limit = max_bytes(tx)
    return _shrink_to(tx, int((1 - CLEARED_SHARE) * limit) - size) if used_bytes(tx) + size > limit else 0


def _shrink_to(tx: sqlite3.Connection, goal: int) -> int:
    """Drop by the order above until no more than `goal` bytes are used, or nothing may go."""
    gone = 0
    for step in (_drop_oldest_diagnostics, _thin_slice, _drop_oldest_readings, _supersede_all):
        while used_bytes(tx) > goal and (dropped := step(tx)) is not None:
            gone += dropped
    return gone


def _drop_oldest_diagnostics(tx: sqlite3.Connection) -> int | None:
    return _drop_oldest(tx, Lane.DIAGNOSTICS)


def _drop_oldest_readings(tx: sqlite3.Connection) -> int | None:
    return _drop_oldest(tx, Lane.METERS)


def _drop_oldest(tx: sqlite3.Connection, lane: Lane) -> int | None:
    """Drop a slice of the oldest; None when there are none."""
    some = "SELECT seq FROM outbox_event WHERE lane = ? AND batch IS NULL ORDER BY seq LIMIT ?"
    return tables.drop_events(tx, "full", f"seq IN ({some})", (lane, SLICE_EVENTS // 50)) or None


def _thin_slice(tx: sqlite3.Connection) -> int | None:
    """Of the next slice of readings keep the last of each printer and hour; None when all are thinned."""
    start = tables.load_number(tx, "thinned")
    ahead = "SELECT seq FROM outbox_event WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?"
    last = tx.execute(f"SELECT MAX(seq) FROM ({ahead})", (Lane.METERS, start, SLICE_EVENTS)).fetchone()[0]  # noqa: S608 - constant
    if last is None:
        return None
    tables.set_number(tx, "thinned", last)
    later = """seq > ? AND seq <= ? AND lane = ? AND EXISTS (
        SELECT 1 FROM outbox_event AS n WHERE n.subject = outbox_event.subject AND n.seq > outbox_event.seq
        AND +n.lane = outbox_event.lane AND n.type = outbox_event.type
        AND CAST(n.time / 3600 AS INT) = CAST(outbox_event.time / 3600 AS INT))"""
    return tables.drop_events(tx, "thinned", later, (start, last, Lane.METERS))


def _supersede_all(tx: sqlite3.Connection) -> int | None:
    return _supersede_updates(tx, tables.load_number(tx, "age") + 1) or None


def _supersede_updates(tx: sqlite3.Connection, before: int) -> int:
    """Drop updates that have aged beyond `before` and are followed by another update of their ticket.

    An event between two updates (a "clear", say) keeps both: only neighbours fold.
    """
    if before <= 0:
        return 0
    neighbour = """lane = ? AND supersedable = ? AND age < ? AND (
        SELECT n.supersedable FROM outbox_event AS n WHERE n.subject = outbox_event.subject
        AND +n.lane = outbox_event.lane AND n.seq > outbox_event.seq ORDER BY n.seq LIMIT 1) = ?"""
    return tables.drop_events(tx, "folded", neighbour, (Lane.TICKETS, Supersede.LATE, before, Supersede.LATE))


def _drop_expired(tx: sqlite3.Connection, lane: Lane, before: int) -> int:
    """Drop what has aged beyond `before`."""
    return tables.drop_events(tx, "too-old", "lane = ? AND age < ?", (lane, before)) if before > 0 else 0
