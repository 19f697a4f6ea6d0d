"""Requests of the provider on disk: which wait for their answer, and how far it has come.

    heard ──► waiting ──► answered a piece at a time ──► answered: not before an hour again

- A request is answered once: its id is kept, of the newest 1,000, so that a desk which numbers its feedback
  anew asks nothing twice.
- Several requests of one kind that wait are answered together; each kind at most once an hour. So a provider,
  or what answers for it, cannot make an agent send more than its open tickets an hour.
- Everything is written in the caller's transaction; an answer that is cut short goes on where it stopped.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.core import text

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE desk_request (
        kind TEXT PRIMARY KEY,          -- resend_dead, restate_open
        waiting INTEGER NOT NULL,       -- 1: heard, and not answered yet
        since REAL,                     -- of restate_open: also tickets cleared since then
        position TEXT NOT NULL,         -- the last ticket of the answer under way
        answered_at REAL,
        reason TEXT NOT NULL            -- the provider's own words
    ) WITHOUT ROWID;
    CREATE TABLE desk_request_id (id TEXT PRIMARY KEY, heard_at REAL NOT NULL) WITHOUT ROWID
    """,
)
MIN_INTERVAL = 3600.0  # seconds between two answers of one kind
MAX_SINCE = 30 * 86400.0  # seconds that a request may look back
MAX_IDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A kind of request that is to be answered now."""

    kind: str
    since: float | None
    position: str  # the last ticket that was answered; empty at the start
    reason: str


def save_requests(tx: sqlite3.Connection, requests: Iterable[Mapping[str, Any]], now: float) -> int:
    """Save requests (mps.request/1); return how many of them are new."""
    new = 0
    for asked in requests:
        row = (str(asked["request_id"]), now)
        if not tx.execute("INSERT OR IGNORE INTO desk_request_id VALUES (?, ?)", row).rowcount:
            continue
        new += 1
        tx.execute(
            "INSERT INTO desk_request VALUES (:kind, 1, :since, '', NULL, :reason) ON CONFLICT DO UPDATE SET "
            "since = CASE WHEN waiting THEN min(coalesce(since, :since), coalesce(:since, since)) "
            "ELSE :since END, "
            "position = '', reason = :reason, waiting = 1",
            {"kind": asked["request"], "since": _parse_since(asked.get("since"), now),
             "reason": text.clean_text(asked.get("reason") or "")},
        )  # fmt: skip
    tx.execute(
        "DELETE FROM desk_request_id WHERE id IN "
        "(SELECT id FROM desk_request_id ORDER BY heard_at DESC, id LIMIT -1 OFFSET ?)",
        (MAX_IDS,),
    )
    return new


def list_due(tx: sqlite3.Connection, now: float) -> list[PendingRequest]:
    """List the requests that may be answered now."""
    rows = tx.execute("SELECT * FROM desk_request WHERE waiting ORDER BY kind").fetchall()
    return [
        PendingRequest(kind=row["kind"], since=row["since"], position=row["position"], reason=row["reason"])
        for row in rows
        if row["answered_at"] is None or not 0 <= now - row["answered_at"] < MIN_INTERVAL
    ]


def save_progress(tx: sqlite3.Connection, request: PendingRequest, position: str) -> None:
    """Note the last ticket that was answered."""
    tx.execute("UPDATE desk_request SET position = ? WHERE kind = ?", (position, request.kind))


def save_answered(tx: sqlite3.Connection, request: PendingRequest, now: float) -> None:
    """Note that a kind of request is answered."""
    tx.execute(
        "UPDATE desk_request SET waiting = 0, position = '', since = NULL, answered_at = ? WHERE kind = ?",
        (now, request.kind),
    )


def _parse_since(given: str | None, now: float) -> float | None:
    """Read the time of a request: at most 30 days back; None for one that cannot be read or lies ahead."""
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return max(at, now - MAX_SINCE) if at < now else None
