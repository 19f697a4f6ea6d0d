"""Builds mps.device_inventory/1 events."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from agent.core.clock import format_iso_time
from agent.core.model import Device, Snapshot, Supply, Tray
from agent.reporting.events.rows import build_device, map_article
from uplink.events import device_inventory as wire
from uplink.events.base import Agent

MAX_ROWS = 60  # supplies or trays of one printer
ROWS: Final[Mapping[str, type[wire.Fitted] | type[wire.Tray]]] = {
    "supplies": wire.Fitted,
    "inputs": wire.Tray,
    "outputs": wire.Tray,
}
Row = TypeVar("Row", wire.Fitted, wire.Tray)


def build_device_inventory(
    agent: Agent, device: Device, inventory: wire.Inventory, reason: wire.Reason, at: float
) -> wire.DeviceInventory:
    """Build the event that carries `inventory`."""
    return wire.DeviceInventory.model_construct(
        schema_="mps.device_inventory/1",
        observed_at=format_iso_time(at),
        agent=agent,
        device=build_device(device),
        reason=reason,
        inventory=inventory,
    )


def read_inventory(device: Device, snapshot: Snapshot) -> wire.Inventory:
    """Read the inventory fields from one poll; a part that was not read is None."""
    who, markers = snapshot.identity, snapshot.markers
    return wire.Inventory.model_construct(
        uuid=device.uuid,
        first_seen=format_iso_time(device.first_seen),
        proof=device.proof or None,
        replaces=device.replaces,
        moved_from=device.moved_from,
        displaced_by=device.displaced_by,
        description=who.description if who else None,
        object_id=who.object_id if who else None,
        technologies=sorted({it.technology for it in markers if it.technology}) if markers else None,
        supplies=_in_order(map(_build_fitted, snapshot.supplies)) if snapshot.supplies is not None else None,
        inputs=_in_order(map(_build_tray, snapshot.inputs)) if snapshot.inputs is not None else None,
        outputs=_in_order(map(_build_tray, snapshot.outputs)) if snapshot.outputs is not None else None,
    )


def restore_inventory(text: str) -> wire.Inventory:
    """Restore an inventory from its JSON; fields that were not set stay unset."""
    kept: dict[str, Any] = json.loads(text)
    for name in ROWS.keys() & kept.keys():
        kept[name] = [ROWS[name].model_construct(**row) for row in kept[name]]
    return wire.Inventory.model_construct(**kept)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort rows by index, so that the order in which they were read does not matter."""
    return sorted(rows, key=lambda row: row.index)[:MAX_ROWS]


def _build_fitted(supply: Supply) -> wire.Fitted:
    return wire.Fitted.model_construct(index=supply.index, **map_article(supply))


def _build_tray(tray: Tray) -> wire.Tray:
    capacity = tray.capacity if isinstance(tray.capacity, int) and tray.capacity >= 0 else None
    return wire.Tray.model_construct(index=tray.index, name=tray.name, type=tray.type, capacity=capacity)
