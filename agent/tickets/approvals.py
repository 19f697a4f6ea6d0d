"""Decisions of the customer about tickets that wait for a yes: a visit, a repair, an early order.

    printwarden tickets approve|decline ──► a file in the state folder ──┐
    the desk's feedback (`approval`) ────────────────────────────────────┴─► decision ──► update of the ticket

The first decision about a ticket counts. In the caller's transaction, but for the file of the command.
"""

import json
import os
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE ticket_decision (
        ticket TEXT PRIMARY KEY, decision TEXT NOT NULL, by TEXT NOT NULL, at REAL NOT NULL,
        source TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
)
FOLDER_NAME = "approvals"
Verdict = Literal["approved", "declined"]
VERDICTS: frozenset[str] = frozenset(get_args(Verdict))
MAX_FILES, MAX_BYTES = 1000, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecision:
    """What the customer decided about a ticket, who said so and how it is known."""

    ticket: str
    decision: str  # "approved" or "declined"
    by: str
    at: float
    source: str = "command"  # or "feedback"


def write_decision(folder: Path, made: ApprovalDecision) -> None:
    """Write a decision for the running service to pick up; the first about a ticket stays. Raises OSError."""
    place = folder / FOLDER_NAME
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place / f".{made.ticket}.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(json.dumps(asdict(made)))
    draft.replace(place / f"{made.ticket}.json")


def read_decisions(folder: Path) -> dict[Path, ApprovalDecision | None]:
    """Read the decisions that wait in files; None for a file that holds none."""
    files = sorted((folder / FOLDER_NAME).glob("*.json"))[:MAX_FILES]
    return {file: _parse_decision(file) for file in files}


def _parse_decision(file: Path) -> ApprovalDecision | None:
    try:
        found = ApprovalDecision(**json.loads(file.read_bytes()[:MAX_BYTES]))
    except (OSError, ValueError, TypeError):
        return None
    right = found.decision in VERDICTS and isinstance(found.ticket, str) and isinstance(found.at, int | float)
    return found if right else None


def save_decision(tx: sqlite3.Connection, made: ApprovalDecision) -> bool:
    """Save a decision; False if there was one before."""
    row = (made.ticket, made.decision, made.by, made.at, made.source)
    return bool(tx.execute("INSERT OR IGNORE INTO ticket_decision VALUES (?, ?, ?, ?, ?, 0)", row).rowcount)


def load_decision(db: sqlite3.Connection, ticket: str) -> ApprovalDecision | None:
    """Load the decision about a ticket; None while it waits."""
    row = db.execute(
        "SELECT ticket, decision, by, at, source FROM ticket_decision WHERE ticket = ?", (ticket,)
    ).fetchone()
    return ApprovalDecision(**dict(row)) if row else None


def list_untold(db: sqlite3.Connection) -> list[ApprovalDecision]:
    """List the decisions that the provider was not told yet."""
    rows = db.execute(
        "SELECT ticket, decision, by, at, source FROM ticket_decision WHERE NOT told ORDER BY at"
    )
    return [ApprovalDecision(**dict(row)) for row in rows]


def mark_told(tx: sqlite3.Connection, ticket: str) -> None:
    """Note that the provider was told of the decision."""
    tx.execute("UPDATE ticket_decision SET told = 1 WHERE ticket = ?", (ticket,))
