"""The life cycle of tickets, driven by the changes that rules report.

                  first rule opens                    last rule resolves
    (nothing) ───────────────────► OPEN ──────────────────────────────────► CLEARED
                   "open"           │ ▲  a graver rule joins or leaves: "update" │
                                    └─┘                                          │
                                     ▲   back within two days: "reopen"          │
                                     └───────────────────────────────────────────┘
                           back later, or in a replaced supply: a new ticket, next episode, "open"

    A supply or part was replaced, or the printer exchanged: "verified" after the "clear", with the evidence;
    the fault cannot come back, and its key is free for the next ticket at once.

    An edit of rules: the last rule is withdrawn: "cancel", and back again it is a new ticket; other words,
    severity or impact: "update"; another id of the rule: no event.

What always holds:

- One open ticket for each printer, fault and component; the database refuses a second one.
- A ticket is cleared only when the last rule that holds it has resolved. Until then the gravest of them
  speaks for it; of several, the one that has held it longest.
- A ticket's events are numbered 1, 2, 3 … without a gap, and an event is sent once: a change that is
  reported twice, or a "resolved" for what never opened, is no event.
- What the customer can fix (`customer_fixable`) is kept as a notice and is never an event: it does not
  reach the provider's desk.
- Everything is written in the caller's transaction; a restart in the middle changes nothing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace

import uuid6

from agent.core.clock import format_iso_time
from agent.core.model import Change, ChangeKind, Device, Impact, TicketEvent
from agent.tickets import ticket_claims
from agent.tickets.dedupe_key import build_dedupe_key
from agent.tickets.ticket_records import (
    CALLBACK_WITHIN,
    NOTICE,
    TICKET,
    Ticket,
    build_event,
    current_state_event,
    load_cleared_tickets,
    load_open_tickets,
    load_ticket,
    record_step,
    ticket_from_row,
)

__all__ = [
    "NOTICE",
    "TICKET",
    "Ticket",
    "current_state_event",
    "load_cleared_tickets",
    "load_open_tickets",
    "load_ticket",
]

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE ticket (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL,
        device TEXT NOT NULL, device_name TEXT NOT NULL, fault TEXT NOT NULL, component TEXT NOT NULL,
        episode INTEGER NOT NULL, seq INTEGER NOT NULL,
        opened_at REAL NOT NULL, cleared_at REAL,
        impact TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX ticket_open ON ticket (kind, device, fault, component) WHERE cleared_at IS NULL;
    CREATE UNIQUE INDEX ticket_episode ON ticket (kind, device, fault, component, episode);
    CREATE TABLE ticket_hold (
        ticket TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        since REAL NOT NULL, impact TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL,
        PRIMARY KEY (ticket, rule, subject)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE ticket_hold RENAME TO ticket_claim
    """,
    """
    ALTER TABLE ticket ADD COLUMN dedupe_key TEXT NOT NULL DEFAULT '';
    UPDATE ticket SET dedupe_key = device || '|' || fault || '|' || component || '|e' || episode
    """,
    """
    ALTER TABLE ticket ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0
    """,
    """
    ALTER TABLE ticket ADD COLUMN verified INTEGER NOT NULL DEFAULT 0
    """,
)

REOPEN_WITHIN = 2 * 86400.0  # until then a fault that comes back was not fixed


def new_ticket_id() -> str:
    """A UUIDv7: ids made later sort later."""
    return str(uuid6.uuid7())


def apply_changes(
    tx: sqlite3.Connection, changes: Iterable[Change], *, make_id: Callable[[], str] = new_ticket_id
) -> list[TicketEvent]:
    """Apply the changes to tickets; return the events for the provider, in order."""
    events: list[TicketEvent] = []
    for change in changes:
        found = list(_apply_change(tx, change, make_id))
        if change.impact is not Impact.CUSTOMER_FIXABLE:
            events += found
    return events


def end_device_tickets(
    tx: sqlite3.Connection, device: Device, at: float, evidence: Mapping[str, object]
) -> list[TicketEvent]:
    """End every ticket of a printer that was exchanged: "clear" if it is open, and "verified"."""
    events = []
    rows = tx.execute(
        "SELECT * FROM ticket WHERE device = ? AND NOT verified AND NOT cancelled "
        "AND (cleared_at IS NULL OR cleared_at > ?) ORDER BY opened_at, id",
        (device.key, at - CALLBACK_WITHIN),
    ).fetchall()
    for ticket in map(ticket_from_row, rows):
        tx.execute("DELETE FROM ticket_claim WHERE ticket = ?", (ticket.id,))
        if ticket.cleared_at is None:
            ticket, event = record_step(tx, ticket, "clear", device, at, evidence)  # noqa: PLW2901 - its next state
            events += [event] if ticket.kind == TICKET else []
        _, event = record_step(tx, ticket, "verified", device, at, evidence)
        events += [event] if ticket.kind == TICKET else []
    return events


def _apply_change(
    tx: sqlite3.Connection, change: Change, make_id: Callable[[], str]
) -> Iterator[TicketEvent]:
    """Yield the events of one change; "verified" before a new ticket, or after the end of an old one."""
    if change.kind is ChangeKind.UPDATED:
        event = _revise_claim(tx, change)
    elif change.kind is ChangeKind.OPENED:
        yield from _verify_replaced(tx, change)
        event = _add_claim(tx, change, make_id)
    else:
        event = _release_claim(tx, change)
    if event is not None:
        yield event
    if change.kind is ChangeKind.RESOLVED:
        yield from _verify_replaced(tx, change)


