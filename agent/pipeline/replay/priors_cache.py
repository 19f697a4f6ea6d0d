"""What the fleet had learned at each time, remembered, so that another threshold need not learn it again.

Promises:
- A log is found only under a key of all that it rests on: each reading that is learned from, the printers in
  their order, the span, the site's wall clock, and the program. If any of these differs, it is learned anew.
- What is found is what was learned, to the last digit, or it is learned anew.
- It lies beside the results of backtests, and may be deleted as they may.
"""

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core.model import Device
from agent.forecast.known_priors import PriorsLog, ValueLog
from agent.history import record
from agent.pipeline.replay import result_cache
from agent.pipeline.replay.forecast_feed import to_local
from agent.pipeline.replay.forecast_replay import learn_priors

MAX_LOGS = 8
HOUR = 3600.0
ROWS = 5000  # in memory at a time

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS priors_log (key TEXT PRIMARY KEY, digest TEXT NOT NULL, log BLOB NOT NULL,
    at REAL NOT NULL) WITHOUT ROWID
"""
_DELETE_OLDEST = (
    "DELETE FROM priors_log WHERE key IN (SELECT key FROM priors_log ORDER BY at DESC LIMIT -1 OFFSET ?)"
)
_READINGS = (
    (
        "SELECT device, name, at, value FROM series JOIN series_value ON series.id = series_value.series "
        "WHERE (name = :total OR name GLOB 'supply.*') AND at < :until ORDER BY series.id, at"
    ),
    (
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text WHERE began < :until "
        "ORDER BY device, began, e.id"
    ),
    "SELECT * FROM unreachable_period WHERE began < :until ORDER BY device, began",
    "SELECT device, supplies FROM latest ORDER BY device",
    "SELECT * FROM retention_progress ORDER BY kind",
    "SELECT min(at) FROM series_value",
)


@dataclass(frozen=True, slots=True)
class PriorsCache:
    """Logs of what was learned, on disk. `path` None: nothing is remembered."""

    path: Path | None = None

    def recall_priors(self, db: sqlite3.Connection, devices: Sequence[Device], until: float) -> PriorsLog:
        """Return what the fleet knew at each time before `until`: as remembered, or learned now."""
        if self.path is None:
            return learn_priors(db, devices, until)
        key = result_cache.build_key("priors", *digest_readings(db, devices, until))
        found = self._find_log(key)
        if found is None:
            found = learn_priors(db, devices, until)
            self._save_log(key, found)
        return found

    def _find_log(self, key: str) -> PriorsLog | None:
        if self.path is None or not self.path.exists():
            return None
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                row = db.execute("SELECT digest, log FROM priors_log WHERE key = ?", (key,)).fetchone()
            log = parse_log(row[1]) if row else None
        except (sqlite3.Error, zlib.error, ValueError, TypeError, KeyError):
            return None
        return log if log is not None and log.digest == row[0] else None

    def _save_log(self, key: str, log: PriorsLog) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
                db.execute(_SCHEMA)
                db.execute("BEGIN IMMEDIATE")
                row = (key, log.digest, serialize_log(log), time.time())
                db.execute("REPLACE INTO priors_log VALUES (?, ?, ?, ?)", row)
                db.execute(_DELETE_OLDEST, (MAX_LOGS,))
                db.execute("COMMIT")
        except (sqlite3.Error, OSError):
            return


def digest_readings(db: sqlite3.Connection, devices: Iterable[Device], until: float) -> tuple[str, ...]:
    """All that is learned from before `until`: printers in their order, readings, wall clock, span."""
    readings = hashlib.sha256()
    for query in _READINGS:
        for rows in _fetch_rows(db, query, until):
            readings.update(repr(rows).encode())
        readings.update(b"\0")
    (begin,) = db.execute(_READINGS[-1]).fetchone()
    hours = range(int((until if begin is None else begin) // HOUR), int(until // HOUR) + 1)
    clock = [to_local(hour * HOUR) for hour in hours]
    parts = ([it.key for it in devices], clock, until)
    return readings.hexdigest(), *(hashlib.sha256(repr(it).encode()).hexdigest() for it in parts)


def _fetch_rows(db: sqlite3.Connection, query: str, until: float) -> Iterator[list[Any]]:
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(query, {"total": record.TOTAL_METER, "until": until})
    while rows := cursor.fetchmany(ROWS):
        yield rows


def serialize_log(log: PriorsLog) -> bytes:
    """The log as compressed JSON."""
    parts = (log.means, log.misses, log.healthy)
    text = json.dumps([{name: [it.times, it.values] for name, it in part.items()} for part in parts])
    return zlib.compress(text.encode(), 1)


def parse_log(content: bytes) -> PriorsLog:
    """The log that was serialized. Raises ValueError, TypeError, KeyError and zlib.error."""
    means, misses, healthy = map(_parse_part, json.loads(zlib.decompress(content)))
    return PriorsLog(means, misses, healthy)


def _parse_part(raw: Mapping[str, Any]) -> dict[str, ValueLog]:
    return {
        name: ValueLog(times, [_restore_tuples(it) for it in values]) for name, (times, values) in raw.items()
    }


def _restore_tuples(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(map(_restore_tuples, value)) if isinstance(value, list) else value
