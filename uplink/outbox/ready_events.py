"""Selection of the events that may be sent now, in their order."""

import itertools
import sqlite3

from uplink.delivery.retry import MAX_RETRY_AFTER
from uplink.outbox import tables
from uplink.outbox.envelope import Lane
from uplink.outbox.refusals import ALONE_AFTER
from uplink.outbox.tables import DAMAGED_PROBLEM


def load_ready_events(
    tx: sqlite3.Connection, lane: Lane, now: float, most: int, *, trial: bool = False
) -> list[sqlite3.Row]:
    """Load the next events of `lane` that may share a batch; move damaged ones to the dead letter.

    `trial`: the first event of a subject that was never put off, or longest ago. Trials take turns, so that
    one bad event does not keep a destination held.
    """
    queued = _load_unparked_events(tx, lane, now, most, trial=trial)
    while damaged := [row for row in queued if not tables.is_event_intact(row)]:
        for row in damaged:
            tables.dead_letter_event(
                tx, row["seq"], DAMAGED_PROBLEM, "its digest does not fit what is on the disk", now
            )
        queued = _load_unparked_events(tx, lane, now, most, trial=trial)
    if queued and queued[0]["tries"] >= ALONE_AFTER:
        return queued[:1]
    return list(itertools.takewhile(lambda row: row["tries"] < ALONE_AFTER, queued))


def _load_unparked_events(
    tx: sqlite3.Connection, lane: Lane, now: float, most: int, *, trial: bool
) -> list[sqlite3.Row]:
    """Load the next events of `lane` that are not parked, nor behind a parked one of their subject.

    A `due` further ahead than any pause is a clock that was set back, and counts as over.
    """
    parked = "due > 0 AND due BETWEEN :now AND :latest"
    first = """AND NOT EXISTS (SELECT 1 FROM outbox_event AS p
                            WHERE p.subject = e.subject AND +p.lane = e.lane AND p.seq < e.seq)"""
    query = f"""
        SELECT * FROM outbox_event AS e WHERE lane = :lane AND batch IS NULL AND NOT ({parked})
        AND NOT EXISTS (SELECT 1 FROM outbox_event AS p
                        WHERE p.due > 0 AND p.due BETWEEN :now AND :latest
                        AND p.subject = e.subject AND p.lane = e.lane AND p.seq < e.seq)
        {first if trial else ""} ORDER BY {"due, seq" if trial else "seq"} LIMIT :most
    """  # noqa: S608 - constants
    where = {"lane": lane, "now": now, "latest": now + MAX_RETRY_AFTER, "most": most}
    return tx.execute(query, where).fetchall()
