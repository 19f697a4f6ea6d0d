"""What the receiver keeps: requests, events, feedback; tickets: `ticket_store`, agents: `agent_contacts`.

- An event is kept once, by its id and its agent, however often it comes and to whichever replica.
- A request's key, its body's fingerprint and its receipt are kept with what it brought, in one transaction.
- Every list is filtered by tenant and site in SQL (`ReadScope`).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.receiver import connections
from uplink.receiver.agent_contacts import AgentContacts
from uplink.receiver.desk_messages import DeskMessages
from uplink.receiver.parsing import CloudEvent, ReceivedEvent, find_sender
from uplink.receiver.read_scope import ReadScope, read_page
from uplink.receiver.ticket_store import SiteScope, TicketStore

MAX_ROWS = 10_000  # of one page
_TICKET_COLUMNS = (
    "number", "site_id", "ticket_id", "dedupe_key", "occupied", "ticket_seq", "event",
    "opened_at", "observed_at", "data",
)  # fmt: skip
_EVENT_COLUMNS = ("arrival", "site_id", "id", "source", "type", "subject", "sequence", "time")
_AGENT_COLUMNS = ("number", "agent_id", "site_id", "enrolled_at", "last_contact", "silent")
_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledSender:
    """The enrolled agent that a request comes from, and where it belongs."""

    agent_id: str
    scope: SiteScope

    @property
    def name(self) -> str:
        """The name under which its idempotency keys are kept: they are its own."""
        return json.dumps([*self.scope, self.agent_id])


class EventStore:
    """The receiver's tables. Used from one thread. A `scope` of None stands for the whole database: it is for
    commands on the receiver's own machine."""

    def __init__(self, where: Path | str) -> None:
        self.db = connections.open_database(where)
        self.tickets = TicketStore(self.db)
        self._contacts = AgentContacts(self.db, self.tickets)
        self._desk = DeskMessages(self.db, self.tickets)

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def check_health(self) -> None:
        """Ask the database something. Raises DatabaseUnavailable."""
        self.db.fetch_rows("SELECT 1 AS one")

    def find_receipt(self, key: str, sender: EnrolledSender | None = None) -> tuple[bytes, str] | None:
        """Find the fingerprint and the receipt of an earlier request with this key."""
        found = self.db.fetch_rows(
            "SELECT fingerprint, receipt FROM request WHERE sender = ? AND key = ?", (_name(sender), key)
        )
        return (bytes(found[0]["fingerprint"]), str(found[0]["receipt"])) if found else None

    def store_events(
        self,
        key: str,
        fingerprint: bytes,
        arrivals: Sequence[ReceivedEvent],
        now: float,
        sender: EnrolledSender | None = None,
    ) -> str:
        """Keep a request's events, in one transaction; return the receipt as JSON. Raises DatabaseBusy."""
        with self.db.transaction():
            self.db.claim_lock(f"{_name(sender)}{key}")
            if (before := self.find_receipt(key, sender)) is not None:
                return before[1]
            named = {str(arrival.id): arrival for arrival in arrivals}
            stored = self._insert_events(
                {name: one for name, one in named.items() if not one.refused}, now, sender
            )
            receipt = _format_receipt({name: one.refused or stored[name] for name, one in named.items()})
            self.db.execute(
                "INSERT INTO request (sender, key, fingerprint, receipt, at) VALUES (?, ?, ?, ?, ?)",
                (_name(sender), key, fingerprint, receipt, now),
            )
        return receipt

    def list_tickets(
        self, scope: ReadScope | None = None, after: int = 0, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """List tickets in the order in which they came first, each as its newest event has it."""
        found = read_page(self.db, "ticket", _TICKET_COLUMNS, scope, after, limit)
        return [
            row
            | {
                "occupied": bool(row["occupied"]),
                "aliases": self.tickets.list_aliases(row["number"]),
                "data": json.loads(row["data"]),
            }
            for row in found
        ]

    def list_payloads(self, type_: str) -> list[dict[str, Any]]:
        """List the data of every event of one type, in the order of arrival."""
        found = self.db.fetch_rows("SELECT data FROM event WHERE type = ? ORDER BY arrival", (type_,))
        return [json.loads(row["data"]) for row in found]

    def count_events(self, scope: ReadScope | None = None) -> dict[str, int]:
        """Count events by type."""
        condition, values = scope.build_filter() if scope else ("1 = 1", ())
        query = f"SELECT type, COUNT(*) AS n FROM event WHERE {condition} GROUP BY type"  # noqa: S608 - constants
        return {row["type"]: row["n"] for row in self.db.fetch_rows(query, values)}

    def list_events(self, after: int, limit: int, scope: ReadScope | None = None) -> list[dict[str, Any]]:
        """List events in the order of their arrival, without their data."""
        return read_page(self.db, "event", _EVENT_COLUMNS, scope, after, limit)

    def list_agents(
        self, scope: ReadScope | None = None, after: int = 0, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """List agents in the order in which they called first."""
        return read_page(self.db, "agent", _AGENT_COLUMNS, scope, after, limit)

    def record_contact(self, agent_id: str, scope: SiteScope, now: float) -> None:
        """Note that an agent has called (`AgentContacts`)."""
        self._contacts.record_contact(agent_id, scope, now)

    def open_silence_tickets(self, now: float) -> int:
        """Open a ticket for each agent that has fallen silent; return how many."""
        return self._contacts.open_silence_tickets(now)

    def add_feedback(
        self, ticket_id: str, feedback: Mapping[str, Any], scope: ReadScope | None = None
    ) -> bool:
        """Store feedback on a ticket for its agents to pull; False if there is no such ticket."""
        return self._desk.add_feedback(ticket_id, feedback, scope)

    def add_request(self, scope: SiteScope, request: Mapping[str, Any]) -> None:
        """Store a request (mps.request/1) for the agents of a site to pull."""
        self._desk.add_request(scope, request)

    def list_feedback(
        self, scope: ReadScope | None, after: int, limit: int = 100, *, requests: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """List feedback beyond number `after`, in order, with the kinds of requests that are named."""
        return self._desk.list_entries(scope, after, limit, requests=requests)

    def last_feedback_number(self, scope: ReadScope | None) -> int:
        """Return the highest number of feedback; 0 without any."""
        return self._desk.last_number(scope)

    def _insert_events(
        self, named: Mapping[str, ReceivedEvent], now: float, sender: EnrolledSender | None
    ) -> dict[str, ItemResult]:
        """Keep the events that are new. By their ids as text."""
        rows = {name: _event_row(name, arrival, now, sender) for name, arrival in named.items()}
        for scope in sorted({_row_scope(row) for row in rows.values()}):
            keys = [
                arrival.event.data["dedupe_key"]
                for name, arrival in named.items()
                if _row_scope(rows[name]) == scope and arrival.event and arrival.event.type == "mps.ticket/1"
            ]
            self.tickets.lock_keys(scope, keys)
        known = self._find_known(rows)
        self.db.execute_many(
            "INSERT INTO event (tenant_id, site_id, agent_id, id, source, type, subject, sequence, "
            "time, data, at) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            [row for name, row in rows.items() if name not in known],
        )
        return {
            name: self._file_event(rows[name], arrival, known=name in known)
            for name, arrival in named.items()
        }

    def _find_known(self, rows: Mapping[str, tuple[Any, ...]]) -> set[str]:
        """Find the ids of those events that are kept already."""
        if not rows:
            return set()
        marks = ", ".join("?" * len(rows))
        query = f"SELECT tenant_id, site_id, agent_id, id FROM event WHERE id IN ({marks})"  # noqa: S608 - marks
        kept = {tuple(row.values()) for row in self.db.fetch_rows(query, tuple(rows))}
        return {name for name, row in rows.items() if row[:4] in kept}

    def _file_event(self, row: tuple[Any, ...], arrival: ReceivedEvent, *, known: bool) -> ItemResult:
        """Bring the ticket of an event up to date; return its line of the receipt."""
        outcome, joined = ItemOutcome.DUPLICATE if known else ItemOutcome.ACCEPTED, None
        if arrival.event is not None and arrival.event.type == "mps.ticket/1":
            scope, data = _row_scope(row), arrival.event.data
            if known:
                joined = self.tickets.find_joined(scope, data["ticket_id"])
            else:
                joined = self.tickets.apply_event(scope, row[2], data)
        return ItemResult(outcome, joined=joined)


def _name(sender: EnrolledSender | None) -> str:
    return sender.name if sender else ""


def _row_scope(row: tuple[Any, ...]) -> SiteScope:
    return SiteScope(row[0], row[1])


def _event_row(
    name: str, arrival: ReceivedEvent, now: float, sender: EnrolledSender | None
) -> tuple[Any, ...]:
    event: CloudEvent | None = arrival.event
    assert event is not None  # noqa: S101 - an arrival is valid or refused
    agent, site = find_sender(event)
    owner = (*sender.scope, sender.agent_id) if sender else ("", site, agent)
    head = (name, event.source, event.type, event.subject)
    return (*owner, *head, int(event.sequence), event.time, _ENCODER.encode(event.data), now)


def _format_receipt(verdicts: Mapping[str, ItemResult]) -> str:
    lines = []
    for event, one in verdicts.items():
        line = {"id": event, "result": one.result, "problem": one.problem, "detail": one.detail}
        lines.append(line | ({"joined": one.joined} if one.joined else {}))
    return json.dumps({"receipt": lines})
