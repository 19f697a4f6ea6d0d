"""A ticket as it stands on disk, and as an event for the provider."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from agent.core.model import Device, Impact, TicketEvent

CALLBACK_WITHIN = 90 * 86400.0  # until then the same fault again may be a visit that did not mend it
TICKET, NOTICE = "ticket", "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket (or a notice) as it stands."""

    id: str
    kind: str  # "ticket": for the service desk; "notice": for the site
    device: str
    device_name: str
    fault: str
    component: str
    episode: int
    seq: int
    opened_at: float
    cleared_at: float | None
    impact: Impact
    severity: str
    rule: str
    title: str
    dedupe_key: str  # as it was opened with, to its end
    cancelled: bool = False  # it ended by an edit of rules, not by a repair
    verified: bool = False  # what it was about was replaced after it was opened


def load_open_tickets(db: sqlite3.Connection, *, kind: str = TICKET) -> list[Ticket]:
    """Load the open tickets, the longest open first. `kind="notice"`: faults the site can fix itself."""
    rows = db.execute(
        "SELECT * FROM ticket WHERE kind = ? AND cleared_at IS NULL ORDER BY opened_at, id", (kind,)
    )
    return [ticket_from_row(row) for row in rows]


def load_cleared_tickets(db: sqlite3.Connection, since: float, *, kind: str = TICKET) -> list[Ticket]:
    """Load the tickets cleared at or after `since`, the latest first."""
    rows = db.execute(
        "SELECT * FROM ticket WHERE kind = ? AND cleared_at >= ? ORDER BY cleared_at DESC, id",
        (kind, since),
    )
    return [ticket_from_row(row) for row in rows]


def load_ticket(db: sqlite3.Connection, ticket_id: str) -> Ticket | None:
    """One ticket by its id; None if there is no such ticket."""
    row = db.execute("SELECT * FROM ticket WHERE id = ?", (ticket_id,)).fetchone()
    return ticket_from_row(row) if row else None


def current_state_event(
    tx: sqlite3.Connection, ticket_id: str, device: Device | None, at: float
) -> TicketEvent | None:
    """Build an event with a ticket's current state, for a provider that missed events; None if unknown."""
    ticket = load_ticket(tx, ticket_id)
    if ticket is None or device is None:
        return None
    ended = "cancel" if ticket.cancelled else "verified" if ticket.verified else "clear"
    event = "open" if ticket.cleared_at is None else ended
    return build_event(tx, ticket, event, at, device, {"restated": True})


def record_step(
    tx: sqlite3.Connection,
    ticket: Ticket,
    step: str,
    device: Device,
    at: float,
    evidence: Mapping[str, object],
) -> tuple[Ticket, TicketEvent]:
    """Number a "clear" or "verified" that no rule reports, and save the ticket."""
    now = replace(ticket, seq=ticket.seq + 1, cleared_at=ticket.cleared_at or at, verified=step == "verified")
    tx.execute(
        "UPDATE ticket SET seq = :seq, cleared_at = :cleared_at, verified = :verified WHERE id = :id",
        asdict(now),
    )
    return now, build_event(tx, now, step, at, device, evidence)


def build_event(
    tx: sqlite3.Connection,
    ticket: Ticket,
    event: str,
    at: float,
    device: Device,
    evidence: Mapping[str, object],
) -> TicketEvent:
    """`ticket` as it stands, as one event."""
    return TicketEvent(
        ticket_id=ticket.id,
        ticket_seq=ticket.seq,
        event=event,
        dedupe_key=ticket.dedupe_key,
        at=at,
        opened_at=ticket.opened_at,
        device=device,
        fault=ticket.fault,
        component=ticket.component,
        impact=ticket.impact,
        severity=ticket.severity,
        rule=ticket.rule,
        title=ticket.title,
        related=_related_tickets(tx, ticket),
        earlier=_count_earlier(tx, ticket),
        evidence=evidence,
    )


def _related_tickets(tx: sqlite3.Connection, ticket: Ticket) -> tuple[str, ...]:
    """The other open tickets of the same printer, the longest open first."""
    rows = tx.execute(
        "SELECT id FROM ticket WHERE kind = ? AND device = ? AND id != ? AND cleared_at IS NULL "
        "ORDER BY opened_at, id LIMIT 20",
        (TICKET, ticket.device, ticket.id),
    )
    return tuple(row["id"] for row in rows)


def _count_earlier(tx: sqlite3.Connection, ticket: Ticket) -> int:
    """Count the tickets of this fault and component within the 90 days before this one."""
    row = tx.execute(
        "SELECT count(*) AS n FROM ticket WHERE kind = ? AND device = ? AND fault = ? AND component = ? "
        "AND episode < ? AND opened_at > ?",
        (ticket.kind, ticket.device, ticket.fault, ticket.component, ticket.episode,
         ticket.opened_at - CALLBACK_WITHIN),
    ).fetchone()  # fmt: skip
    return int(row["n"])


def ticket_from_row(row: sqlite3.Row) -> Ticket:
    found = {
        "impact": Impact(row["impact"]),
        "cancelled": bool(row["cancelled"]),
        "verified": bool(row["verified"]),
    }
    return Ticket(**{**dict(row), **found})
