"""Where the rules stand, on disk: one row for each rule and subject that is not quiet."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from agent.rules.lifecycle import Phase, State

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE rule_state (
        device TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        phase TEXT NOT NULL, began REAL NOT NULL, since REAL NOT NULL, seen REAL NOT NULL,
        stale INTEGER NOT NULL, notice TEXT NOT NULL,
        PRIMARY KEY (device, rule, subject)
    ) WITHOUT ROWID
    """,
)

Key = tuple[str, str]  # rule, subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What was said when a rule fired, so that the end is told in the same words."""

    fault: str
    component: str
    impact: str
    severity: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A state with the notice that went with it; None until it is announced."""

    state: State
    notice: Notice | None = None


def load(db: sqlite3.Connection, device: str) -> dict[Key, Standing]:
    """Everything that is not quiet with one printer."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM rule_state WHERE device = ?", (device,))  # noqa: S608 - constant
    return {(row[0], row[1]): _standing(row) for row in rows}


def save(
    tx: sqlite3.Connection, device: str, before: Mapping[Key, Standing], after: Mapping[Key, Standing]
) -> None:
    """Write what is different; what became quiet is deleted."""
    gone = [(device, *key) for key in before if key not in after]
    tx.executemany("DELETE FROM rule_state WHERE device = ? AND rule = ? AND subject = ?", gone)
    changed = [(device, *_row(key, it)) for key, it in after.items() if it != before.get(key)]
    tx.executemany(f"REPLACE INTO rule_state (device, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", changed)  # noqa: S608


def everything(db: sqlite3.Connection) -> Iterator[tuple[str, str, str, Standing]]:
    """(device, rule, subject, standing) of all that is not quiet."""
    for row in db.execute(f"SELECT {_COLUMNS}, device FROM rule_state ORDER BY device, rule, subject"):  # noqa: S608
        yield row[8], row[0], row[1], _standing(row)


_COLUMNS = "rule, subject, phase, began, since, seen, stale, notice"


def _standing(row: sqlite3.Row) -> Standing:
    state = State(
        phase=Phase(row[2]),
        began=row[3],
        since=row[4],
        seen=row[5],
        stale=bool(row[6]),
        announced=bool(row[7]),
    )
    return Standing(state=state, notice=Notice(**json.loads(row[7])) if row[7] else None)


def _row(key: Key, standing: Standing) -> tuple[object, ...]:
    state = standing.state
    notice = json.dumps(asdict(standing.notice)) if standing.notice else ""
    return (
        *key, state.phase.value, state.began, state.since, state.seen, state.stale, notice
    )  # fmt: skip
