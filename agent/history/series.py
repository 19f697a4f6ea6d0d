"""Series: the values of one printer under a name, one row for each change.

    meter.total            the page counters, by the collector's names
    supply.1.1             the level of a supply, or the name of a `Vague`

A value is valid from the time of its row until the time of the next row.
"""

import sqlite3
from collections.abc import Iterator

SeriesValue = int | str | None


def append_value(tx: sqlite3.Connection, device: str, name: str, at: float, value: SeriesValue) -> bool:
    """Append a value, unless it equals the last one; return whether it was appended."""
    track = _ensure_series(tx, device, name)
    last = tx.execute(
        "SELECT at, value FROM series_value WHERE series = ? ORDER BY at DESC LIMIT 1", (track,)
    ).fetchone()
    if last is not None and last["value"] == value:
        return False
    tx.execute("REPLACE INTO series_value VALUES (?, ?, ?)", (track, at, value))
    return True


def list_series(db: sqlite3.Connection, device: str) -> list[str]:
    """List the names of a printer's series."""
    found = db.execute("SELECT name FROM series WHERE device = ? ORDER BY name", (device,))
    return [row["name"] for row in found]


def load_values(
    db: sqlite3.Connection, device: str, name: str, since: float, until: float
) -> Iterator[tuple[float, SeriesValue]]:
    """Load (at, value) from the value valid at `since` to the last one before `until`, by time."""
    track = _find_series(db, device, name)
    first = db.execute(
        "SELECT max(at) AS at FROM series_value WHERE series = ? AND at <= ?", (track, since)
    ).fetchone()
    begin = since if first["at"] is None else first["at"]
    rows = db.execute(
        "SELECT at, value FROM series_value WHERE series = ? AND at >= ? AND at < ? ORDER BY at",
        (track, begin, until),
    )
    return ((row["at"], row["value"]) for row in rows)


def load_last_values(
    db: sqlite3.Connection, device: str, name: str, count: int
) -> list[tuple[float, SeriesValue]]:
    """Load the last rows of a series, the newest first."""
    rows = db.execute(
        "SELECT at, value FROM series_value WHERE series = ? ORDER BY at DESC LIMIT ?",
        (_find_series(db, device, name), count),
    )
    return [(row["at"], row["value"]) for row in rows]


def _find_series(db: sqlite3.Connection, device: str, name: str) -> int | None:
    row = db.execute("SELECT id FROM series WHERE device = ? AND name = ?", (device, name)).fetchone()
    return row["id"] if row else None


def _ensure_series(tx: sqlite3.Connection, device: str, name: str) -> int:
    found = _find_series(tx, device, name)
    if found is None:
        return int(
            tx.execute("INSERT INTO series (device, name) VALUES (?, ?)", (device, name)).lastrowid or 0
        )
    return found
