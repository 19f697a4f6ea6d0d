"""What happened to a ticket besides its own steps: acknowledged, somebody there, paused, resumed. In the
caller's transaction.

    desk's feedback ──► record_feedback ──► one row a moment, each with its source ──► the clock of promises

A moment that is told twice is one. An acknowledgement counts once: the first. A pause begins with "on hold"
and ends with the next status of the desk that is another.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE ticket_moment (
        ticket TEXT NOT NULL, at REAL NOT NULL, what TEXT NOT NULL, source TEXT NOT NULL,
        PRIMARY KEY (ticket, at, what)
    ) WITHOUT ROWID
    """,
)

HOLD_REASONS = frozenset({"waiting_for_customer", "waiting_for_parts", "no_access"})
AT_THE_DESK = frozenset({"acknowledged", "assigned", "closed", "reopened"})
MAX_MOMENTS = 200  # of one ticket: a desk that says more is not believed


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMoment:
    """Something that happened to a ticket, and how it is known."""

    at: float
    what: (
        str  # "acknowledged", "arrived", "resumed", "paused:waiting_for_customer", "paused:waiting_for_parts"
    )
    source: str  # "feedback"


def record_feedback(tx: sqlite3.Connection, ticket: str, said: Mapping[str, Any], now: float) -> None:
    """Record what a feedback message says of the ticket's course.

    Its own times count where they are right: not before 1970, and not in the future.
    """
    at = _read_time(said.get("at"), now) or now
    status = said.get("status")
    known = load_moments(tx, ticket)
    if len(known) >= MAX_MOMENTS:
        return
    turns = [one.what for one in known if one.what.startswith(("paused:", "resumed"))]
    paused = bool(turns) and turns[-1] != "resumed"
    if status in AT_THE_DESK and not any(one.what == "acknowledged" for one in known):
        _save_moment(tx, ticket, at, "acknowledged")
    if arrived := _read_time(said.get("arrived_at"), now):
        _save_moment(tx, ticket, arrived, "arrived")
    if status == "on_hold" and not paused:
        reason = said.get("hold_reason")
        if reason not in HOLD_REASONS:
            reason = "waiting_for_parts" if said.get("hold_for_parts") else "waiting_for_customer"
        _save_moment(tx, ticket, at, f"paused:{reason}")
    elif status in AT_THE_DESK and paused:
        _save_moment(tx, ticket, at, "resumed")


def load_moments(db: sqlite3.Connection, ticket: str) -> list[TicketMoment]:
    """Load what happened to a ticket, in order."""
    rows = db.execute(
        "SELECT at, what, source FROM ticket_moment WHERE ticket = ? ORDER BY at, what", (ticket,)
    )
    return [TicketMoment(at=row["at"], what=row["what"], source=row["source"]) for row in rows]


def _save_moment(tx: sqlite3.Connection, ticket: str, at: float, what: str) -> None:
    tx.execute("INSERT OR IGNORE INTO ticket_moment VALUES (?, ?, ?, 'feedback')", (ticket, at, what))


def _read_time(text: object, now: float) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at <= now else None
