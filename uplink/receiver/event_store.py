"""What the receiver keeps: requests, events, tickets, agents and what the desk answers.

- An event is kept once, by its id, however often it comes and to whichever replica.
- A ticket has one row; it shows the event with the highest `ticket_seq`.
- A second agent, or one restored from a backup, that reports the same episode under another ticket id
  finds the row by its `dedupe_key`. It opens nothing anew; what it reports later than the row does count.
- A request's key, its body's fingerprint and its receipt are kept with what it brought, in one transaction.
- An agent that has not called for half an hour has a ticket of its own, `agent.silent`, until it calls.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from uplink.delivery.responses import ACCEPTED_ITEM, ItemOutcome, ItemResult
from uplink.receiver import database
from uplink.receiver.parsing import CloudEvent, ReceivedEvent

TABLES = """
    CREATE TABLE IF NOT EXISTS request (
        key TEXT PRIMARY KEY, fingerprint {bytes} NOT NULL, receipt TEXT NOT NULL, at {real} NOT NULL
    );
    CREATE TABLE IF NOT EXISTS event (
        arrival {number}, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, sequence BIGINT NOT NULL, time TEXT NOT NULL,
        data TEXT NOT NULL, at {real} NOT NULL
    );
    CREATE INDEX IF NOT EXISTS event_type ON event (type);
    CREATE TABLE IF NOT EXISTS ticket (
        ticket_id TEXT PRIMARY KEY, dedupe_key TEXT NOT NULL UNIQUE, ticket_seq INTEGER NOT NULL,
        event TEXT NOT NULL, opened_at TEXT NOT NULL, observed_at TEXT NOT NULL, data TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS agent (
        agent_id TEXT PRIMARY KEY, site_id TEXT NOT NULL, enrolled_at {real}, last_contact {real} NOT NULL,
        keys TEXT NOT NULL, silences INTEGER NOT NULL DEFAULT 0,
        silent INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS credential (
        hash TEXT PRIMARY KEY, agent_id TEXT NOT NULL, expires_at {real} NOT NULL
    );
    CREATE INDEX IF NOT EXISTS credential_agent ON credential (agent_id);
    CREATE TABLE IF NOT EXISTS enrolment_token (
        hash TEXT PRIMARY KEY, site_id TEXT NOT NULL, expires_at {real} NOT NULL, used_by TEXT
    );
    CREATE TABLE IF NOT EXISTS feedback (number {number}, site_id TEXT NOT NULL, data TEXT NOT NULL)
"""
DUPLICATE_ITEM = ItemResult(ItemOutcome.DUPLICATE)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
SILENT_AFTER = 1800.0  # seconds


class EventStore:
    """The receiver's tables. Used from one thread."""

    def __init__(self, where: Path | str) -> None:
        self.db = database.open_database(where, TABLES)

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def find_receipt(self, key: str) -> tuple[bytes, str] | None:
        """(fingerprint, receipt) of an earlier request with this key."""
        found = self.db.fetch_rows("SELECT fingerprint, receipt FROM request WHERE key = ?", (key,))
        return (bytes(found[0]["fingerprint"]), str(found[0]["receipt"])) if found else None

    def store_events(
        self, key: str, fingerprint: bytes, arrivals: Sequence[ReceivedEvent], now: float
    ) -> str:
        """Keep what came, in one transaction; the receipt as JSON. Raises Busy."""
        with self.db.transaction():
            self.db.claim_lock(key)
            if (before := self.find_receipt(key)) is not None:
                return before[1]
            named = {str(arrival.id): arrival for arrival in arrivals}
            taken = self._insert_events({name: one for name, one in named.items() if not one.refused}, now)
            receipt = _format_receipt({name: one.refused or taken[name] for name, one in named.items()})
            self.db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", (key, fingerprint, receipt, now))
        return receipt

    def list_tickets(self) -> list[dict[str, Any]]:
        """Every ticket, as its highest event has it, oldest first."""
        found = self.db.fetch_rows("SELECT * FROM ticket ORDER BY opened_at, ticket_id")
        return [dict(row) | {"data": json.loads(row["data"])} for row in found]

    def list_payloads(self, type_: str) -> list[dict[str, Any]]:
        """The data of every event of one type, in the order of arrival."""
        found = self.db.fetch_rows("SELECT data FROM event WHERE type = ? ORDER BY arrival", (type_,))
        return [json.loads(row["data"]) for row in found]

    def count_events(self) -> dict[str, int]:
        """How many events of each type."""
        found = self.db.fetch_rows("SELECT type, COUNT(*) AS n FROM event GROUP BY type")
        return {row["type"]: row["n"] for row in found}

    def list_events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Events in the order of their arrival, without their data."""
        columns = "arrival, id, source, type, subject, sequence, time"
        query = f"SELECT {columns} FROM event WHERE arrival > ? ORDER BY arrival LIMIT ?"  # noqa: S608 - constant
        return [dict(row) for row in self.db.fetch_rows(query, (after, limit))]

    def record_contact(self, agent_id: str, site_id: str, now: float) -> None:
        """Somebody called. If that ends a silence, its ticket is cleared."""
        self.db.execute(
            "INSERT INTO agent (agent_id, site_id, last_contact, keys) VALUES (?, ?, ?, '[]') "
            "ON CONFLICT (agent_id) DO UPDATE SET last_contact = excluded.last_contact",
            (agent_id, site_id, now),
        )
        back = "UPDATE agent SET silent = 0 WHERE agent_id = ? AND silent = 1"
        if self.db.execute(back, (agent_id,)):
            (agent,) = self.db.fetch_rows("SELECT * FROM agent WHERE agent_id = ?", (agent_id,))
            self._write_silence_ticket(agent, "clear", 2, now)

    def open_silence_tickets(self, now: float) -> int:
        """Open a ticket for each agent that has fallen silent; how many."""
        quiet = self.db.fetch_rows(
            "SELECT * FROM agent WHERE silent = 0 AND last_contact < ?", (now - SILENT_AFTER,)
        )
        opened = 0
        for agent in quiet:
            with self.db.transaction():
                mark = (
                    "UPDATE agent SET silent = 1, silences = silences + 1 WHERE agent_id = ? AND silent = 0"
                )
                if self.db.execute(mark, (agent["agent_id"],)):  # not another replica
                    (now_so,) = self.db.fetch_rows(
                        "SELECT * FROM agent WHERE agent_id = ?", (agent["agent_id"],)
                    )
                    self._write_silence_ticket(now_so, "open", 1, now)
                    opened += 1
        return opened

    def list_agents(self) -> list[dict[str, Any]]:
        """Every agent that ever called, the longest silent first."""
        columns = "agent_id, site_id, enrolled_at, last_contact, silent"
        return [dict(row) for row in self.db.fetch_rows(f"SELECT {columns} FROM agent ORDER BY last_contact")]  # noqa: S608

    def add_feedback(self, ticket_id: str, feedback: Mapping[str, Any]) -> bool:
        """What the desk says of a ticket, for its agent to pull; False if there is no such ticket.

        Words get their numbers one after the other, over all replicas: who has read number 7 will not meet
        a 6 that was being written then.
        """
        found = self.db.fetch_rows("SELECT dedupe_key, data FROM ticket WHERE ticket_id = ?", (ticket_id,))
        if not found:
            return False
        site = str(json.loads(found[0]["data"])["agent"].get("site_id") or "")
        said = json.dumps({**feedback, "dedupe_key": found[0]["dedupe_key"]}, ensure_ascii=False)
        with self.db.transaction():
            self.db.wait_for_lock("feedback")
            self.db.execute("INSERT INTO feedback (site_id, data) VALUES (?, ?)", (site, said))
        return True

    def list_feedback(self, site_id: str | None, after: int, limit: int = 100) -> list[dict[str, Any]]:
        """Feedback for a site (None: for all), in order, beyond number `after`."""
        query = "SELECT number, data FROM feedback WHERE number > ? {} ORDER BY number LIMIT ?"
        if site_id is None:
            found = self.db.fetch_rows(query.format(""), (after, limit))
        else:
            found = self.db.fetch_rows(query.format("AND site_id = ?"), (after, site_id, limit))
        return [{"number": row["number"]} | json.loads(row["data"]) for row in found]

    def last_feedback_number(self, site_id: str | None) -> int:
        """The highest number of feedback for a site (None: of all); 0 without any."""
        query = "SELECT COALESCE(MAX(number), 0) AS last FROM feedback"
        of_site = ("", ()) if site_id is None else (" WHERE site_id = ?", (site_id,))
        return int(self.db.fetch_rows(query + of_site[0], of_site[1])[0]["last"])

    def _insert_events(self, named: Mapping[str, ReceivedEvent], now: float) -> dict[str, ItemResult]:
        """Keep the events that are new. By their ids as text."""
        if not named:
            return {}
        marks = ", ".join("?" * len(named))
        query = f"SELECT id FROM event WHERE id IN ({marks})"  # noqa: S608 - question marks
        known = {row["id"] for row in self.db.fetch_rows(query, tuple(named))}
        fresh = {name: arrival for name, arrival in named.items() if name not in known}
        self.db.execute_many(
            "INSERT INTO event (id, source, type, subject, sequence, time, data, at) "
            "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            [_event_row(name, arrival, now) for name, arrival in fresh.items()],
        )
        for arrival in fresh.values():
            if arrival.event is not None and arrival.event.type == "mps.ticket/1":
                self._update_ticket(arrival.event.data)
        return {name: DUPLICATE_ITEM if name in known else ACCEPTED_ITEM for name in named}

    def _update_ticket(self, told: Mapping[str, Any]) -> None:
        """Bring the ticket's row up to date, or make it."""
        newest = (
            told["ticket_seq"],
            told["event"],
            told["observed_at"],
            json.dumps(told, ensure_ascii=False),
        )
        made = self.db.execute(
            "INSERT INTO ticket (ticket_seq, event, observed_at, data, ticket_id, dedupe_key, opened_at) "
            "VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            (*newest, told["ticket_id"], told["dedupe_key"], told["opened_at"]),
        )
        if made:
            return
        either = (told["ticket_id"], told["dedupe_key"], told["ticket_id"])
        known = self.db.fetch_rows(
            "SELECT * FROM ticket WHERE ticket_id = ? OR dedupe_key = ? ORDER BY ticket_id <> ? LIMIT 1",
            either,
        )
        if known and _supersedes(told, known[0]):
            change = (
                "UPDATE ticket SET ticket_seq = ?, event = ?, observed_at = ?, data = ? WHERE ticket_id = ?"
            )
            self.db.execute(change, (*newest, known[0]["ticket_id"]))

    def _write_silence_ticket(self, agent: Mapping[str, Any], event: str, seq: int, now: float) -> None:
        """The ticket of an agent that fell silent, or came back."""
        name, episode = agent["agent_id"], agent["silences"]
        since = datetime.fromtimestamp(agent["last_contact"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._update_ticket(
            {
                "schema": "mps.ticket/1",
                "event": event,
                "ticket_id": f"silent-{name}-{episode}",
                "ticket_seq": seq,
                "dedupe_key": f"agent:{name}|agent.silent||e{episode}",
                "kind": "break_fix",
                "observed_at": at,
                "opened_at": since,
                "agent": {"agent_id": name, "site_id": agent["site_id"], "version": "unknown"},
                "device": {"device_key": f"agent:{name}"},
                "fault": {"fault_key": "agent.silent", "title": f"No word from {name} since {since}"},
            }
        )


def _event_row(name: str, arrival: ReceivedEvent, now: float) -> tuple[object, ...]:
    event: CloudEvent | None = arrival.event
    assert event is not None  # noqa: S101 - an arrival is valid or refused
    head = (name, event.source, event.type, event.subject)
    return (*head, int(event.sequence), event.time, _ENCODER.encode(event.data), now)


def _supersedes(told: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether this event is news for the row: numbers count within a ticket, time counts between two."""
    if told["ticket_id"] == known["ticket_id"]:
        return bool(told["ticket_seq"] > known["ticket_seq"])
    return bool(told["event"] != "open" and told["observed_at"] > known["observed_at"])


def _format_receipt(verdicts: Mapping[str, ItemResult]) -> str:
    lines = [
        {"id": event, "result": said.result, "problem": said.problem, "detail": said.detail}
        for event, said in verdicts.items()
    ]
    return json.dumps({"receipt": lines})
