"""Rule states on disk: one row for each rule and subject that is not quiet, and when the rules
with a schedule last ran."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from agent.rules.lifecycle import LifecycleState, Phase

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE rule_state (
        device TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        phase TEXT NOT NULL, began REAL NOT NULL, since REAL NOT NULL, seen REAL NOT NULL,
        stale INTEGER NOT NULL, notice TEXT NOT NULL,
        PRIMARY KEY (device, rule, subject)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE rule_state ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rule_state ADD COLUMN opens TEXT NOT NULL DEFAULT '';
    CREATE TABLE rule_turn (
        device TEXT NOT NULL, turns TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (device, turns)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE rule_turn RENAME TO rule_schedule;
    ALTER TABLE rule_schedule RENAME COLUMN turns TO schedule
    """,
    """
    CREATE TABLE shadow_finding (
        device TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,
        opened_at REAL NOT NULL, closed_at REAL,
        PRIMARY KEY (device, rule, subject, opened_at)
    ) WITHOUT ROWID
    """,
)

StateKey = tuple[str, str]  # rule, subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The words used when a rule fired, kept for its end."""

    fault: str
    component: str
    impact: str
    severity: str
    title: str
    digest: bool = False  # part of the digest of a site's first days
    closed: bool = False  # of an occurrence, whose ticket was closed as soon as it was sent
    question: str = ""  # fingerprint of what the rule asks, to find the rule again under another id
    wording: str = ""  # fingerprint of its title, severity and impact


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """A state with the notice that was sent for it; None until it is announced."""

    state: LifecycleState
    notice: Notice | None = None


def load_states(db: sqlite3.Connection, device: str) -> dict[StateKey, RuleState]:
    """Everything that is not quiet with one printer."""
    rows = db.execute("SELECT * FROM rule_state WHERE device = ?", (device,))
    return {(row["rule"], row["subject"]): _parse_row(row) for row in rows}


def load_all_states(db: sqlite3.Connection) -> Iterator[tuple[str, StateKey, RuleState]]:
    """(device, (rule, subject), standing) of all that is not quiet."""
    for row in db.execute("SELECT * FROM rule_state ORDER BY device, rule, subject"):
        yield row["device"], (row["rule"], row["subject"]), _parse_row(row)


def save_states(
    tx: sqlite3.Connection,
    device: str,
    before: Mapping[StateKey, RuleState],
    after: Mapping[StateKey, RuleState],
) -> None:
    """Write what is different; what became quiet is deleted."""
    gone = [(device, *key) for key in before if key not in after]
    tx.executemany("DELETE FROM rule_state WHERE device = ? AND rule = ? AND subject = ?", gone)
    changed = [
        _build_row(device, key, standing) for key, standing in after.items() if standing != before.get(key)
    ]
    tx.executemany("REPLACE INTO rule_state VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", changed)


def delete_states(tx: sqlite3.Connection, device: str) -> None:
    """Forget a printer that was exchanged: if it comes back, its rules begin anew."""
    tx.execute("DELETE FROM rule_state WHERE device = ?", (device,))


def list_affected(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """(rule, device) of everything that is a fact now, but for what is about the site itself."""
    rows = db.execute(
        "SELECT DISTINCT rule, device FROM rule_state WHERE phase IN (?, ?) AND device NOT LIKE 'site:%'",
        (Phase.FIRING.value, Phase.RECOVERING.value),
    )
    return ((row["rule"], row["device"]) for row in rows)


def load_schedule_times(db: sqlite3.Connection, device: str) -> dict[str, float]:
    """Load when each schedule last ran for one printer."""
    rows = db.execute("SELECT schedule, at FROM rule_schedule WHERE device = ?", (device,))
    return {row["schedule"]: row["at"] for row in rows}


def save_schedule_times(tx: sqlite3.Connection, device: str, taken: Mapping[str, float]) -> None:
    rows = [(device, turns, at) for turns, at in taken.items()]
    tx.executemany("REPLACE INTO rule_schedule VALUES (?, ?, ?)", rows)


def _parse_row(row: sqlite3.Row) -> RuleState:
    notice = Notice(**json.loads(row["notice"])) if row["notice"] else None
    state = LifecycleState(
        phase=Phase(row["phase"]),
        began=row["began"],
        since=row["since"],
        seen=row["seen"],
        stale=bool(row["stale"]),
        announced=notice is not None and not notice.closed,
        dropped=bool(row["dropped"]),
        opens=tuple(json.loads(row["opens"] or "[]")),
    )
    return RuleState(state=state, notice=notice)


def _build_row(device: str, key: StateKey, standing: RuleState) -> tuple[object, ...]:
    state, notice = standing.state, standing.notice
    said = json.dumps(asdict(notice), ensure_ascii=False) if notice else ""
    opens = json.dumps(state.opens) if state.opens else ""
    return (
        device, *key, state.phase.value, state.began, state.since, state.seen, state.stale, said,
        state.dropped, opens,
    )  # fmt: skip
