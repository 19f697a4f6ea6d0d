"""What a printer is and what is fitted in it: told when it is met, and when something of it changed.

    identity, supplies, trays ──► picture ──► as it may leave ──► another than the one told last? ──► told

- A part that was not read this time is as it was: a poll of the alerts does not take the trays away.
- Levels, media and counters are no part of it: they change every day, and are told elsewhere.
- What [egress] takes out cannot cause a message: two pictures that look the same outside are the same.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from agent.clock import iso
from agent.model import Device, Snapshot, Supply, Tray

SCHEMA = (
    """
    CREATE TABLE portrait (
        device TEXT PRIMARY KEY, inventory TEXT NOT NULL,  -- JSON, as it is here
        told TEXT                                          -- what left of it last, or NULL
    ) WITHOUT ROWID
    """,
)

MOST = 60  # supplies or trays of one printer


def draw(tx: sqlite3.Connection, device: Device, snapshot: Snapshot) -> dict[str, Any]:
    """The `inventory` of mps.device_inventory/1, with what was known before where nothing was read now."""
    row = tx.execute("SELECT inventory FROM portrait WHERE device = ?", (device.key,)).fetchone()
    before = json.loads(row["inventory"]) if row else {}
    now = before | {name: value for name, value in _seen(device, snapshot).items() if value is not None}
    if now != before:
        tx.execute(
            "INSERT INTO portrait (device, inventory) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET inventory = excluded.inventory",
            (device.key, json.dumps(now)),
        )
    return now


def news(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> str | None:
    """ "new" or "changed" if `leaving`, the picture as it may leave, is another than the one told last."""
    row = tx.execute("SELECT told FROM portrait WHERE device = ?", (device,)).fetchone()
    if row is None or row["told"] is None:
        return "new"
    return None if row["told"] == _written(leaving) else "changed"


def told(tx: sqlite3.Connection, device: str, leaving: Mapping[str, Any]) -> None:
    """The message with this picture was accepted."""
    tx.execute("UPDATE portrait SET told = ? WHERE device = ?", (_written(leaving), device))


def _written(leaving: Mapping[str, Any]) -> str:
    return json.dumps(leaving, sort_keys=True)


def _seen(device: Device, snapshot: Snapshot) -> dict[str, Any]:
    """What this reading says; None where it says nothing."""
    who, markers = snapshot.identity, snapshot.markers
    return {
        "uuid": device.uuid,
        "first_seen": iso(device.first_seen),
        "description": who.description if who else None,
        "object_id": who.object_id if who else None,
        "technologies": sorted({it.technology for it in markers if it.technology}) if markers else None,
        "supplies": _some(map(_supply, snapshot.supplies)) if snapshot.supplies is not None else None,
        "inputs": _some(map(_tray, snapshot.inputs)) if snapshot.inputs is not None else None,
        "outputs": _some(map(_tray, snapshot.outputs)) if snapshot.outputs is not None else None,
    }


def _some(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of their index, so that a table read in another order is no news."""
    return sorted(rows, key=lambda row: str(row["index"]))[:MOST]


def _supply(one: Supply) -> dict[str, Any]:
    return {
        "index": one.index,
        "type": one.type,
        "colour": one.colour,
        "description": one.description,
        "part_number": one.part_number,
        "serial": one.serial,
    }


def _tray(one: Tray) -> dict[str, Any]:
    capacity = one.capacity if isinstance(one.capacity, int) and one.capacity >= 0 else None
    return {"index": one.index, "name": one.name, "type": one.type, "capacity": capacity}
