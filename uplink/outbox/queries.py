"""Read-only queries of the outbox: counts, waiting and dead events, the state of destinations."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.outbox import retention, tables
from uplink.outbox.envelope import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """The outbox in numbers. Keys are lanes; a lane with nothing is left out."""

    accepted: int
    pending: Mapping[Lane, int]
    delivered: Mapping[Lane, int]
    dead: Mapping[Lane, int]
    dropped: Mapping[str, int]  # by lane and reason: "meters.too-old"
    withheld: int  # tickets with an event that found no room
    used: int  # bytes that waiting events take, about …
    bound: int  # … of so many
    oldest: float | None  # when the oldest pending event happened


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One event in the outbox or in the dead letter; `reason` is empty for the first."""

    seq: int  # agent_seq
    id: UUID
    lane: Lane
    type: str
    subject: str
    time: float
    data: Mapping[str, object]
    reason: str = ""
    detail: str = ""


def count_outbox(db: sqlite3.Connection) -> OutboxCounts:
    """All numbers, in one consistent look if `db` is in a transaction."""
    told = {(row[0], row[1]): row[2] for row in db.execute("SELECT what, lane, n FROM outbox_count")}
    return OutboxCounts(
        accepted=told.get(("accepted", -1), 0),
        pending=_count_by_lane(db, "SELECT lane, COUNT(*) FROM outbox_event GROUP BY lane"),
        delivered={Lane(lane): n for (what, lane), n in told.items() if what == "delivered"},
        dead=_count_by_lane(db, "SELECT lane, COUNT(*) FROM outbox_dead GROUP BY lane"),
        dropped={
            f"{tables.format_lane(lane)}.{what.removeprefix('dropped:')}": n
            for (what, lane), n in sorted(told.items())
            if what.startswith("dropped:")
        },
        withheld=db.execute("SELECT COUNT(*) FROM outbox_withheld").fetchone()[0],
        used=retention.used_bytes(db),
        bound=retention.max_bytes(db),
        oldest=db.execute("SELECT MIN(time) FROM outbox_event").fetchone()[0],
    )


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """Two numbers that cost next to nothing, however much waits."""

    waiting: int
    delivered: int


def load_progress(db: sqlite3.Connection) -> DeliveryProgress:
    """Load the progress of delivery from the counts alone, without reading rows."""
    told = {row[0]: row[1] for row in db.execute("SELECT what, SUM(n) FROM outbox_count GROUP BY what")}
    gone = sum(n for what, n in told.items() if what.startswith("dropped:"))
    delivered = told.get("delivered", 0)
    return DeliveryProgress(told.get("accepted", 0) - delivered - told.get("dead", 0) - gone, delivered)


def list_pending(db: sqlite3.Connection, limit: int = 100) -> Iterator[OutboxEntry]:
    """List waiting events, the next to go first."""
    return map(_entry_from_row, db.execute("SELECT * FROM outbox_event ORDER BY lane, seq LIMIT ?", (limit,)))


def list_dead(db: sqlite3.Connection, limit: int = 100) -> Iterator[OutboxEntry]:
    """The dead letter, oldest first."""
    return map(_entry_from_row, db.execute("SELECT * FROM outbox_dead ORDER BY seq LIMIT ?", (limit,)))


def find_dead_letter(db: sqlite3.Connection, seq: int) -> OutboxEntry | None:
    """One event of the dead letter."""
    row = db.execute("SELECT * FROM outbox_dead WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else _entry_from_row(row)


def is_undelivered(db: sqlite3.Connection, subject: str) -> bool:
    """Check whether an event of `subject` waits or is dead."""
    look = "SELECT 1 FROM {} WHERE subject = ? LIMIT 1"
    tables = ("outbox_event", "outbox_dead", "outbox_withheld")
    return any(db.execute(look.format(table), (subject,)).fetchone() for table in tables)


def list_destinations(db: sqlite3.Connection) -> list[DestinationState]:
    """Every destination that was ever in trouble, and how it stands."""
    return [
        destination_state.destination_from_row(row)
        for row in db.execute("SELECT * FROM outbox_destination ORDER BY name")
    ]


def _count_by_lane(db: sqlite3.Connection, query: str) -> dict[Lane, int]:
    return {Lane(row[0]): row[1] for row in db.execute(query)}


def _entry_from_row(row: sqlite3.Row) -> OutboxEntry:
    told = {key: row[key] for key in ("reason", "detail") if key in row.keys()}  # noqa: SIM118 - a Row iterates over values
    return OutboxEntry(
        seq=row["seq"],
        id=UUID(bytes=row["id"]),
        lane=Lane(row["lane"]),
        type=row["type"],
        subject=row["subject"],
        time=row["time"],
        data=_decode_payload(row["data"]),
        **told,
    )


def _decode_payload(data: bytes) -> dict[str, object]:
    """A dead event may be dead because it is damaged."""
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError):
        return {"damaged": repr(data)[:200]}
