"""Cleared tickets become `verified` once it shows that the repair lasts. In the caller's transaction.

    cleared ──► watched ──┬─ work:    200 pages and two working days without it
                          ├─ uptime:  two days, and it answers
                          ├─ reading: two days, and it was read again
                          └─ time:    30 quiet days, whatever the fault ──► verified, with the evidence

How a fault is verified stands in `faults.toml` (`verify`). Nothing is verified within two days, in which a
fault that comes back is the same ticket again. A verified ticket frees its key at the provider.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from agent.core.calendars import Calendar, parse_hours
from agent.core.clock import format_iso_time
from agent.core.model import Device, Facts
from agent.discovery import inventory
from agent.history.meters import ledger
from agent.reporting import restatement
from agent.reporting.sender import Sender
from agent.rules.evaluator import make_site_device
from agent.tickets import lifecycle, ticket_records
from agent.tickets.ticket_records import Ticket

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE ticket_watch (
        ticket TEXT PRIMARY KEY, cleared_at REAL NOT NULL, pages INTEGER
    ) WITHOUT ROWID
    """,
)
DAY = 86400.0
MIN_QUIET, MAX_QUIET = 2 * DAY, 30 * DAY
MIN_PAGES, MIN_WORKING_DAYS = 200, 2
OLDEST = 90 * DAY  # a ticket cleared before that is verified by nothing any more
MOST_AT_ONCE = 100  # tickets in one transaction
WORKING_DAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), parse_hours("00:00-24:00"))

FindVerification = Callable[[str], str]
"""How a fault is verified: "work", "uptime", "reading" or "time"."""


def verify_cleared(
    tx: sqlite3.Connection, sender: Sender, now: float, find_how: FindVerification, calendar: Calendar
) -> int:
    """Verify the cleared tickets whose repair has lasted; queue the events and count them.

    `calendar`: its time zone says when a working day begins.
    """
    week = Calendar(zone=calendar.zone, week=WORKING_DAYS)
    found = 0
    for ticket in _list_watched(tx, now):
        device = _find_device(tx, ticket, sender.site_id)
        pages = _watch_pages(tx, ticket)
        if device is None or ticket.cleared_at is None or now - ticket.cleared_at < MIN_QUIET:
            continue
        facts = restatement.load_last_facts(tx, device.key, now)
        evidence = _find_evidence(find_how(ticket.fault), ticket.cleared_at, now, facts, pages, week)
        if evidence is None:
            continue
        words = {"verified_by": {**evidence, "at": format_iso_time(now)}}
        _, event = ticket_records.record_step(tx, ticket, "verified", device, now, words)
        tx.execute("DELETE FROM ticket_watch WHERE ticket = ?", (ticket.id,))
        sender.queue_ticket(tx, event, facts)
        found += 1
        if found >= MOST_AT_ONCE:
            break
    return found


def _list_watched(tx: sqlite3.Connection, now: float) -> list[Ticket]:
    """List the cleared tickets that nothing has verified or cancelled yet, the longest cleared first."""
    cleared = lifecycle.load_cleared_tickets(tx, now - OLDEST)
    return [one for one in reversed(cleared) if not one.verified and not one.cancelled]


def _find_device(tx: sqlite3.Connection, ticket: Ticket, site_id: str) -> Device | None:
    site = make_site_device(site_id)
    return site if ticket.device == site.key else inventory.load_device(tx, ticket.device)


def _watch_pages(tx: sqlite3.Connection, ticket: Ticket) -> int | None:
    """Return the pages printed since the ticket was cleared; None where the printer does not tell.

    The count of the first look is kept; a ticket that was open again in between begins anew.
    """
    total = ledger.load_adjusted_total(tx, ticket.device)
    row = tx.execute("SELECT cleared_at, pages FROM ticket_watch WHERE ticket = ?", (ticket.id,)).fetchone()
    if row is None or row["cleared_at"] != ticket.cleared_at:
        tx.execute(
            "INSERT OR REPLACE INTO ticket_watch VALUES (?, ?, ?)", (ticket.id, ticket.cleared_at, total)
        )
        return None if total is None else 0
    return None if total is None or row["pages"] is None else total - int(row["pages"])


def _find_evidence(
    how: str, cleared_at: float, now: float, facts: Facts | None, pages: int | None, week: Calendar
) -> dict[str, Any] | None:
    """Find what shows that the repair lasts; None if nothing does yet."""
    if now - cleared_at >= MAX_QUIET:
        return {"what": "time", "days": int((now - cleared_at) // DAY)}
    if facts is None or not facts.answers_in_a_row:
        return None
    if how == "work":
        days = int(week.count_open_seconds(cleared_at, now) // DAY)
        if pages is not None and pages >= MIN_PAGES and days >= MIN_WORKING_DAYS:
            return {"what": "work", "pages": pages, "working_days": days}
    elif how == "uptime":
        return {"what": "uptime", "days": int((now - cleared_at) // DAY)}
    elif how == "reading" and facts.last_answer is not None and facts.last_answer > cleared_at:
        return {"what": "reading", "read_at": format_iso_time(facts.last_answer)}
    return None
