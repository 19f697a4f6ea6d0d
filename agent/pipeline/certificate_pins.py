"""The certificate of each printer, pinned when it is first seen; a change is logged once and kept.

Printers sign their certificates themselves and make new ones after a reset or an update of their
firmware. The printer is already identified by serial number or UUID when its certificate is compared; a
change is worth a look all the same.
"""

import sqlite3

SCHEMA = (
    """
    CREATE TABLE certificate (
        device TEXT NOT NULL, fingerprint TEXT NOT NULL, first_seen REAL NOT NULL,
        PRIMARY KEY (device, fingerprint)
    ) WITHOUT ROWID
    """,
)


def record_certificate(tx: sqlite3.Connection, device: str, fingerprint: str | None, now: float) -> bool:
    """Save the certificate that a printer showed; return True if it had another one before."""
    if fingerprint is None:
        return False
    known = [
        row["fingerprint"]
        for row in tx.execute("SELECT fingerprint FROM certificate WHERE device = ?", (device,))
    ]
    if fingerprint in known:
        return False
    tx.execute("INSERT INTO certificate VALUES (?, ?, ?)", (device, fingerprint, now))
    return bool(known)
