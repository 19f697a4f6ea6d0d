"""Decisions about identities: merges, splits and trust, with reasons, and the findings that ask for one.

    one serial number, two network cards ──► same serial, uptime and page total in one look? ──► merge
                                                              no: finding ──► devices merge | devices trust

Promises:
- Each decision has a reason and a time, and can be undone; rows are marked and never deleted.
- A finding is open until a decision settles it.
"""

import sqlite3
from dataclasses import dataclass

SCHEMA = """
    CREATE TABLE identity_decision (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL,  -- merge, split, trust
        device TEXT NOT NULL, other TEXT NOT NULL, reason TEXT NOT NULL, undone REAL
    );
    CREATE TABLE identity_finding (
        device TEXT NOT NULL, other TEXT NOT NULL, at REAL NOT NULL, reason TEXT NOT NULL, settled REAL,
        PRIMARY KEY (device, other)
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDecision:
    """A merge of `other` into `device`, a split of the two, or the trust in `device` against `other`."""

    id: int
    at: float
    kind: str
    device: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFinding:
    """Two devices that cannot both be right, for a person to settle."""

    device: str
    other: str
    at: float
    reason: str


def merge_devices(tx: sqlite3.Connection, device: str, other: str, reason: str, now: float) -> None:
    """Book the readings of `other` to `device` from now on."""
    _undo_decisions(tx, device, other, now)
    _add_decision(tx, "merge", device, other, reason, now)


def split_devices(tx: sqlite3.Connection, device: str, other: str, reason: str, now: float) -> None:
    """Keep the two apart from now on, and undo their merge: further addresses are identified anew."""
    _undo_decisions(tx, device, other, now)
    tx.execute("DELETE FROM second_address WHERE device IN (?, ?)", (device, other))
    _add_decision(tx, "split", device, other, reason, now)


def trust_device(tx: sqlite3.Connection, device: str, reason: str, now: float) -> int:
    """Settle the findings about `device`: it and the others are printers of their own. Returns how many."""
    others = [one.device if one.other == device else one.other for one in load_findings(tx, device)]
    for other in others:
        split_devices(tx, device, other, reason, now)
    _add_decision(tx, "trust", device, "", reason, now)
    return len(others)


def add_finding(tx: sqlite3.Connection, device: str, other: str, reason: str, now: float) -> bool:
    """Add a finding, unless it is there or a decision about the two exists; True if it is new."""
    if has_decision(tx, device, other):
        return False
    added = tx.execute(
        "INSERT INTO identity_finding (device, other, at, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (device, other, now, reason),
    )
    return added.rowcount > 0


def has_decision(db: sqlite3.Connection, device: str, other: str) -> bool:
    """Report that a merge or a split of the two is in force."""
    row = db.execute(
        "SELECT 1 FROM identity_decision WHERE undone IS NULL AND "
        "((device = :device AND other = :other) OR (device = :other AND other = :device))",
        {"device": device, "other": other},
    ).fetchone()
    return row is not None


def load_findings(db: sqlite3.Connection, device: str = "") -> list[IdentityFinding]:
    """Load the open findings: all, or those of one device."""
    rows = db.execute(
        "SELECT device, other, at, reason FROM identity_finding WHERE settled IS NULL "
        "AND ? IN ('', device, other) ORDER BY at",
        (device,),
    )
    return [IdentityFinding(**dict(row)) for row in rows]


def load_decisions(db: sqlite3.Connection) -> list[DeviceDecision]:
    """Load the decisions in force, oldest first."""
    rows = db.execute(
        "SELECT id, at, kind, device, other, reason FROM identity_decision WHERE undone IS NULL ORDER BY id"
    )
    return [DeviceDecision(**dict(row)) for row in rows]


def find_merge_target(db: sqlite3.Connection, key: str) -> str | None:
    """Find the device that `key` is merged into; None if it is a device of its own."""
    row = db.execute(
        "SELECT device FROM identity_decision WHERE kind = 'merge' AND other = ? AND undone IS NULL", (key,)
    ).fetchone()
    return str(row["device"]) if row else None


def _undo_decisions(tx: sqlite3.Connection, device: str, other: str, now: float) -> None:
    tx.execute(
        "UPDATE identity_decision SET undone = ? WHERE undone IS NULL AND kind <> 'trust' "
        "AND ((device = ? AND other = ?) OR (device = ? AND other = ?))",
        (now, device, other, other, device),
    )


def _add_decision(
    tx: sqlite3.Connection, kind: str, device: str, other: str, reason: str, now: float
) -> None:
    tx.execute(
        "INSERT INTO identity_decision (at, kind, device, other, reason) VALUES (?, ?, ?, ?, ?)",
        (now, kind, device, other, reason),
    )
    tx.execute(
        "UPDATE identity_finding SET settled = ? WHERE settled IS NULL "
        "AND ((device = ? AND other = ?) OR (device = ? AND other = ?))",
        (now, device, other, other, device),
    )
