"""Many tickets in one list: the digest of a new site, and the storm ticket of one rule.

    changes ──┬─ there before the agent was ─────► one digest of the site      ┐
              ├─ more than `max_tickets_per_day` ► one storm ticket of the rule├─► `due`: one event a list
              └─ all others ─► not taken: `agent.tickets.grouping`

What always holds:

- Nothing is dropped: what does not get a ticket of its own stands in the list of the digest or the storm.
- A list that is too long for one message has the first of its entries in full, of the others the printer,
  and always how many there are.
- A list is sent when it is due, and sent again at most once an hour while it changes; it is cleared when the
  last thing on it is over.

Its tables are in `together.SCHEMA`. Everything is written in the caller's transaction.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from agent.core.model import Address, Change, ChangeKind, Device, Impact, TicketEvent
from agent.core.units import counted
from agent.tickets import lifecycle
from agent.tickets.dedupe_key import build_dedupe_key

DAY, HOUR = 86400.0, 3600.0
DIGEST, STORM = "digest", "storm"
DIGEST_WAIT = DAY  # from the first thing found until the digest is sent
STORM_WAIT = 0.0
RESEND_INTERVAL = HOUR  # between two tellings of a list
MAX_FULL_BYTES, MAX_KEY_BYTES = (
    36 * 1024,
    20 * 1024,
)  # bytes of entries in one message, which may have 64 KiB in all

MakeId = Callable[[], str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """The current state of a list: its items, and when it is sent (again)."""

    id: str
    opened_at: float
    due: float | None  # None: sent as it stands
    told: int  # how often it was sent
    closed_at: float | None
    items: tuple[Mapping[str, object], ...]


def load_digest(db: sqlite3.Connection, site: str) -> BatchSummary | None:
    """The latest digest of a site; None if there was nothing to tell when monitoring began."""
    row = db.execute(
        "SELECT * FROM ticket_batch WHERE kind = ? AND site = ? ORDER BY opened_at DESC LIMIT 1",
        (DIGEST, site),
    ).fetchone()
    if row is None:
        return None
    return BatchSummary(
        id=row["id"],
        opened_at=row["opened_at"],
        due=row["due"],
        told=row["seq"],
        closed_at=row["closed_at"],
        items=tuple(_load_items(db, row["id"])),
    )


def _load_items(db: sqlite3.Connection, number: str) -> list[dict[str, object]]:
    """Load the open items of a list, the oldest first."""
    rows = db.execute(
        "SELECT device, name, rule, fault, component, title, since FROM ticket_batch_item "
        "WHERE batch = ? AND ended_at IS NULL ORDER BY since, device, rule, subject",
        (number,),
    )
    return [dict(row) for row in rows]


def due(tx: sqlite3.Connection, now: float) -> Iterator[TicketEvent]:
    """One event for each list that changed and has waited long enough."""
    lists = tx.execute("SELECT * FROM ticket_batch WHERE due <= ? ORDER BY due, id", (now,)).fetchall()
    for row in lists:
        yield from _emit_batch(tx, row, now)


def take(tx: sqlite3.Connection, change: Change, make_id: MakeId) -> bool:
    """Write the change to its list, if it belongs on one; whether it does."""
    if change.kind in {ChangeKind.RESOLVED, ChangeKind.WITHDRAWN}:
        return _end_item(tx, change)
    if change.kind is ChangeKind.UPDATED:
        return _revise_item(tx, change)
    if change.grouping.digest:
        _add_item(tx, change, DIGEST, make_id)
        return True
    if change.grouping.most_a_day and _exceeds_daily_limit(tx, change):
        _add_item(tx, change, STORM, make_id)
        return True
    return False


def _exceeds_daily_limit(tx: sqlite3.Connection, change: Change) -> bool:
    """True if one more ticket would exceed the rule's daily limit."""
    known = tx.execute(
        "SELECT 1 FROM ticket WHERE device = ? AND fault = ? AND component = ? "
        "AND (cleared_at IS NULL OR cleared_at > ?)",
        (change.device.key, change.fault, change.component, change.at - lifecycle.REOPEN_WITHIN),
    ).fetchone()
    if known:  # no new ticket would come of it
        return False
    opened = tx.execute(
        "SELECT count(*) AS n FROM ticket WHERE rule = ? AND kind = ? AND opened_at > ?",
        (change.rule, lifecycle.TICKET, change.at - DAY),
    ).fetchone()
    return bool(opened["n"] >= (change.grouping.most_a_day or 0))


