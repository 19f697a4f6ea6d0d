"""What the receiver keeps, in SQLite: requests, events and tickets.

- An event is kept once, by its id, however often it comes.
- A ticket has one row; it shows the event with the highest `ticket_seq`.
- A second agent, or one restored from a backup, that reports the same episode under another ticket id
  finds the row by its `dedupe_key`. It opens nothing anew; what it reports later than the row does count.
- A request's key, its body's fingerprint and its receipt are kept with what it brought, in one transaction.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from uplink.answers import Result, Verdict
from uplink.receiver.intake import Arrival, CloudEvent

TABLES = """
    CREATE TABLE IF NOT EXISTS request (
        key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, receipt TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS event (
        arrival INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, sequence INTEGER NOT NULL, time TEXT NOT NULL,
        data TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE INDEX IF NOT EXISTS event_type ON event (type);
    CREATE TABLE IF NOT EXISTS ticket (
        ticket_id TEXT PRIMARY KEY, dedupe_key TEXT NOT NULL UNIQUE, ticket_seq INTEGER NOT NULL,
        event TEXT NOT NULL, opened_at TEXT NOT NULL, observed_at TEXT NOT NULL, data TEXT NOT NULL
    );
"""


class Ledger:
    """The receiver's file. Used from one thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def receipt(self, key: str) -> tuple[bytes, str] | None:
        """(fingerprint, receipt) of an earlier request with this key."""
        row = self._db.execute("SELECT fingerprint, receipt FROM request WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row["fingerprint"], row["receipt"])

    def record(self, key: str, fingerprint: bytes, arrivals: Iterable[Arrival], now: float) -> str:
        """Keep what came, in one transaction; the receipt as JSON."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            verdicts = {arrival.id: arrival.refused or self._take(arrival, now) for arrival in arrivals}
            receipt = _receipt(verdicts)
            self._db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", (key, fingerprint, receipt, now))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return receipt

    def tickets(self) -> list[dict[str, Any]]:
        """Every ticket, as its highest event has it, oldest first."""
        rows = self._db.execute("SELECT * FROM ticket ORDER BY opened_at, ticket_id")
        return [dict(row) | {"data": json.loads(row["data"])} for row in rows]

    def payloads(self, type_: str) -> list[dict[str, Any]]:
        """The data of every event of one type, in the order of arrival."""
        found = self._db.execute("SELECT data FROM event WHERE type = ? ORDER BY arrival", (type_,))
        return [json.loads(row["data"]) for row in found]

    def counts(self) -> dict[str, int]:
        """How many events of each type."""
        return {row[0]: row[1] for row in self._db.execute("SELECT type, COUNT(*) FROM event GROUP BY type")}

    def events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Events in the order of their arrival, without their data."""
        columns = "arrival, id, source, type, subject, sequence, time"
        found = self._db.execute(
            f"SELECT {columns} FROM event WHERE arrival > ? ORDER BY arrival LIMIT ?",  # noqa: S608 - constant
            (after, limit),
        )
        return [dict(row) for row in found]

    def _take(self, arrival: Arrival, now: float) -> Verdict:
        event = arrival.event
        assert event is not None  # noqa: S101 - an arrival is valid or refused
        row = (str(arrival.id), event.source, event.type, event.subject, int(event.sequence), event.time)
        new = self._db.execute(
            "INSERT OR IGNORE INTO event (id, source, type, subject, sequence, time, data, at) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (*row, json.dumps(event.data, ensure_ascii=False), now),
        )
        if new.rowcount == 0:
            return Verdict(Result.DUPLICATE)
        if event.type == "mps.ticket/1":
            self._file(event)
        return Verdict(Result.ACCEPTED)

    def _file(self, event: CloudEvent) -> None:
        """Bring the ticket's row up to date, or make it."""
        told = event.data
        newest = {
            "event": told["event"],
            "ticket_seq": told["ticket_seq"],
            "observed_at": told["observed_at"],
            "data": json.dumps(told, ensure_ascii=False),
        }
        known = self._db.execute(
            "SELECT * FROM ticket WHERE ticket_id = ? OR dedupe_key = ? ORDER BY ticket_id <> ?",
            (told["ticket_id"], told["dedupe_key"], told["ticket_id"]),
        ).fetchone()
        if known is None:
            first = newest | {key: told[key] for key in ("ticket_id", "dedupe_key", "opened_at")}
            names, marks = ", ".join(first), ", ".join(f":{name}" for name in first)
            self._db.execute(f"INSERT INTO ticket ({names}) VALUES ({marks})", first)  # noqa: S608 - constants
        elif _supersedes(told, known):
            changes = ", ".join(f"{name} = :{name}" for name in newest)
            this = {"this": known["ticket_id"]}
            self._db.execute(f"UPDATE ticket SET {changes} WHERE ticket_id = :this", newest | this)  # noqa: S608 - constants


def _supersedes(told: Mapping[str, Any], known: sqlite3.Row) -> bool:
    """Whether this event is news for the row: numbers count within a ticket, time counts between two."""
    if told["ticket_id"] == known["ticket_id"]:
        return bool(told["ticket_seq"] > known["ticket_seq"])
    return bool(told["event"] != "open" and told["observed_at"] > known["observed_at"])


def _receipt(verdicts: Mapping[UUID, Verdict]) -> str:
    lines = [
        {"id": str(event), "result": said.result, "problem": said.problem, "detail": said.detail}
        for event, said in verdicts.items()
    ]
    return json.dumps({"receipt": lines})
