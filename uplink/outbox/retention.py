"""How much the outbox may hold, and what goes first when it is full.

    Envelope ──► room? ──yes──────────────────────────────────────────────► accepted
                  │ no: in this order, until there is room
                  ├─ the oldest diagnostics
                  ├─ readings thinned to one an hour, printer by printer
                  ├─ the oldest readings
                  └─ updates of one ticket folded into its newest
                  still none: a ticket is withheld (its subject is kept, and it is stated anew when room
                  returns); anything else is not accepted, and counted

- Readings never evict tickets, and tickets never age out.
- Age is the outbox's own: seconds that it was in use, added up by `upkeep`. A clock that jumps, or a
  machine that was switched off for a month, expires nothing.
- Each drop is counted by lane and reason, and told in every heartbeat.
- A "+" before a column keeps SQLite from the index on lanes: the one on subjects is the selective one.
- Before anything is dropped, `stretch` asks the agent to poll less often, and readings merge by the hour.
"""

import sqlite3
from dataclasses import dataclass

from uplink.outbox import tables
from uplink.outbox.envelope import Envelope, Folding, Lane

DAY = 86400
MIB = 1024 * 1024
SLACK = 0.05  # share of the bound that is cleared beyond what is needed, so that not every put has to
SLICE = 5_000  # events that are looked at together
MERGES_ABOVE = 0.7  # of the bound
STRETCHES_ABOVE = 0.5
LONGEST_STRETCH = 4.0
LONGEST_STEP = 3600.0  # seconds by which the outbox ages at once, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may wait, and how long."""

    size: int = 512 * MIB
    share_of_free: float = 0.20  # of the disk's free space, if that is less
    readings_age: int = 7 * DAY
    diagnostics_age: int = 1 * DAY
    fold_after: int = 30 * DAY
    dead_age: int = 90 * DAY

    def bound(self, free: int, used: int) -> int:
        """Bytes for the outbox, with `free` bytes left on the disk and `used` by the outbox itself."""
        return max(4 * MIB, min(self.size, int(self.share_of_free * (free + used))))


def upkeep(tx: sqlite3.Connection, limits: Limits, *, free: int, elapsed: float) -> int:
    """Age the outbox by `elapsed` seconds of the monotonic clock, set its bound by what is `free` on the
    disk, and apply both; how many events were dropped."""
    tables.set_number(tx, "bound", limits.bound(free, used(tx)))
    age = tables.count(tx, "age", by=int(max(0.0, min(elapsed, LONGEST_STEP))))
    gone = _expire(tx, Lane.METERS, age - limits.readings_age)
    gone += _expire(tx, Lane.DIAGNOSTICS, age - limits.diagnostics_age)
    gone += _fold(tx, age - limits.fold_after)
    gone += tables.forget_dead(tx, "dead-letter-age", "age < ?", (age - limits.dead_age,))
    return gone + _make_room(tx, 0)