def _add_item(tx: sqlite3.Connection, change: Change, kind: str, make_id: MakeId) -> None:
    """Put what opened on the open list of its kind, or on a new one."""
    rule, site = change.rule if kind == STORM else "", change.grouping.site
    found = tx.execute(
        "SELECT id, due FROM ticket_batch WHERE kind = ? AND site = ? AND rule = ? AND closed_at IS NULL",
        (kind, change.grouping.site, rule),
    ).fetchone()
    number = found["id"] if found else make_id()
    wait = STORM_WAIT if kind == STORM else DIGEST_WAIT
    if found is None:
        fault, impact = (change.fault, change.impact) if kind == STORM else ("site.found", Impact.DEGRADED)
        tx.execute(
            "INSERT INTO ticket_batch (id, kind, site, rule, fault, impact, severity, opened_at, due, "
            "dedupe_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, kind, change.grouping.site, rule, fault, impact.value, change.severity, change.at,
             change.at + wait, build_dedupe_key(site, f"site:{site}", fault, f"{kind}:{rule}")),
        )  # fmt: skip
    elif found["due"] is None:
        tx.execute("UPDATE ticket_batch SET due = ? WHERE id = ?", (change.at + RESEND_INTERVAL, number))
    tx.execute(
        "REPLACE INTO ticket_batch_item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (number, change.device.key, change.rule, change.subject, change.device.name, change.fault,
         change.component, change.title, change.since),
    )  # fmt: skip


def _revise_item(tx: sqlite3.Connection, change: Change) -> bool:
    """Give an item the words and the rule of an edit. Return whether it stood on a list."""
    revised = tx.execute(
        "UPDATE OR REPLACE ticket_batch_item SET rule = ?, title = ? "
        "WHERE device = ? AND rule = ? AND subject = ? AND ended_at IS NULL",
        (change.rule, change.title, change.device.key, change.former_rule, change.subject),
    )
    return bool(revised.rowcount)


def end_device_items(tx: sqlite3.Connection, device_key: str, at: float) -> None:
    """Strike a printer that was exchanged off every list."""
    rows = tx.execute(
        "UPDATE ticket_batch_item SET ended_at = ? WHERE device = ? AND ended_at IS NULL RETURNING batch",
        (at, device_key),
    ).fetchall()
    for row in rows:
        tx.execute(
            "UPDATE ticket_batch SET due = ? WHERE id = ? AND due IS NULL",
            (at + RESEND_INTERVAL, row["batch"]),
        )


def _end_item(tx: sqlite3.Connection, change: Change) -> bool:
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
        "UPDATE ticket_batch SET due = ? WHERE id = ? AND due IS NULL",
        (change.at + RESEND_INTERVAL, row["batch"]),
    )
    return True


def _emit_batch(tx: sqlite3.Connection, row: sqlite3.Row, now: float) -> Iterator[TicketEvent]:
    """Emit a list as it stands. An empty list is cleared, and not sent if it never was."""
    standing = _load_items(tx, row["id"])
    over = not standing
    tx.execute(
        "UPDATE ticket_batch SET due = NULL, seq = seq + ?, closed_at = ? WHERE id = ?",
        (int(bool(standing or row["seq"])), now if over else None, row["id"]),
    )
    if over and not row["seq"]:
        return
    step = "clear" if over else "update" if row["seq"] else "open"
    yield _build_event(row, standing, step, row["seq"] + 1, now)


def current_state_event(tx: sqlite3.Connection, batch_id: str, now: float) -> TicketEvent | None:
    """Build an event with a list's current state, for a provider that missed events; None if it never was
    sent. The items are those of now; a change among them is sent again when it is due."""
    row = tx.execute("SELECT * FROM ticket_batch WHERE id = ? AND seq > 0", (batch_id,)).fetchone()
    if row is None:
        return None
    step = "open" if row["closed_at"] is None else "clear"
    event = _build_event(row, _load_items(tx, row["id"]), step, row["seq"], now)
    return replace(event, evidence={**event.evidence, "restated": True})


def _build_event(
    row: sqlite3.Row, standing: list[dict[str, object]], step: str, seq: int, now: float
) -> TicketEvent:
    """A list with these items, as one event."""
    return TicketEvent(
        ticket_id=row["id"],
        ticket_seq=seq,
        event=step,
        dedupe_key=row["dedupe_key"],
        at=now,
        opened_at=row["opened_at"],
        device=Device(key=f"site:{row['site']}", address=Address(""), model=f"site {row['site']}".strip()),
        fault=row["fault"],
        component=row["kind"],
        impact=Impact(row["impact"]),
        severity=row["severity"],
        rule=row["rule"] or "site-digest",
        title=_format_title(row, len(standing)),
        evidence={"list": row["kind"], "count": len(standing), **_fit_items(standing)},
    )


def _fit_items(standing: list[dict[str, object]]) -> dict[str, object]:
    """The entries as far as they fit into one message: in full, then the key of the printer alone."""
    items = list(_limit_bytes(MAX_FULL_BYTES, standing))
    also = list(_limit_bytes(MAX_KEY_BYTES, [one["device"] for one in standing[len(items) :]]))
    return {"items": items, "also": also} if also else {"items": items}


def _limit_bytes(size: int, entries: Iterable[T]) -> Iterator[T]:
    """The first of `entries` that take no more than `size` bytes as JSON."""
    for entry in entries:
        size -= len(json.dumps(entry, ensure_ascii=False).encode()) + 2
        if size < 0:
            return
        yield entry


def _format_title(row: sqlite3.Row, count: int) -> str:
    if row["kind"] == DIGEST:
        return f"{counted(count, 'thing')} found when monitoring began"
    return f"{counted(count, 'more printer')}: too many tickets of the rule {row['rule']} in one day"
