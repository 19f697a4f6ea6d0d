"""Tickets of many printers, so that a desk is told once what is one thing.

    changes ──┬─ there before the agent was ─────► one digest of the site      ┐
              ├─ more than `max_tickets_per_day` ► one storm ticket of the rule├─► events
              └─ all others ─► agent.tickets ──┬── alone ──────────────────────┤
                                               └── with `group_by` ─► waits ───┘
                                                   for company, then goes with it

What always holds:

- Nothing is dropped: what does not get a ticket of its own stands in the list of the digest or the storm.
- Each printer of a group keeps its own ticket; they name the group and how many it has.
- What is over before a group was sent is never sent; should it come back, it is sent as opened.
- A list that is too long for one message tells the first of its entries in full, of the others the printer,
  and always how many there are.
- A list is told when it is due, and told again at most once an hour while it changes; it is cleared when the
  last thing on it is over.
- Everything is written in the caller's transaction; a restart in the middle changes nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from agent import tickets
from agent.model import Address, Change, ChangeKind, Device, Impact, TicketEvent
from agent.units import counted

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
)

DAY, HOUR = 86400.0, 3600.0
DIGEST, STORM = "digest", "storm"
DIGEST_WAIT = DAY  # from the first thing found until the digest is sent
STORM_WAIT = 0.0
AGAIN = HOUR  # between two tellings of a list
IN_FULL, BY_NAME = 36 * 1024, 20 * 1024  # bytes of entries in one message, which may have 64 KiB in all

MakeId = Callable[[], str]
T = TypeVar("T")


def apply(
    tx: sqlite3.Connection, changes: Iterable[Change], *, make_id: MakeId = tickets.new_id
) -> list[TicketEvent]:
    """Write what the changes mean for tickets, one's own and shared; returns what is to be told now."""
    events: list[TicketEvent] = []
    for change in changes:
        if _listed(tx, change, make_id):
            continue
        for event in tickets.apply(tx, [change], make_id=make_id):
            events += _accompanied(tx, event, change, make_id)
    return events


