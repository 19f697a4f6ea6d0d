"""Tickets of several printers that belong together: one group of tickets for one cause.

    changes ──┬─ `agent.tickets.batches` takes it ► digest or storm ───────────────────┐
              └─ all others ─► agent.tickets.lifecycle ──┬── alone ──────────────────────┼─► events
                                               └── with `group_by` ─► waits ───┘
                                                   for company, then goes with it

What always holds:

- Each printer of a group keeps its own ticket; they name the group and how many it has.
- What is over before a group was sent is never sent; should it come back, it is sent as opened.
- Everything is written in the caller's transaction; a restart in the middle changes nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from math import inf

from agent.core.clock import format_iso_time
from agent.core.model import Address, Change, Device, Impact, TicketEvent
from agent.tickets import batches, lifecycle

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE list (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, site TEXT NOT NULL, rule TEXT NOT NULL,
        fault TEXT NOT NULL, impact TEXT NOT NULL, severity TEXT NOT NULL,
        opened_at REAL NOT NULL, due REAL, seq INTEGER NOT NULL DEFAULT 0, closed_at REAL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX list_open ON list (kind, site, rule) WHERE closed_at IS NULL;
    CREATE TABLE listed (
        list TEXT NOT NULL, device TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        name TEXT NOT NULL, fault TEXT NOT NULL, component TEXT NOT NULL, title TEXT NOT NULL,
        since REAL NOT NULL, ended_at REAL,
        PRIMARY KEY (list, device, rule, subject)
    ) WITHOUT ROWID;
    CREATE TABLE party (
        id TEXT PRIMARY KEY, about TEXT NOT NULL, due REAL NOT NULL, closed_at REAL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX party_open ON party (about) WHERE closed_at IS NULL;
    CREATE TABLE guest (
        ticket TEXT PRIMARY KEY, party TEXT NOT NULL, event TEXT, untold INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX guest_party ON guest (party);
    CREATE INDEX guest_waiting ON guest (party) WHERE event IS NOT NULL
    """,
    """
    ALTER TABLE list RENAME TO ticket_batch;
    ALTER TABLE listed RENAME TO ticket_batch_item;
    ALTER TABLE ticket_batch_item RENAME COLUMN list TO batch;
    ALTER TABLE party RENAME TO ticket_group;
    ALTER TABLE ticket_group RENAME COLUMN about TO group_key;
    ALTER TABLE guest RENAME TO ticket_group_member;
    ALTER TABLE ticket_group_member RENAME COLUMN party TO ticket_group;
    ALTER TABLE ticket_group_member RENAME COLUMN event TO held_event;
    ALTER TABLE ticket_group_member RENAME COLUMN untold TO unsent;
    DROP INDEX list_open;
    DROP INDEX party_open;
    DROP INDEX guest_party;
    DROP INDEX guest_waiting;
    CREATE UNIQUE INDEX ticket_batch_open ON ticket_batch (kind, site, rule) WHERE closed_at IS NULL;
    CREATE UNIQUE INDEX ticket_group_open ON ticket_group (group_key) WHERE closed_at IS NULL;
    CREATE INDEX ticket_group_member_group ON ticket_group_member (ticket_group);
    CREATE INDEX ticket_group_member_held ON ticket_group_member (ticket_group) WHERE held_event IS NOT NULL
    """,
    """
    ALTER TABLE ticket_batch ADD COLUMN dedupe_key TEXT NOT NULL DEFAULT '';
    UPDATE ticket_batch
        SET dedupe_key = 'site:' || site || '|' || fault || '|' || kind || ':' || rule || '|' || id
    """,
)

IdFactory = Callable[[], str]


def apply_changes(
    tx: sqlite3.Connection, changes: Iterable[Change], *, make_id: IdFactory = lifecycle.new_ticket_id
) -> list[TicketEvent]:
    """Apply the changes to tickets and lists; return the events to send now."""
    events: list[TicketEvent] = []
    for change in changes:
        if batches.take(tx, change, make_id):
            continue
        for event in lifecycle.apply_changes(tx, [change], make_id=make_id):
            events += _route_to_group(tx, event, change, make_id)
    return events


def collect_due_events(tx: sqlite3.Connection, now: float) -> list[TicketEvent]:
    """Return the events that are due: groups whose waiting time is over, and lists that changed."""
    groups = tx.execute(
        "SELECT DISTINCT id, due FROM ticket_group JOIN ticket_group_member ON ticket_group = id "
        "WHERE held_event IS NOT NULL AND due <= ? ORDER BY due, id",
        (now,),
    ).fetchall()
    return [
        *(event for row in groups for event in _release_group(tx, row["id"], now)),
        *batches.due(tx, now),
    ]


def list_sent_tickets(
    tx: sqlite3.Connection, *, after: str, since: float | None = None, limit: int = 200
) -> list[str]:
    """List the tickets and lists that were sent and are open, or were cleared since `since`: their ids beyond
    `after`, in order."""
    rows = tx.execute(
        "SELECT id FROM ticket "
        "WHERE kind = :kind AND id > :after AND (cleared_at IS NULL OR cleared_at >= :since) "
        "AND id NOT IN (SELECT ticket FROM ticket_group_member WHERE held_event IS NOT NULL OR unsent) "
        "UNION ALL SELECT id FROM ticket_batch "
        "WHERE seq > 0 AND id > :after AND (closed_at IS NULL OR closed_at >= :since) "
        "ORDER BY id LIMIT :limit",
        {"kind": lifecycle.TICKET, "after": after, "since": inf if since is None else since, "limit": limit},
    )
    return [row["id"] for row in rows]


