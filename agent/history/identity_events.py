"""Events of a printer's firmware and place in the network: what it was before, and what it is now.

    3.1 3.1 3.2                      firmware: "3.1 → 3.2"
    192.0.2.17, then 198.51.100.4    subnet: "192.0.2.0/24 → 198.51.100.0/24"

The first value is kept as an event, too, of the kind "first firmware" or "first subnet": it is no change.
"""

import ipaddress
import sqlite3

from agent.core.model import Snapshot
from agent.history.serialization import save_device_event

PREFIXES = {4: 24, 6: 64}  # bits of a subnet, by version of IP


def record_changes(tx: sqlite3.Connection, device: str, snapshot: Snapshot) -> bool:
    """Record what the identity in a snapshot changed; return whether something did."""
    if snapshot.identity is None:
        return False
    firmware = _record_value(tx, device, snapshot.at, "firmware", snapshot.identity.firmware)
    subnet = _record_value(tx, device, snapshot.at, "subnet", find_subnet(snapshot.address.host))
    return firmware or subnet


def find_subnet(host: str) -> str | None:
    """Return the subnet of an address, "192.0.2.0/24"; None for a printer on a cable."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return str(ipaddress.ip_network(f"{host}/{PREFIXES[address.version]}", strict=False))


def _record_value(tx: sqlite3.Connection, device: str, at: float, kind: str, value: str | None) -> bool:
    if not value:
        return False
    row = tx.execute(
        "SELECT kind, detail FROM device_event WHERE device = ? AND kind IN (?, ?) ORDER BY at DESC LIMIT 1",
        (device, kind, f"first {kind}"),
    ).fetchone()
    before = row["detail"].rpartition(" → ")[2] if row else None
    if before == value:
        return False
    if before is None:
        save_device_event(tx, device, at, f"first {kind}", value)
        return False
    save_device_event(tx, device, at, kind, f"{before} → {value}")
    return True
