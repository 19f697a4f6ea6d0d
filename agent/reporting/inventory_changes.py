"""Printer inventories: each is sent when the printer is first seen, and again when it changes.

    identity, supplies, trays ──► inventory ──► privacy filter ──► differs from the last one sent? ──► outbox

- A part that this poll did not read keeps its last value: a poll of the alerts does not remove the trays.
  Links to other printers end when they are over.
- Levels, media and counters are left out: they change every day, and other events carry them.
- The comparison comes after the privacy filter: a change in a removed field causes no message.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from agent.core.model import Device, Snapshot
from agent.reporting.events.device_inventory import read_inventory, restore_inventory
from uplink.events.device_inventory import Inventory, Reason

SCHEMA = (
    """
    CREATE TABLE portrait (
        device TEXT PRIMARY KEY, inventory TEXT NOT NULL,  -- JSON, as it is here
        told TEXT                                          -- what left of it last, or NULL
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE portrait RENAME TO device_inventory_sent;
    ALTER TABLE device_inventory_sent RENAME COLUMN told TO sent
    """,
)

LINKS = ("replaces", "displaced_by")  # they end: None is their value, and not a part that was not read


def build_inventory(tx: sqlite3.Connection, device: Device, snapshot: Snapshot) -> Inventory:
    """Build the `inventory` of mps.device_inventory/1; parts that were not read keep their last value."""
    row = tx.execute("SELECT inventory FROM device_inventory_sent WHERE device = ?", (device.key,)).fetchone()
    before = restore_inventory(row["inventory"] if row else "{}")
    read = {name: value for name, value in read_inventory(device, snapshot) if value is not None}
    gone = {name: None for name in LINKS if getattr(device, name) is None and getattr(before, name, None)}
    now = before.model_copy(update=read | gone)
    if now != before:
        tx.execute(
            "INSERT INTO device_inventory_sent (device, inventory) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET inventory = excluded.inventory",
            (device.key, json.dumps(now.to_json())),
        )
    return now


def change_reason(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> Reason | None:
    """Return "new" or "changed" if the filtered `leaving` differs from the last one sent, else None."""
    row = tx.execute("SELECT sent FROM device_inventory_sent WHERE device = ?", (device,)).fetchone()
    if row is None or row["sent"] is None:
        return "new"
    return None if row["sent"] == _serialize_inventory(leaving) else "changed"


def replaced_key(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> str | None:
    """Return the device_key under which this printer was sent last, if it leaves under another one now."""
    row = tx.execute("SELECT sent FROM device_inventory_sent WHERE device = ?", (device,)).fetchone()
    if row is None or row["sent"] is None:
        return None
    before = json.loads(row["sent"]).get("device", {}).get("device_key")
    return before if before != leaving["device"]["device_key"] else None


def mark_sent(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> None:
    """Record that the outbox accepted a message with this inventory."""
    tx.execute(
        "UPDATE device_inventory_sent SET sent = ? WHERE device = ?", (_serialize_inventory(leaving), device)
    )


def _serialize_inventory(leaving: Mapping[str, Any]) -> str:
    return json.dumps(leaving, sort_keys=True)