def current_state_event(
    tx: sqlite3.Connection, ticket_id: str, device: Device | None, at: float
) -> TicketEvent | None:
    """Build an event with the current state of a ticket, with its group, or of a list; None if unknown."""
    event = lifecycle.current_state_event(tx, ticket_id, device, at)
    if event is None:
        return batches.current_state_event(tx, ticket_id, at)
    member = tx.execute(
        "SELECT ticket_group FROM ticket_group_member WHERE ticket = ?", (ticket_id,)
    ).fetchone()
    return event if member is None else _add_group(tx, event, member["ticket_group"])


def end_device_tickets(tx: sqlite3.Connection, device: Device, at: float) -> list[TicketEvent]:
    """End the tickets of a printer in whose place another one stands now, and strike it off the lists."""
    batches.end_device_items(tx, device.key, at)
    evidence = {"verified_by": {"what": "exchanged", "at": format_iso_time(at)}}
    found = lifecycle.end_device_tickets(tx, device, at, evidence)
    return [sent for event in found for sent in _route_to_group(tx, event)]


def _route_to_group(
    tx: sqlite3.Connection,
    event: TicketEvent,
    change: Change | None = None,
    make_id: IdFactory = lifecycle.new_ticket_id,
) -> Iterator[TicketEvent]:
    """The event in its group: kept back while the group gathers, with the group's number after that.

    `change`: that an opening comes from; None where there is none.
    """
    member = tx.execute(
        "SELECT m.*, g.due, g.closed_at FROM ticket_group_member m "
        "JOIN ticket_group g ON g.id = m.ticket_group WHERE ticket = ?",
        (event.ticket_id,),
    ).fetchone()
    if member is None:
        if event.event != "open" or change is None or not change.grouping.by:
            yield event
            return
        yield from _join_group(tx, event, change, make_id)
    elif member["held_event"] is not None:  # its opening still waits
        over = event.event in {"clear", "cancel"}
        tx.execute(
            "UPDATE ticket_group_member SET held_event = ?, unsent = ? WHERE ticket = ?",
            (None if over else _serialize_event(replace(event, event="open")), int(over), event.ticket_id),
        )
    elif member["unsent"]:
        if event.event == "reopen":
            tx.execute("UPDATE ticket_group_member SET unsent = 0 WHERE ticket = ?", (event.ticket_id,))
            yield _add_group(tx, replace(event, event="open"), member["ticket_group"])
    else:
        yield _add_group(tx, event, member["ticket_group"])


def _join_group(
    tx: sqlite3.Connection, event: TicketEvent, change: Change, make_id: IdFactory
) -> Iterator[TicketEvent]:
    """Join the group that is gathering or still has an open ticket; else a new group begins."""
    about = _group_key(change)
    found = tx.execute(
        "SELECT * FROM ticket_group WHERE group_key = ? AND closed_at IS NULL", (about,)
    ).fetchone()
    if found and found["due"] <= change.at and not _count_open(tx, found["id"]):
        tx.execute("UPDATE ticket_group SET closed_at = ? WHERE id = ?", (change.at, found["id"]))
        found = None
    number, begins = (found["id"], found["due"]) if found else (make_id(), change.at + change.grouping.wait)
    if found is None:
        tx.execute("INSERT INTO ticket_group VALUES (?, ?, ?, NULL)", (number, about, begins))
    waits = change.at < begins
    tx.execute(
        "INSERT INTO ticket_group_member (ticket, ticket_group, held_event) VALUES (?, ?, ?)",
        (event.ticket_id, number, _serialize_event(event) if waits else None),
    )
    if not waits:
        yield _add_group(tx, event, number)


def _group_key(change: Change) -> str:
    """Return the key that the tickets of a group share."""
    words = {
        "site": change.grouping.site,
        "model": change.device.model or "",
        "location": change.device.location or "",
    }
    return json.dumps([change.rule, change.fault, *(words[name] for name in change.grouping.by)])


def _count_open(tx: sqlite3.Connection, group_id: str) -> int:
    """Count the open tickets of a group."""
    row = tx.execute(
        "SELECT count(*) AS n FROM ticket_group_member m JOIN ticket t ON t.id = m.ticket "
        "WHERE m.ticket_group = ? AND t.cleared_at IS NULL",
        (group_id,),
    ).fetchone()
    return int(row["n"])


def _add_group(tx: sqlite3.Connection, event: TicketEvent, group_id: str) -> TicketEvent:
    group = {"id": group_id, "open": _count_open(tx, group_id)}
    return replace(event, evidence={**event.evidence, "group": group})


def _release_group(tx: sqlite3.Connection, group_id: str, now: float) -> Iterator[TicketEvent]:
    """The tickets that waited in a group, now that its time is over."""
    waiting = tx.execute(
        "SELECT ticket, held_event FROM ticket_group_member "
        "WHERE ticket_group = ? AND held_event IS NOT NULL ORDER BY ticket",
        (group_id,),
    ).fetchall()
    for row in waiting:
        tx.execute("UPDATE ticket_group_member SET held_event = NULL WHERE ticket = ?", (row["ticket"],))
        yield _add_group(tx, replace(_parse_event(row["held_event"]), at=now), group_id)


def _serialize_event(event: TicketEvent) -> str:
    return json.dumps(asdict(event), ensure_ascii=False)


def _parse_event(text: str) -> TicketEvent:
    raw = json.loads(text)
    device = raw["device"]
    device |= {"address": Address(*device["address"]), "tags": tuple(device["tags"])}
    related = tuple(raw.get("related", ()))
    return TicketEvent(
        **raw | {"device": Device(**device), "impact": Impact(raw["impact"]), "related": related}
    )
