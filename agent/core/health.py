"""The agent's own health: a few facts, kept for `status` and sent in every heartbeat."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SCHEMA = ("CREATE TABLE health (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL)",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The facts of one heartbeat."""

    version: str
    pid: int | None = None
    printers: int | None = None  # known
    silent: int | None = None  # of them, those that do not answer
    left_alone: Sequence[str] = ()  # keys of printers that restart when they are polled; stays on site
    counts: Mapping[str, int] = field(default_factory=dict)  # successes and failures since the start, by name
    failing: Mapping[str, str] = field(default_factory=dict)  # tasks that failed lately -> the last error
    notices: Sequence[str] = ()  # sentences on what happened to this machine since the start; stays on site
    config_complaint: str | None = None  # why an edited configuration is not in force
    shadow_findings: Mapping[str, tuple[int, int]] = field(
        default_factory=dict
    )  # rule in shadow -> its findings that stand, and those of 30 days
    rules_complaint: str | None = None  # why edited rules are not in force
    silences: Sequence[Mapping[str, object]] = ()  # tickets that a person keeps back
    contracts_complaint: str | None = None  # why edited contracts or assets are not in force
    rules_hash: str | None = None  # fingerprint of the rules in force
    own_rules: Mapping[str, int] = field(default_factory=dict)  # rules that are not as shipped -> version


def save_health(tx: sqlite3.Connection, now: float, facts: Mapping[str, object]) -> None:
    """Keep the newest value of each fact (JSON) and when it was noted."""
    tx.executemany(
        "INSERT OR REPLACE INTO health VALUES (?, ?, ?)",
        [(name, json.dumps(value), now) for name, value in facts.items()],
    )


def load_health(db: sqlite3.Connection) -> dict[str, object]:
    """Return the facts saved last, by name."""
    return {row["name"]: json.loads(row["value"]) for row in db.execute("SELECT * FROM health ORDER BY name")}


def health_saved_at(db: sqlite3.Connection) -> float | None:
    """Return the time of the last saved health; None before the first."""
    at = db.execute("SELECT max(at) FROM health").fetchone()[0]
    return None if at is None else float(at)
