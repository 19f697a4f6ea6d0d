"""Hosts that have shown an excluded MAC: no packet goes to them, also after a restart."""

import sqlite3

REMEMBERED = 30 * 86400.0  # seconds until an address is looked at again: it may have another host by then

SCRIPT = "CREATE TABLE excluded_host (host TEXT PRIMARY KEY, mac TEXT NOT NULL, at REAL NOT NULL)"
"""A script of the inventory."""


def save_host(tx: sqlite3.Connection, host: str, mac: str, now: float) -> None:
    """Remember that `host` has shown this excluded MAC."""
    tx.execute("INSERT OR REPLACE INTO excluded_host VALUES (?, ?, ?)", (host, mac, now))


def load_hosts(tx: sqlite3.Connection, now: float) -> dict[str, str]:
    """Return the MAC of each remembered host, and forget the old ones."""
    tx.execute("DELETE FROM excluded_host WHERE at <= ?", (now - REMEMBERED,))
    return {row["host"]: row["mac"] for row in tx.execute("SELECT host, mac FROM excluded_host")}
