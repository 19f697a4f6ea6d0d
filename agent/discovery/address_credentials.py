"""Which credential each address answered last, and which printer gave that answer.

Promise: an entry is of one address and one printer. A printer that shows up elsewhere, or another one at its
address, has no entry there, and so no claim to a secret.
"""

import sqlite3

from agent.core.model import Address, Device

SCRIPT = """
    CREATE TABLE answered_credential (
        host TEXT NOT NULL, port INTEGER NOT NULL, device TEXT NOT NULL, credential TEXT NOT NULL,
        PRIMARY KEY (host, port)
    );
    CREATE INDEX answered_credential_device ON answered_credential (device)
"""
"""A script of the inventory."""


def record_answer(tx: sqlite3.Connection, address: Address, device: Device, credential: str) -> None:
    """Note that the printer answered `credential` at `address`."""
    row = (*address, device.key, credential)
    if not tx.execute(
        "SELECT 1 FROM answered_credential WHERE host = ? AND port = ? AND device = ? AND credential = ?", row
    ).fetchone():
        tx.execute("INSERT OR REPLACE INTO answered_credential VALUES (?, ?, ?, ?)", row)


def load_answer(tx: sqlite3.Connection, address: Address, device: Device) -> str | None:
    """Return the credential that this printer answered last at this address, or None.

    A printer from before these entries has its credential for the address that it has.
    """
    rows = tx.execute(
        "SELECT host, port, device, credential FROM answered_credential "
        "WHERE device = ? OR (host = ? AND port = ?)",
        (device.key, *address),
    ).fetchall()
    if not rows:
        return device.credential if device.address == address else None
    own = (row for row in rows if (row["host"], row["port"], row["device"]) == (*address, device.key))
    return next((str(row["credential"]) for row in own), None)
