"""What a printer is and what is fitted in it: told when it is met, and when something of it changed.

    identity, supplies, trays ──► picture ──► as it may leave ──► another than the one told last? ──► told

- A part that was not read this time is as it was: a poll of the alerts does not take the trays away.
- Levels, media and counters are no part of it: they change every day, and are told elsewhere.
- What [egress] takes out cannot cause a message: two pictures that look the same outside are the same.
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


def build_inventory(tx: sqlite3.Connection, device: Device, snapshot: Snapshot) -> Inventory:
    """The `inventory` of mps.device_inventory/1, with what was known before where nothing was read now."""
    row = tx.execute("SELECT inventory FROM device_inventory_sent WHERE device = ?", (device.key,)).fetchone()
    before = restore_inventory(row["inventory"] if row else "{}")
    read = {name: value for name, value in read_inventory(device, snapshot) if value is not None}
    now = before.model_copy(update=read)
    if now != before:
        tx.execute(
            "INSERT INTO device_inventory_sent (device, inventory) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET inventory = excluded.inventory",
            (device.key, json.dumps(now.to_json())),
        )
    return now


def change_reason(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> Reason | None:
    """ "new" or "changed" if `leaving`, the picture as it may leave, is another than the one told last."""
    row = tx.execute("SELECT sent FROM device_inventory_sent WHERE device = ?", (device,)).fetchone()
    if row is None or row["sent"] is None:
        return "new"
    return None if row["sent"] == _serialize_inventory(leaving) else "changed"


def mark_sent(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> None:
    """The message with this picture was accepted."""
    tx.execute(
        "UPDATE device_inventory_sent SET sent = ? WHERE device = ?", (_serialize_inventory(leaving), device)
    )


def _serialize_inventory(leaving: Mapping[str, Any]) -> str:
    return json.dumps(leaving, sort_keys=True)
