"""Refusals by the receiver: which of them end in the dead letter, and which dead letters return.

    rejected by name: in a receipt, or by our problem type for this event alone   dead letter
    refused alone three times, while others of its type were taken in between     dead letter
    refused otherwise: by a gateway, a web filter, a bad deploy                   stays in the queue

- `taken:TYPE` counts the events of a type that the receiver took. A refusal counts only if this number moved
  since the last one: while everything is refused, no event comes any nearer to the dead letter.
- `refused:TYPE` counts the refusals of a type since one was taken. If one is taken after two or more of them,
  the dead letters of that time are in doubt and return to the queue. They also return when the destination is
  held because it refuses everything. A rejection beside others of its type in one receipt is beyond doubt.
- An event that was refused and is taken later shows that refusals here are mistakes: all are forgotten, and
  the dead letters that died of them return.
- A dead letter returns by itself at most five times: two receivers behind one address make no loop.

Every function works in the caller's open transaction and commits nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from uplink.errors import Refused
from uplink.outbox import tables

ALONE_AFTER = 3  # times that an event was put off, after which it travels alone
REFUSALS_TO_DIE = 3  # alone, while others of its type were taken
DOUBTED_AFTER = 2  # refusals of a type in a row
MAX_RETURNS = 5  # times that a dead letter returns by itself
BY_EVIDENCE, BEYOND_DOUBT = -1, -2  # in outbox_dead.taken


def reject_event(tx: sqlite3.Connection, row: sqlite3.Row, why: Refused, now: float) -> None:
    """Move an event to the dead letter that was rejected while others of its type were taken."""
    tables.dead_letter_event(tx, row["seq"], why.problem, why.reason, now, taken=BEYOND_DOUBT)


def refuse_event(
    tx: sqlite3.Connection, row: sqlite3.Row, why: Refused, *, suspect: bool, now: float
) -> bool:
    """Apply a refusal of the single event `row`; return True if it went to the dead letter.

    `suspect`: the destination refused other events before, and took none since.
    """
    kind, taken = row["type"], _load_taken(tx, row["type"])
    tables.add_to_number(tx, f"refused:{kind}")
    if why.names_event and not suspect:
        tables.dead_letter_event(tx, row["seq"], why.problem, why.reason, now, taken=taken)
        return True
    refusals = row["refusals"] + (row["refusals"] == 0 or taken > row["taken"])
    if refusals >= REFUSALS_TO_DIE:
        detail = f"{why.reason}; refused alone {refusals} times while others of its type were taken"
        tables.dead_letter_event(tx, row["seq"], why.problem, detail, now, taken=BY_EVIDENCE)
        return True
    tx.execute(
        "UPDATE outbox_event SET refusals = ?, taken = ?, tries = MAX(tries, ?) WHERE seq = ?",
        (refusals, taken, ALONE_AFTER, row["seq"]),
    )
    return False


def count_taken(tx: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> int:
    """Count the events that the receiver took; return how many dead letters came back for it."""
    returned = 0
    for kind, number in Counter(row["type"] for row in rows).items():
        if tables.load_number(tx, f"refused:{kind}"):
            if tables.load_number(tx, f"refused:{kind}") >= DOUBTED_AFTER:
                returned += _return_dead(tx, "type = ? AND taken = ?", (kind, _load_taken(tx, kind)))
            tables.set_number(tx, f"refused:{kind}", 0)
        tables.add_to_number(tx, f"taken:{kind}", by=number)
    if any(row["refusals"] for row in rows):
        tx.execute("UPDATE outbox_event SET refusals = 0, taken = 0, tries = 0, due = 0 WHERE refusals > 0")
        returned += _return_dead(tx, "taken = ?", (BY_EVIDENCE,))
    return returned


def forget_stretch(tx: sqlite3.Connection, now: float) -> int:
    """Everything is refused: let no event wait for its own refusal, and return the dead letters of this time.

    Returns how many came back.
    """
    tx.execute("UPDATE outbox_event SET due = MIN(due, ?) WHERE refusals > 0 AND batch IS NULL", (now,))
    kinds = [row["type"] for row in tx.execute("SELECT DISTINCT type FROM outbox_dead")]
    return sum(_return_dead(tx, "type = ? AND taken = ?", (kind, _load_taken(tx, kind))) for kind in kinds)


def _load_taken(tx: sqlite3.Connection, kind: str) -> int:
    return tables.load_number(tx, f"taken:{kind}")


def _return_dead(tx: sqlite3.Connection, where: str, values: Iterable[object]) -> int:
    """Put the dead letters that `where` names back into the queue; return how many there were."""
    found = tx.execute(
        f"SELECT seq FROM outbox_dead WHERE {where} AND reason NOT IN (?, ?) AND returns < ?",  # noqa: S608 - constants
        (*values, *tables.OWN_PROBLEMS, MAX_RETURNS),
    ).fetchall()
    for row in found:
        tables.revive_event(tx, row["seq"])
        tx.execute("UPDATE outbox_event SET returns = returns + 1 WHERE seq = ?", (row["seq"],))
    return len(found)
