"""Snapshots become history: written on change only, in the caller's transaction.

Promises:
- A printer that did not answer changes nothing but its row of silence: levels, alerts and meters keep
  their last known values and the time when they were last known.
- A value that did not change adds no row to its series.
- An alert episode begins and ends exactly once (see `episodes`).
"""

import sqlite3
from collections.abc import Iterator

from agent.history import episodes, rows
from agent.model import Episode, Snapshot, Vague

SCHEMA = (
    """
    CREATE TABLE latest (
        device TEXT PRIMARY KEY, last_answer REAL, answers_in_a_row INTEGER NOT NULL DEFAULT 0,
        uptime INTEGER, reboots INTEGER NOT NULL DEFAULT 0,
        status TEXT, status_at REAL, errors_since TEXT NOT NULL DEFAULT '{}',
        alerts_at REAL, supplies TEXT, supplies_at REAL
    );
    CREATE TABLE episode (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, began REAL NOT NULL, ended REAL, alert TEXT NOT NULL
    );
    CREATE INDEX episode_open ON episode (device) WHERE ended IS NULL;
    CREATE INDEX episode_began ON episode (device, began);
    CREATE TABLE series (
        device TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, value,
        PRIMARY KEY (device, name, at)
    ) WITHOUT ROWID
    """,
)

TOTAL = "meter.total"  # the series that rates are reckoned by


def record(tx: sqlite3.Connection, device: str, snapshot: Snapshot) -> None:
    """Write what `snapshot` says of the printer with the key `device`."""
    tx.execute("INSERT OR IGNORE INTO latest (device) VALUES (?)", (device,))
    if not snapshot.reachable:
        tx.execute("UPDATE latest SET answers_in_a_row = 0 WHERE device = ?", (device,))
        return
    before = tx.execute("SELECT * FROM latest WHERE device = ?", (device,)).fetchone()
    rebooted = fell(before["uptime"], snapshot.uptime)
    tx.execute(
        "UPDATE latest SET last_answer = ?, answers_in_a_row = answers_in_a_row + 1, "
        "uptime = coalesce(?, uptime), reboots = reboots + ? WHERE device = ?",
        (snapshot.at, snapshot.uptime, int(rebooted), device),
    )
    _record_status(tx, device, snapshot, rows.load(before["errors_since"]))
    _record_alerts(tx, device, snapshot, rebooted=rebooted)
    if snapshot.supplies is not None:
        tx.execute(
            "UPDATE latest SET supplies = ?, supplies_at = ? WHERE device = ?",
            (rows.dump_supplies(snapshot.supplies), snapshot.at, device),
        )
    for name, value in _values(snapshot):
        append(tx, device, name, snapshot.at, value)


def fell(before: int | None, now: int | None) -> bool:
    """Whether sysUpTime says that the printer (or its network card) was restarted.

    TimeTicks wrap after 497.1 days (RFC 2578, 7.1.8): a fall from the last day before that is no restart.
    """
    if before is None or now is None or now >= before:
        return False
    return before < (1 << 32) - 8_640_000


def append(tx: sqlite3.Connection, device: str, name: str, at: float, value: int | str | None) -> None:
    """One value of a series, unless it is what the series already says."""
    last = tx.execute(
        "SELECT value FROM series WHERE device = ? AND name = ? ORDER BY at DESC LIMIT 1", (device, name)
    ).fetchone()
    if last is None or last["value"] != value:
        tx.execute("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?)", (device, name, at, value))


def open_episodes(tx: sqlite3.Connection, device: str) -> list[tuple[int, Episode]]:
    """(row id, episode) of every alert that has not been seen gone."""
    found = tx.execute("SELECT * FROM episode WHERE device = ? AND ended IS NULL ORDER BY id", (device,))
    return [(row["id"], Episode(alert=rows.load_alert(row["alert"]), began=row["began"])) for row in found]


def _record_status(tx: sqlite3.Connection, device: str, snapshot: Snapshot, since: dict[str, float]) -> None:
    status = snapshot.status
    if status is None:
        return
    if status.errors is not None:
        since = {error: since.get(error, snapshot.at) for error in status.errors}
    tx.execute(
        "UPDATE latest SET status = ?, status_at = ?, errors_since = ? WHERE device = ?",
        (rows.dump_status(status), snapshot.at, rows.dump(since), device),
    )


def _record_alerts(tx: sqlite3.Connection, device: str, snapshot: Snapshot, *, rebooted: bool) -> None:
    if snapshot.alerts is None:
        return
    known = open_episodes(tx, device)
    turn = episodes.turn([episode.alert for _, episode in known], snapshot.alerts, rebooted=rebooted)
    for position in turn.ended:
        tx.execute("UPDATE episode SET ended = ? WHERE id = ?", (snapshot.at, known[position][0]))
    for position, alert in turn.ongoing:
        number, episode = known[position]
        if alert != episode.alert:
            tx.execute("UPDATE episode SET alert = ? WHERE id = ?", (rows.dump_alert(alert), number))
    for alert in turn.began:
        tx.execute(
            "INSERT INTO episode (device, began, alert) VALUES (?, ?, ?)",
            (device, snapshot.at, rows.dump_alert(alert)),
        )
    tx.execute("UPDATE latest SET alerts_at = ? WHERE device = ?", (snapshot.at, device))


def _values(snapshot: Snapshot) -> Iterator[tuple[str, int | str | None]]:
    """The series that a snapshot adds to: meters and levels."""
    for meter in snapshot.meters or ():
        yield f"meter.{meter.name}" + (f".{meter.part}" if meter.part else ""), meter.value
    for supply in snapshot.supplies or ():
        level = supply.level
        yield f"supply.{supply.index}", level.value if isinstance(level, Vague) else level