def admit(tx: sqlite3.Connection, envelope: Envelope, size: int) -> bool:
    """Whether `envelope`, `size` bytes on disk, may be accepted; makes room for it if it must."""
    subject = envelope.subject
    if envelope.folds is Folding.AT_ONCE:
        older = "+lane = ? AND subject = ? AND type = ? AND supersedable = ?"
        tables.drop(tx, "superseded", older, (envelope.lane, subject, envelope.type, Folding.AT_ONCE))
    share = (used(tx) + size) / bound(tx)
    if share > MERGES_ABOVE and envelope.lane is Lane.METERS:
        same_hour = "+lane = ? AND subject = ? AND type = ? AND CAST(time / 3600 AS INT) = ?"
        values = (Lane.METERS, subject, envelope.type, int(envelope.time // 3600))
        tables.drop(tx, "merged", same_hour, values)
    if share > 1:
        _make_room(tx, size)
    if used(tx) + size <= bound(tx):
        return True
    if envelope.lane is Lane.TICKETS:
        newest = "INSERT OR REPLACE INTO outbox_withheld VALUES (?, ?, ?)"
        tx.execute(newest, (subject, envelope.type, envelope.time))
    else:
        tables.count(tx, "turned away", envelope.lane)
    return False


def used(tx: sqlite3.Connection) -> int:
    """Bytes that queued events take, about."""
    return tables.number(tx, "bytes")


def bound(tx: sqlite3.Connection) -> int:
    """Bytes that they may take."""
    return tables.number(tx, "bound", Limits().size)


def withheld(tx: sqlite3.Connection, most: int = 100) -> list[str]:
    """Subjects of tickets whose news found no room, the oldest first; none while there still is no room."""
    if used(tx) > (1 - SLACK) * bound(tx):
        return []
    oldest = "SELECT subject FROM outbox_withheld ORDER BY time LIMIT ?"
    return [row[0] for row in tx.execute(oldest, (most,))]


def stretch(tx: sqlite3.Connection) -> float:
    """How many times as long the agent should wait between polls: 1 while half is free, then up to 4."""
    over = (used(tx) / bound(tx) - STRETCHES_ABOVE) / (1 - SLACK - STRETCHES_ABOVE)
    return 1.0 + (LONGEST_STRETCH - 1.0) * min(1.0, max(0.0, over))


def shed(tx: sqlite3.Connection) -> int:
    """The disk is full: drop half of what may be dropped, in the order above; how many events."""
    spare = "SELECT SUM(n) FROM outbox_count WHERE what = 'bytes' AND lane IN (?, ?)"
    dispensable = tx.execute(spare, (Lane.METERS, Lane.DIAGNOSTICS)).fetchone()[0] or 0
    return _shrink(tx, used(tx) - dispensable // 2)


def _make_room(tx: sqlite3.Connection, size: int) -> int:
    """Drop by the order above until `size` bytes fit."""
    limit = bound(tx)
    return _shrink(tx, int((1 - SLACK) * limit) - size) if used(tx) + size > limit else 0


def _shrink(tx: sqlite3.Connection, goal: int) -> int:
    """Drop by the order above until no more than `goal` bytes are used, or nothing may go."""
    gone = 0
    for step in (_oldest_diagnostics, _thin_slice, _oldest_readings, _fold_everything):
        while used(tx) > goal and (dropped := step(tx)) is not None:
            gone += dropped
    return gone


def _oldest_diagnostics(tx: sqlite3.Connection) -> int | None:
    return _oldest(tx, Lane.DIAGNOSTICS)


def _oldest_readings(tx: sqlite3.Connection) -> int | None:
    return _oldest(tx, Lane.METERS)


def _oldest(tx: sqlite3.Connection, lane: Lane) -> int | None:
    """Drop a slice of the oldest; None when there are none."""
    some = "SELECT seq FROM outbox_event WHERE lane = ? AND batch IS NULL ORDER BY seq LIMIT ?"
    return tables.drop(tx, "full", f"seq IN ({some})", (lane, SLICE // 50)) or None


def _thin_slice(tx: sqlite3.Connection) -> int | None:
    """Of the next slice of readings keep the last of each printer and hour; None when all are thinned."""
    start = tables.number(tx, "thinned")
    ahead = "SELECT seq FROM outbox_event WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?"
    last = tx.execute(f"SELECT MAX(seq) FROM ({ahead})", (Lane.METERS, start, SLICE)).fetchone()[0]  # noqa: S608 - constant
    if last is None:
        return None
    tables.set_number(tx, "thinned", last)
    later = """seq > ? AND seq <= ? AND lane = ? AND EXISTS (
        SELECT 1 FROM outbox_event AS n WHERE n.subject = outbox_event.subject AND n.seq > outbox_event.seq
        AND +n.lane = outbox_event.lane AND n.type = outbox_event.type
        AND CAST(n.time / 3600 AS INT) = CAST(outbox_event.time / 3600 AS INT))"""
    return tables.drop(tx, "thinned", later, (start, last, Lane.METERS))


def _fold_everything(tx: sqlite3.Connection) -> int | None:
    return _fold(tx, tables.number(tx, "age") + 1) or None


def _fold(tx: sqlite3.Connection, before: int) -> int:
    """Drop updates that have aged beyond `before` and are followed by another update of their ticket.

    Whatever lies between two updates (a "clear", say) keeps both: only neighbours fold.
    """
    if before <= 0:
        return 0
    neighbour = """lane = ? AND supersedable = ? AND age < ? AND (
        SELECT n.supersedable FROM outbox_event AS n WHERE n.subject = outbox_event.subject
        AND +n.lane = outbox_event.lane AND n.seq > outbox_event.seq ORDER BY n.seq LIMIT 1) = ?"""
    return tables.drop(tx, "folded", neighbour, (Lane.TICKETS, Folding.LATE, before, Folding.LATE))


def _expire(tx: sqlite3.Connection, lane: Lane, before: int) -> int:
    """Drop what has aged beyond `before`."""
    return tables.drop(tx, "too-old", "lane = ? AND age < ?", (lane, before)) if before > 0 else 0