def _verify_replaced(tx: sqlite3.Connection, change: Change) -> Iterator[TicketEvent]:
    """Yield "verified" for a cleared ticket about a thing that was replaced after it was opened."""
    last = _find_latest(tx, change)
    if last is None or last.cleared_at is None or last.verified or last.cancelled:
        return
    if change.renewed is not None and change.renewed > last.opened_at:
        evidence = {"verified_by": {"what": "replaced", "at": format_iso_time(change.renewed)}}
        yield record_step(tx, last, "verified", change.device, change.at, evidence)[1]


def record_update(
    tx: sqlite3.Connection, ticket: Ticket, device: Device, at: float, evidence: Mapping[str, object]
) -> TicketEvent:
    """Record an update of an open ticket that no rule brought: of its promises, of its approval."""
    tx.execute("UPDATE ticket SET seq = seq + 1 WHERE id = ?", (ticket.id,))
    return build_event(tx, replace(ticket, seq=ticket.seq + 1), "update", at, device, evidence)


def _add_claim(tx: sqlite3.Connection, change: Change, make_id: Callable[[], str]) -> TicketEvent | None:
    """A rule opens: it joins the open ticket, brings a cleared one back, or starts one."""
    last = _find_latest(tx, change)
    if last is None or _begins_episode(last, change):
        ticket = _new_ticket(change, make_id(), episode=last.episode + 1 if last else 1)
        tx.execute(
            "INSERT INTO ticket VALUES (:id, :kind, :device, :device_name, :fault, :component, :episode, "
            ":seq, :opened_at, :cleared_at, :impact, :severity, :rule, :title, :dedupe_key, "
            ":cancelled, :verified)",
            asdict(ticket),
        )
        event = "open"
    else:
        ticket = last
        event = "update" if last.cleared_at is None else "reopen"
    ticket_claims.add_claim(tx, ticket.id, change)
    return _record_event(tx, ticket, change, event)


def _begins_episode(last: Ticket, change: Change) -> bool:
    """True if the last ticket is over for good: long ago, cancelled, or of a supply replaced since."""
    if last.cleared_at is None:
        return False
    if last.cancelled or last.verified:
        return True
    renewed = change.renewed is not None and change.renewed > last.opened_at
    return renewed or change.at - last.cleared_at >= REOPEN_WITHIN


def _release_claim(tx: sqlite3.Connection, change: Change) -> TicketEvent | None:
    """Release a rule's claim: the ticket is cleared, or cancelled, if no other rule holds it."""
    ticket = _find_latest(tx, change)
    if ticket is None or not ticket_claims.remove_claim(tx, ticket.id, change):
        return None
    over = "cancel" if change.kind is ChangeKind.WITHDRAWN else "clear"
    return _record_event(tx, ticket, change, "update" if ticket_claims.leading_claim(tx, ticket.id) else over)


def _revise_claim(tx: sqlite3.Connection, change: Change) -> TicketEvent | None:
    """Give a rule's claim the words of an edit; another id alone is no event."""
    ticket = _find_latest(tx, change)
    if ticket is None or not ticket_claims.revise_claim(tx, ticket.id, change):
        return None
    speaker = ticket_claims.leading_claim(tx, ticket.id)
    if speaker and speaker.rule != ticket.rule:
        tx.execute("UPDATE ticket SET rule = ? WHERE id = ?", (speaker.rule, ticket.id))
        ticket = replace(ticket, rule=speaker.rule)
    return _record_event(tx, ticket, change, "update")


def _find_latest(tx: sqlite3.Connection, change: Change) -> Ticket | None:
    """The ticket of the latest episode of what the change is about."""
    row = tx.execute(
        "SELECT * FROM ticket WHERE kind = ? AND device = ? AND fault = ? AND component = ? "
        "ORDER BY episode DESC LIMIT 1",
        (_ticket_kind(change), change.device.key, change.fault, change.component),
    ).fetchone()
    return ticket_from_row(row) if row else None


def _record_event(tx: sqlite3.Connection, ticket: Ticket, change: Change, event: str) -> TicketEvent | None:
    """Number the event and save the ticket. Return None for an update that changes nothing."""
    over = event in {"clear", "cancel"}
    now = replace(
        ticket,
        seq=ticket.seq + 1,
        cleared_at=change.at if over else None,
        cancelled=event == "cancel",
        verified=False,
    )
    if speaker := ticket_claims.leading_claim(tx, ticket.id):
        now = replace(
            now, impact=speaker.impact, severity=speaker.severity, rule=speaker.rule, title=speaker.title
        )
    if event == "update" and now == replace(ticket, seq=now.seq):
        return None
    tx.execute(
        "UPDATE ticket SET seq = :seq, cleared_at = :cleared_at, impact = :impact, severity = :severity, "
        "rule = :rule, title = :title, cancelled = :cancelled, verified = :verified WHERE id = :id",
        asdict(now),
    )
    since = change.since if change.kind is ChangeKind.OPENED else None
    return replace(build_event(tx, now, event, change.at, change.device, change.evidence), since=since)


def _new_ticket(change: Change, ticket_id: str, *, episode: int) -> Ticket:
    return Ticket(
        id=ticket_id,
        kind=_ticket_kind(change),
        device=change.device.key,
        device_name=change.device.name,
        fault=change.fault,
        component=change.component,
        episode=episode,
        seq=0,
        opened_at=change.at,
        cleared_at=None,
        impact=change.impact,
        severity=change.severity,
        rule=change.rule,
        title=change.title,
        dedupe_key=build_dedupe_key(change.grouping.site, change.device.key, change.fault, change.component),
    )


def _ticket_kind(change: Change) -> str:
    return NOTICE if change.impact is Impact.CUSTOMER_FIXABLE else TICKET
