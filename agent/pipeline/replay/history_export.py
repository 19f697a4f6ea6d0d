"""A history without names, addresses and serial numbers, to try rules on elsewhere.

    state file ──► the tables that a backtest reads, their columns of numbers and codes ──► a new file

- Printers are numbered in an order that tells nothing: PRINTER0001, … Vendor, model and times stay.
- Serial numbers of cartridges, panel texts, addresses, host names, locations and firmware are left out. The
  text of an alert stays where at least three printers showed it, word for word: then it is the maker's.
- A column that is not listed here is not copied, so a new one is left out until somebody lists it.
"""

import json
import random
import re
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.store import Store
from agent.pipeline.replay.imagined_history import COMPONENTS

COMMON_TEXT = 3  # printers that show the same text
BY_DEVICE: Mapping[str, tuple[str, ...]] = {
    "latest": (
        "last_answer", "answers_in_a_row", "answering_since", "reboots", "status_at", "errors_since",
        "alerts_at", "supplies_at", "all_events", "speed", "meters_at", "epoch", "epoch_since",
    ),
    "series": ("id", "name"),
    "unreachable_period": ("began", "ended"),
    "device_event": ("at", "kind", "detail", "count"),
    "supply_install": ("supply", "level", "renewed", "rose_at", "rose_from", "rose_seen"),
    "meter_epoch": ("id", "source", "name", "part", "number", "opened", "why", "before", "first", "gap"),
}  # fmt: skip
WHOLE: Mapping[str, tuple[str, ...]] = {
    "series_value": ("series", "at", "value"),
    "retention_progress": ("kind", "done_until"),
    "supply_gauge": ("vendor", "model", "supply", "step", "falls", "rises"),
}
SERIAL_WORDS = re.compile(r"[;,]?\s*\b(?:S/?N|serial)\b.*", re.IGNORECASE)  # in a description of a supply
PLAIN_EVENTS = ("replaced", "counter", "reboot", "missed")  # their details name a slot or a kind


def export_history(source: sqlite3.Connection, path: Path) -> int:
    """Write the history in `source` to a new state file; return the number of printers.

    Raises ConfigError if the file exists.
    """
    if path.exists():
        raise ConfigError.for_file(path, "is there already", suggestion="name a file that does not exist")
    store = Store(path, COMPONENTS)
    try:
        with store.transaction() as tx:
            names = _export_devices(source, tx)
            _export_alerts(source, tx, names)
            for table, columns in BY_DEVICE.items():
                _copy_rows(source, tx, table, columns, names)
            for table, columns in WHOLE.items():
                _copy_rows(source, tx, table, columns)
            _clean_events(tx)
            _export_states(source, tx, names)
    except BaseException:
        store.close()
        path.unlink()
        raise
    store.close()
    return len(names)


def _export_devices(source: sqlite3.Connection, tx: sqlite3.Connection) -> dict[str, str]:
    """Number the printers; return the new key of each."""
    rows = source.execute("SELECT key, vendor, model, first_seen, last_seen FROM device").fetchall()
    random.SystemRandom().shuffle(rows)
    names = {row["key"]: f"sn:PRINTER{number:04}" for number, row in enumerate(rows, 1)}
    tx.executemany(
        "INSERT INTO device (key, host, port, vendor, model, serial, first_seen, last_seen) "
        "VALUES (?, '', 0, ?, ?, ?, ?, ?)",
        [
            (
                names[row["key"]],
                row["vendor"],
                row["model"],
                names[row["key"]].removeprefix("sn:"),
                row["first_seen"],
                row["last_seen"],
            )
            for row in rows
        ],
    )
    return names


def _copy_rows(
    source: sqlite3.Connection,
    tx: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    names: Mapping[str, str] | None = None,
) -> None:
    """Copy these columns of a table; with `names` those rows that are about one of these printers."""
    wanted = ("device", *columns) if names is not None else columns
    rows: Iterable[tuple[object, ...]] = (
        tuple(row)
        for row in source.execute(f"SELECT {', '.join(wanted)} FROM {table}")  # noqa: S608
    )
    if names is not None:
        rows = ((names[str(row[0])], *row[1:]) for row in rows if row[0] in names)
    marks = ", ".join("?" * len(wanted))
    tx.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(wanted)}) VALUES ({marks})", rows)  # noqa: S608


def _clean_events(tx: sqlite3.Connection) -> None:
    """Take out what events say of serial numbers, firmware and networks; that they happened stays."""
    kinds = ", ".join(f"'{kind}'" for kind in PLAIN_EVENTS)
    tx.execute(f"UPDATE OR REPLACE device_event SET detail = '' WHERE kind NOT IN ({kinds})")  # noqa: S608


def _export_alerts(source: sqlite3.Connection, tx: sqlite3.Connection, names: Mapping[str, str]) -> None:
    """Copy the alerts; a text that fewer than three printers showed is left out."""
    rows = source.execute(
        "SELECT t.id, t.alert, count(DISTINCT e.device) AS printers FROM alert_text t "
        "JOIN alert_episode e ON e.text = t.id GROUP BY t.id"
    ).fetchall()
    texts: dict[int, int] = {}
    for row in rows:
        raw = json.loads(row["alert"])
        if row["printers"] < COMMON_TEXT:
            raw["text"] = ""
        text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        tx.execute("INSERT OR IGNORE INTO alert_text (alert) VALUES (?)", (text,))
        texts[row["id"]] = tx.execute("SELECT id FROM alert_text WHERE alert = ?", (text,)).fetchone()["id"]
    episodes = source.execute("SELECT device, began, ended, text, alert_index, ticks FROM alert_episode")
    tx.executemany(
        "INSERT INTO alert_episode (device, began, ended, text, alert_index, ticks) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        ((names[row[0]], row[1], row[2], texts[row[3]], *row[4:]) for row in episodes if row[0] in names),
    )


def _export_states(source: sqlite3.Connection, tx: sqlite3.Connection, names: Mapping[str, str]) -> None:
    """Copy the last status without the panel's text, and the supplies without their serial numbers."""
    for row in source.execute("SELECT device, status, supplies FROM latest"):
        status, supplies = (json.loads(row[name]) if row[name] else None for name in ("status", "supplies"))
        if status is not None:
            status["console"] = []
        for one in supplies or ():
            one["serial"] = None
            one["description"] = SERIAL_WORDS.sub("", one["description"])
        if row["device"] in names:
            tx.execute(
                "UPDATE latest SET status = ?, supplies = ? WHERE device = ?",
                (_dump(status), _dump(supplies), names[row["device"]]),
            )


def _dump(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
