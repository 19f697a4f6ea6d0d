"""Integrity check of the outbox on disk, and repair of differences.

    event          its digest differs            into the dead letter: urn:problem-type:mps:damaged-at-rest
    frozen batch   its body's digest differs     thawed: its events go again, under a new key
    dead event     its digest differs            stays, and says so
    counts         do not add up                 set right; what is missing is counted as lost

Half of all flipped bits are missed by SQLite's own quick_check, for it looks at structure; these digests
look at content. Reading them costs about 2 s for a million events.
"""

import sqlite3
from dataclasses import dataclass

from uplink.outbox import tables
from uplink.outbox.tables import DAMAGED_PROBLEM


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityFindings:
    """What `check` found and set right."""

    events: int = 0  # damaged, now in the dead letter
    batches: int = 0  # damaged, thawed
    lost: int = 0  # accepted, and nowhere to be found

    @property
    def is_clean(self) -> bool:
        return self == IntegrityFindings()


def check_outbox(tx: sqlite3.Connection, now: float) -> IntegrityFindings:
    """Look at every row, and bring the outbox back into a state in which its promises hold."""
    batches = [
        row["number"]
        for row in tx.execute("SELECT number, body, digest FROM outbox_batch")
        if not tables.is_body_intact(row)
    ]
    stray = "SELECT DISTINCT batch FROM outbox_event WHERE batch NOT IN (SELECT number FROM outbox_batch)"
    for number in [*batches, *(row["batch"] for row in tx.execute(stray))]:
        tables.unfreeze_batch(tx, number)
    damaged = [row["seq"] for row in tx.execute(_SELECT_EVENTS) if not tables.is_event_intact(row)]
    _recount_totals(tx)
    for seq in damaged:
        frozen = tx.execute("SELECT batch FROM outbox_event WHERE seq = ?", (seq,)).fetchone()["batch"]
        if frozen is not None:
            tables.unfreeze_batch(tx, frozen)
        tables.dead_letter_event(tx, seq, DAMAGED_PROBLEM, "its digest does not fit what is on the disk", now)
    empty = (
        "DELETE FROM outbox_batch WHERE number NOT IN (SELECT batch FROM outbox_event WHERE batch NOTNULL)"
    )
    tx.execute(empty)
    return IntegrityFindings(events=len(damaged), batches=len(batches), lost=_count_missing(tx))


_SELECT_EVENTS = f"SELECT {tables.EVENT_COLUMNS} FROM outbox_event ORDER BY seq"  # noqa: S608 - constant


def _recount_totals(tx: sqlite3.Connection) -> None:
    """Count anew what can be counted, and give no number a second time."""
    tx.execute("DELETE FROM outbox_count WHERE what IN ('bytes', 'dead', 'dead bytes')")
    tx.execute(
        "INSERT INTO outbox_count "
        "SELECT 'bytes', lane, SUM(LENGTH(data) + ?) FROM outbox_event GROUP BY lane",
        (tables.EVENT_OVERHEAD,),
    )
    dead = tx.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(data)), 0) FROM outbox_dead").fetchone()
    tables.set_number(tx, "dead", dead[0])
    tables.set_number(tx, "dead bytes", dead[1])
    top = "SELECT MAX(m) FROM (SELECT MAX(seq) AS m FROM outbox_event UNION SELECT MAX(seq) FROM outbox_dead)"
    highest = tx.execute(top).fetchone()[0] or 0
    if highest > tables.load_number(tx, "accepted"):
        tables.set_number(tx, "accepted", highest)


def _count_missing(tx: sqlite3.Connection) -> int:
    """Accepted events that are in no place; counted as lost, once."""
    waiting = tx.execute("SELECT COUNT(*) FROM outbox_event").fetchone()[0]
    dropped = "SELECT COALESCE(SUM(n), 0) FROM outbox_count WHERE what LIKE 'dropped:%'"
    known = waiting + tables.load_number(tx, "dead") + tables.load_number(tx, "delivered")
    missing = tables.load_number(tx, "accepted") - known - int(tx.execute(dropped).fetchone()[0])
    if missing > 0:
        tables.add_to_number(tx, "dropped:lost", by=missing)
    return int(max(0, missing))
