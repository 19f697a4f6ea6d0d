"""Tells of promises before they are broken, and when they are: an `update` of the ticket, once for each.

    open ticket ──► terms of its contract, now ──► at risk, breached ──► update with `evidence.promises`
    the customer said yes or no ─────────────────────────────────────► update with `evidence.approval`

Works without the provider: what is due is computed on site. In the caller's transaction.
"""

import sqlite3
from collections.abc import Iterator

from agent.contracts.sla_clock import SlaTarget
from agent.core.clock import format_iso_time
from agent.discovery import inventory
from agent.reporting import restatement
from agent.reporting.sender import Sender
from agent.reporting.ticket_times import TicketCase
from agent.tickets import approvals, lifecycle, ticket_records
from agent.tickets.lifecycle import Ticket

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE promise_told (
        ticket TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (ticket, target, state)
    ) WITHOUT ROWID
    """,
)
TOLD_STATES = frozenset({"at_risk", "breached"})


def announce_promises(tx: sqlite3.Connection, sender: Sender, now: float) -> int:
    """Queue an update for each open ticket with a promise that is newly at risk or broken; count them."""
    if sender.load_terms().is_empty:
        return 0
    return sum(_announce_ticket(tx, sender, ticket, now) for ticket in lifecycle.load_open_tickets(tx))


def announce_decisions(tx: sqlite3.Connection, sender: Sender, now: float) -> int:
    """Queue an update for each ticket that the customer decided about; count them."""
    found = 0
    for made in approvals.list_untold(tx):
        approvals.mark_told(tx, made.ticket)
        ticket = ticket_records.load_ticket(tx, made.ticket)
        device = inventory.load_device(tx, ticket.device) if ticket else None
        if ticket is None or device is None or ticket.cleared_at is not None:
            continue
        evidence = {"approval": {"decision": made.decision, "by": made.by, "at": format_iso_time(made.at)}}
        event = lifecycle.record_update(tx, ticket, device, now, evidence)
        sender.queue_ticket(tx, event, restatement.load_last_facts(tx, device.key, now))
        found += 1
    return found


def _announce_ticket(tx: sqlite3.Connection, sender: Sender, ticket: Ticket, now: float) -> bool:
    device = inventory.load_device(tx, ticket.device)
    if device is None:
        return False
    case = TicketCase(
        ticket=ticket.id, device=device, impact=ticket.impact, fault=ticket.fault, opened_at=ticket.opened_at
    )
    fresh = [*_find_untold(tx, ticket.id, sender.build_terms(tx, case, now).targets)]
    if not fresh:
        return False
    rows = [(ticket.id, one.name, one.state, now) for one in fresh]
    tx.executemany("INSERT INTO promise_told VALUES (?, ?, ?, ?)", rows)
    told = [{"promise": one.name, "state": one.state, "due": _format_due(one.due)} for one in fresh]
    event = lifecycle.record_update(tx, ticket, device, now, {"promises": told})
    sender.queue_ticket(tx, event, restatement.load_last_facts(tx, device.key, now))
    return True


def _format_due(due: float | None) -> str | None:
    return None if due is None else format_iso_time(due)


def _find_untold(tx: sqlite3.Connection, ticket: str, targets: tuple[SlaTarget, ...]) -> Iterator[SlaTarget]:
    """Find the promises whose state was not told yet; of one that is broken, its risk is no news."""
    rows = tx.execute("SELECT target, state FROM promise_told WHERE ticket = ?", (ticket,))
    told = {(row["target"], row["state"]) for row in rows}
    for one in targets:
        over = (one.name, "breached") in told
        if one.state in TOLD_STATES and (one.name, one.state) not in told and not over:
            yield one
