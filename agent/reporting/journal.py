"""The journal of every message that leaves the site, field by field: the newest 10,000.

    message ──► privacy filter ──► outbox
                      └──────────► journal: `printwarden egress tail`, `egress show`

A message is written in the transaction that accepts it, in the form in which it leaves.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from uplink.delivery import cloudevents
from uplink.outbox.envelope import Envelope

SCHEMA = (
    """
    CREATE TABLE egress (
        number INTEGER PRIMARY KEY,     -- agent_seq of the envelope
        at REAL NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL
    )
    """,
)
JOURNAL_SIZE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalMessage:
    """A message in the journal. `state`: "waiting", "dead" or "gone out"."""

    number: int
    at: float
    type: str
    subject: str
    state: str
    data: Mapping[str, Any]

    def list_values(self) -> Iterator[tuple[str, Any]]:
        """Yield the path and value of every field: ("device.serial", "PHBLL12345")."""
        yield from _flatten_values("", self.data)


def save_message(tx: sqlite3.Connection, number: int, envelope: Envelope) -> None:
    """Write a message into the journal, in the transaction that accepts it. `number`: its agent_seq."""
    text = cloudevents.encode_payload(envelope.data).decode()
    row = (number, envelope.time, envelope.type, envelope.subject, text)
    tx.execute("INSERT OR REPLACE INTO egress VALUES (?, ?, ?, ?, ?)", row)
    tx.execute("DELETE FROM egress WHERE number <= ?", (number - JOURNAL_SIZE,))


def load_newest(db: sqlite3.Connection, count: int) -> list[JournalMessage]:
    """Load the newest messages, oldest first."""
    found = db.execute("SELECT * FROM egress ORDER BY number DESC LIMIT ?", (count,)).fetchall()
    return [_message_from_row(db, row) for row in reversed(found)]


def load_message(db: sqlite3.Connection, number: int) -> JournalMessage | None:
    """Load the message with this number; None if the journal no longer has it."""
    row = db.execute("SELECT * FROM egress WHERE number = ?", (number,)).fetchone()
    return None if row is None else _message_from_row(db, row)


def find_latest(db: sqlite3.Connection, kind: str, subject: str) -> JournalMessage | None:
    """Load the newest message of a type about a subject."""
    row = db.execute(
        "SELECT * FROM egress WHERE type = ? AND subject = ? ORDER BY number DESC LIMIT 1", (kind, subject)
    ).fetchone()
    return None if row is None else _message_from_row(db, row)


def _message_from_row(db: sqlite3.Connection, row: sqlite3.Row) -> JournalMessage:
    return JournalMessage(
        number=row["number"],
        at=row["at"],
        type=row["type"],
        subject=row["subject"],
        state=_delivery_state(db, row["number"]),
        data=json.loads(row["data"]),
    )


def _delivery_state(db: sqlite3.Connection, number: int) -> str:
    for table, state in (("outbox_event", "waiting"), ("outbox_dead", "dead")):
        if db.execute(f"SELECT 1 FROM {table} WHERE seq = ?", (number,)).fetchone():  # noqa: S608 - constants
            return state
    return "gone out"


def _flatten_values(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flatten_values(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _flatten_values(f"{path}[{number}]", inner)
    else:
        yield path, value