def due(tx: sqlite3.Connection, now: float) -> list[TicketEvent]:
    """What has waited long enough: groups whose time of gathering is over, and lists that changed."""
    groups = tx.execute(
        "SELECT DISTINCT id, due FROM ticket_group JOIN ticket_group_member ON ticket_group = id "
        "WHERE held_event IS NOT NULL AND due <= ? ORDER BY due, id",
        (now,),
    ).fetchall()
    lists = tx.execute("SELECT * FROM ticket_batch WHERE due <= ? ORDER BY due, id", (now,)).fetchall()
    return [
        *(event for row in groups for event in _arrived(tx, row["id"], now)),
        *(event for row in lists for event in _tell(tx, row, now)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A list as it stands: what is on it, and when it is told (again)."""

    id: str
    opened_at: float
    due: float | None  # None: told as it stands
    told: int  # how often
    closed_at: float | None
    items: tuple[Mapping[str, object], ...]


def digest(db: sqlite3.Connection, site: str) -> Told | None:
    """The latest digest of a site; None if there was nothing to tell when monitoring began."""
    row = db.execute(
        "SELECT * FROM ticket_batch WHERE kind = ? AND site = ? ORDER BY opened_at DESC LIMIT 1",
        (DIGEST, site),
    ).fetchone()
    if row is None:
        return None
    return Told(
        id=row["id"],
        opened_at=row["opened_at"],
        due=row["due"],
        told=row["seq"],
        closed_at=row["closed_at"],
        items=tuple(_standing(db, row["id"])),
    )


def _standing(db: sqlite3.Connection, number: str) -> list[dict[str, object]]:
    """What is still on a list, the oldest first."""
    rows = db.execute(
        "SELECT device, name, rule, fault, component, title, since FROM ticket_batch_item "
        "WHERE batch = ? AND ended_at IS NULL ORDER BY since, device, rule, subject",
        (number,),
    )
    return [dict(row) for row in rows]


def _listed(tx: sqlite3.Connection, change: Change, make_id: MakeId) -> bool:
    """Whether the change belongs on a list; then it is written there."""
    if change.kind is ChangeKind.RESOLVED:
        return _ended(tx, change)
    if change.gathering.digest:
        _enter(tx, change, DIGEST, make_id)
        return True
    if change.gathering.most_a_day and _too_many(tx, change):
        _enter(tx, change, STORM, make_id)
        return True
    return False


def _too_many(tx: sqlite3.Connection, change: Change) -> bool:
    """Whether one more ticket of this rule would be more than it may open in a day."""
    known = tx.execute(
        "SELECT 1 FROM ticket WHERE device = ? AND fault = ? AND component = ? "
        "AND (cleared_at IS NULL OR cleared_at > ?)",
        (change.device.key, change.fault, change.component, change.at - tickets.REOPEN_WITHIN),
    ).fetchone()
    if known:  # no new ticket would come of it
        return False
    opened = tx.execute(
        "SELECT count(*) AS n FROM ticket WHERE rule = ? AND kind = ? AND opened_at > ?",
        (change.rule, tickets.TICKET, change.at - DAY),
    ).fetchone()
    return bool(opened["n"] >= (change.gathering.most_a_day or 0))


def _enter(tx: sqlite3.Connection, change: Change, kind: str, make_id: MakeId) -> None:
    """Put what opened on the open list of its kind, or on a new one."""
    rule = change.rule if kind == STORM else ""
    found = tx.execute(
        "SELECT id, due FROM ticket_batch WHERE kind = ? AND site = ? AND rule = ? AND closed_at IS NULL",
        (kind, change.gathering.site, rule),
    ).fetchone()
    number = found["id"] if found else make_id()
    wait = STORM_WAIT if kind == STORM else DIGEST_WAIT
    if found is None:
        fault, impact = (change.fault, change.impact) if kind == STORM else ("site.found", Impact.DEGRADED)
        tx.execute(
            "INSERT INTO ticket_batch (id, kind, site, rule, fault, impact, severity, opened_at, due) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, kind, change.gathering.site, rule, fault, impact.value, change.severity, change.at,
             change.at + wait),
        )  # fmt: skip
    elif found["due"] is None:
        tx.execute("UPDATE ticket_batch SET due = ? WHERE id = ?", (change.at + AGAIN, number))
    tx.execute(
        "REPLACE INTO ticket_batch_item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (number, change.device.key, change.rule, change.subject, change.device.name, change.fault,
         change.component, change.title, change.since),
    )  # fmt: skip


def _ended(tx: sqlite3.Connection, change: Change) -> bool:
    """Strike off its list what is over. Whether it stood on one."""
    row = tx.execute(
        "SELECT batch FROM ticket_batch_item "
        "WHERE device = ? AND rule = ? AND subject = ? AND ended_at IS NULL",
        (change.device.key, change.rule, change.subject),
    ).fetchone()
    if row is None:
        return False
    tx.execute(
        "UPDATE ticket_batch_item SET ended_at = ? "
        "WHERE batch = ? AND device = ? AND rule = ? AND subject = ?",
        (change.at, row["batch"], change.device.key, change.rule, change.subject),
    )
    tx.execute(
        "UPDATE ticket_batch SET due = ? WHERE id = ? AND due IS NULL", (change.at + AGAIN, row["batch"])
    )
    return True


def _tell(tx: sqlite3.Connection, row: sqlite3.Row, now: float) -> Iterator[TicketEvent]:
    """A list as it stands. One on which nothing is left is cleared, and not told if it never was."""
    standing = _standing(tx, row["id"])
    over = not standing
    tx.execute(
        "UPDATE ticket_batch SET due = NULL, seq = seq + ?, closed_at = ? WHERE id = ?",
        (int(bool(standing or row["seq"])), now if over else None, row["id"]),
    )
    if over and not row["seq"]:
        return
    yield TicketEvent(
        ticket_id=row["id"],
        ticket_seq=row["seq"] + 1,
        event="clear" if over else "update" if row["seq"] else "open",
        dedupe_key=f"site:{row['site']}|{row['fault']}|{row['kind']}:{row['rule']}|{row['id']}",
        at=now,
        opened_at=row["opened_at"],
        device=Device(key=f"site:{row['site']}", address=Address(""), model=f"site {row['site']}".strip()),
        fault=row["fault"],
        component=row["kind"],
        impact=Impact(row["impact"]),
        severity=row["severity"],
        rule=row["rule"] or "site-digest",
        title=_title(row, len(standing)),
        evidence={"list": row["kind"], "count": len(standing), **_fitting(standing)},
    )


def _fitting(standing: list[dict[str, object]]) -> dict[str, object]:
    """The entries as far as they fit into one message: in full, then the key of the printer alone."""
    items = list(_within(IN_FULL, standing))
    also = list(_within(BY_NAME, [one["device"] for one in standing[len(items) :]]))
    return {"items": items, "also": also} if also else {"items": items}


def _within(size: int, entries: Iterable[T]) -> Iterator[T]:
    """The first of `entries` that take no more than `size` bytes as JSON."""
    for entry in entries:
        size -= len(json.dumps(entry, ensure_ascii=False).encode()) + 2
        if size < 0:
            return
        yield entry


def _title(row: sqlite3.Row, count: int) -> str:
    if row["kind"] == DIGEST:
        return f"{counted(count, 'thing')} found when monitoring began"
    return f"{counted(count, 'more printer')}: too many tickets of the rule {row['rule']} in one day"


def _accompanied(
    tx: sqlite3.Connection, event: TicketEvent, change: Change, make_id: MakeId
) -> Iterator[TicketEvent]:
    """The event in its group: kept back while the group gathers, with the group's number after that."""
    member = tx.execute(
        "SELECT m.*, g.due, g.closed_at FROM ticket_group_member m "
        "JOIN ticket_group g ON g.id = m.ticket_group WHERE ticket = ?",
        (event.ticket_id,),
    ).fetchone()
    if member is None:
        if event.event != "open" or not change.gathering.by:
            yield event
            return
        yield from _joined(tx, event, change, make_id)
    elif member["held_event"] is not None:  # its opening still waits
        over = event.event == "clear"
        tx.execute(
            "UPDATE ticket_group_member SET held_event = ?, unsent = ? WHERE ticket = ?",
            (None if over else _dump(replace(event, event="open")), int(over), event.ticket_id),
        )
    elif member["unsent"]:
        if event.event == "reopen":
            tx.execute("UPDATE ticket_group_member SET unsent = 0 WHERE ticket = ?", (event.ticket_id,))
            yield _named(tx, replace(event, event="open"), member["ticket_group"])
    else:
        yield _named(tx, event, member["ticket_group"])


def _joined(
    tx: sqlite3.Connection, event: TicketEvent, change: Change, make_id: MakeId
) -> Iterator[TicketEvent]:
    """Join the group that is gathering or still has an open ticket; else a new group begins."""
    about = _about(change)
    found = tx.execute(
        "SELECT * FROM ticket_group WHERE group_key = ? AND closed_at IS NULL", (about,)
    ).fetchone()
    if found and found["due"] <= change.at and not _company(tx, found["id"]):
        tx.execute("UPDATE ticket_group SET closed_at = ? WHERE id = ?", (change.at, found["id"]))
        found = None
    number, begins = (found["id"], found["due"]) if found else (make_id(), change.at + change.gathering.wait)
    if found is None:
        tx.execute("INSERT INTO ticket_group VALUES (?, ?, ?, NULL)", (number, about, begins))
    waits = change.at < begins
    tx.execute(
        "INSERT INTO ticket_group_member (ticket, ticket_group, held_event) VALUES (?, ?, ?)",
        (event.ticket_id, number, _dump(event) if waits else None),
    )
    if not waits:
        yield _named(tx, event, number)


def _about(change: Change) -> str:
    """What the tickets of a group have in common."""
    words = {
        "site": change.gathering.site,
        "model": change.device.model or "",
        "location": change.device.location or "",
    }
    return json.dumps([change.rule, change.fault, *(words[name] for name in change.gathering.by)])


def _company(tx: sqlite3.Connection, group_id: str) -> int:
    """How many tickets of a group are open."""
    row = tx.execute(
        "SELECT count(*) AS n FROM ticket_group_member m JOIN ticket t ON t.id = m.ticket "
        "WHERE m.ticket_group = ? AND t.cleared_at IS NULL",
        (group_id,),
    ).fetchone()
    return int(row["n"])


def _named(tx: sqlite3.Connection, event: TicketEvent, group_id: str) -> TicketEvent:
    group = {"id": group_id, "open": _company(tx, group_id)}
    return replace(event, evidence={**event.evidence, "group": group})


def _arrived(tx: sqlite3.Connection, group_id: str, now: float) -> Iterator[TicketEvent]:
    """The tickets that waited in a group, now that its time is over."""
    waiting = tx.execute(
        "SELECT ticket, held_event FROM ticket_group_member "
        "WHERE ticket_group = ? AND held_event IS NOT NULL ORDER BY ticket",
        (group_id,),
    ).fetchall()
    for row in waiting:
        tx.execute("UPDATE ticket_group_member SET held_event = NULL WHERE ticket = ?", (row["ticket"],))
        yield _named(tx, replace(_load(row["held_event"]), at=now), group_id)


def _dump(event: TicketEvent) -> str:
    return json.dumps(asdict(event), ensure_ascii=False)


def _load(text: str) -> TicketEvent:
    raw = json.loads(text)
    device = raw["device"]
    device |= {"address": Address(*device["address"]), "tags": tuple(device["tags"])}
    related = tuple(raw.get("related", ()))
    return TicketEvent(
        **raw | {"device": Device(**device), "impact": Impact(raw["impact"]), "related": related}
    )
