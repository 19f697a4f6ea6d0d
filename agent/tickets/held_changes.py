"""Changes that wait before they become tickets: by a silence, or because a contract wants a longer delay.

    OPENED ──► decide: until when? ──┬─ now ───────────► ticket
                                     └─ later ─► waits ─┬─ still so then ─► OPENED, as of then
                                                        └─ over before ───► nothing was ever sent

What always holds:

- What is over while it waits was never told, and never is.
- What still holds at the end opens then: that is when its clock starts, and it says for how long it was held.
- Everything is written in the caller's transaction; a restart in the middle changes nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.core.model import Address, Change, ChangeKind, Device, GroupingPolicy, Impact

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE held_change (
        device TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        until REAL NOT NULL, reason TEXT NOT NULL, change TEXT NOT NULL,
        PRIMARY KEY (device, rule, subject)
    ) WITHOUT ROWID;
    CREATE INDEX held_change_due ON held_change (until)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a change waits, and until when."""

    until: float
    reason: str  # "silenced" or "delay"


DecideHold = Callable[[Change, float], Hold | None]
"""Decides at a time whether a change waits; None: it does not."""


def hold_nothing(_: Change, __: float) -> None:
    """Let every change through: for runs without contracts and silences."""


def apply_holds(
    tx: sqlite3.Connection, changes: Iterable[Change], now: float, decide: DecideHold
) -> list[Change]:
    """Keep back the changes that have to wait; return the others, and those whose time has come."""
    passed = [change for change in changes if not _take_change(tx, change, now, decide)]
    return [*passed, *_release_due(tx, now, decide)]


def review_holds(tx: sqlite3.Connection, now: float, decide: DecideHold) -> None:
    """Decide anew about all that waits, after silences or contracts changed. What may go, goes next time."""
    for row in tx.execute("SELECT * FROM held_change").fetchall():
        hold = decide(_parse_change(row["change"]), now)
        _save_hold(tx, _parse_change(row["change"]), hold or Hold(until=now, reason=row["reason"]))


def list_holds(db: sqlite3.Connection) -> list[tuple[Change, Hold]]:
    """List what waits, what comes first on top."""
    rows = db.execute("SELECT * FROM held_change ORDER BY until, device, rule, subject")
    return [(_parse_change(row["change"]), Hold(until=row["until"], reason=row["reason"])) for row in rows]


def _take_change(tx: sqlite3.Connection, change: Change, now: float, decide: DecideHold) -> bool:
    """Keep a change back, or apply it to what is kept back; False if it goes on."""
    if change.kind is ChangeKind.OPENED:
        hold = decide(change, now)
        if hold is None or hold.until <= now:
            return False
        _save_hold(tx, change, hold)
        return True
    rule = change.former_rule or change.rule
    row = tx.execute(
        "SELECT * FROM held_change WHERE device = ? AND rule = ? AND subject = ?",
        (change.device.key, rule, change.subject),
    ).fetchone()
    if row is None:
        return False
    tx.execute(
        "DELETE FROM held_change WHERE device = ? AND rule = ? AND subject = ?",
        (change.device.key, rule, change.subject),
    )
    if change.kind is ChangeKind.UPDATED:
        kept = _parse_change(row["change"])
        edited = replace(
            kept, rule=change.rule, title=change.title, severity=change.severity, impact=change.impact
        )
        _save_hold(tx, edited, Hold(until=row["until"], reason=row["reason"]))
    return True


def _release_due(tx: sqlite3.Connection, now: float, decide: DecideHold) -> Iterator[Change]:
    """Yield what has waited long enough; what has to wait on, is kept."""
    rows = tx.execute("SELECT * FROM held_change WHERE until <= ? ORDER BY until", (now,)).fetchall()
    for row in rows:
        change = _parse_change(row["change"])
        hold = decide(change, now)
        if hold is not None and hold.until > now:
            _save_hold(tx, change, hold)
            continue
        key = (change.device.key, change.rule, change.subject)
        tx.execute("DELETE FROM held_change WHERE device = ? AND rule = ? AND subject = ?", key)
        word = "silenced_for_s" if row["reason"] == "silenced" else "delayed_for_s"
        held = {word: max(0, round(now - change.at))}
        yield replace(change, at=now, evidence={**change.evidence, **held})


def _save_hold(tx: sqlite3.Connection, change: Change, hold: Hold) -> None:
    row = (change.device.key, change.rule, change.subject, hold.until, hold.reason, _serialize_change(change))
    tx.execute("INSERT OR REPLACE INTO held_change VALUES (?, ?, ?, ?, ?, ?)", row)


def _serialize_change(change: Change) -> str:
    return json.dumps(asdict(change), ensure_ascii=False)


def _parse_change(text: str) -> Change:
    raw: dict[str, Any] = json.loads(text)
    device = raw["device"]
    device |= {"address": Address(*device["address"]), "tags": tuple(device["tags"])}
    grouping = raw["grouping"] | {"by": tuple(raw["grouping"]["by"])}
    return Change(
        **raw
        | {
            "kind": ChangeKind(raw["kind"]),
            "impact": Impact(raw["impact"]),
            "device": Device(**device),
            "grouping": GroupingPolicy(**grouping),
        }
    )
