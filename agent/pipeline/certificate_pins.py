"""The certificate of each printer, pinned when it was first seen; a change is told once and kept.

Printers sign their certificates themselves and make new ones after a reset or an update of their
firmware. Who answers is already known by serial number or UUID when it comes to this; the change is
worth a look all the same.
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
    """Note the certificate that a printer showed; whether it is another than the ones before."""
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
