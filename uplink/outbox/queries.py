"""Read-only queries of the outbox: counts, waiting and dead events, the state of destinations."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from uplink.delivery import destination_state
from uplink.delivery.destination_state import DestinationState
from uplink.outbox import retention, tables
from uplink.outbox.envelope import Lane

TICKET_TYPE = "mps.ticket/1"


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


class DeliveryStage(StrEnum):
    """How far the events of a ticket have come."""

    WAITING = "waiting"
    REFUSED = "refused by the provider"
    UNSENDABLE = "cannot be sent"
    WITHHELD = "no room in the outbox"
    JOINED = "joined"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDelivery:
    """How far a ticket has come on its way to the provider, the same in every command."""

    stage: DeliveryStage
    reason: str = ""  # why it waits, why it was refused, or which ticket it joined

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason}" if self.reason else str(self.stage)


def load_delivery(db: sqlite3.Connection, subject: str) -> TicketDelivery:
    """Load how far the events of a ticket have come. The worst counts: refused before waiting."""
    dead = db.execute(
        "SELECT reason, detail FROM outbox_dead WHERE subject = ? ORDER BY seq LIMIT 1", (subject,)
    ).fetchone()
    if dead is not None and dead["reason"] in tables.OWN_PROBLEMS:
        return TicketDelivery(stage=DeliveryStage.UNSENDABLE, reason=dead["detail"])
    if dead is not None:
        return TicketDelivery(stage=DeliveryStage.REFUSED, reason=f"{dead['detail']} ({dead['reason']})")
    if db.execute("SELECT 1 FROM outbox_event WHERE subject = ? LIMIT 1", (subject,)).fetchone():
        return TicketDelivery(stage=DeliveryStage.WAITING, reason=_waiting_reason(db))
    if db.execute("SELECT 1 FROM outbox_withheld WHERE subject = ?", (subject,)).fetchone():
        return TicketDelivery(stage=DeliveryStage.WITHHELD)
    joined = db.execute("SELECT ticket FROM outbox_joined WHERE subject = ?", (subject,)).fetchone()
    if joined is not None:
        return TicketDelivery(stage=DeliveryStage.JOINED, reason=joined["ticket"])
    return TicketDelivery(stage=DeliveryStage.DELIVERED)


def list_undelivered(db: sqlite3.Connection, limit: int = 20) -> list[tuple[str, TicketDelivery]]:
    """List the tickets that the provider does not have in full, with what holds each of them."""
    subjects = db.execute(
        "SELECT subject FROM outbox_dead WHERE type = :kind UNION SELECT subject FROM outbox_event "
        "WHERE type = :kind UNION SELECT subject FROM outbox_withheld ORDER BY subject LIMIT :limit",
        {"kind": TICKET_TYPE, "limit": limit},
    ).fetchall()
    return [(row["subject"], load_delivery(db, row["subject"])) for row in subjects]


def _waiting_reason(db: sqlite3.Connection) -> str:
    """Say what delivery waits for; empty if it is on its way."""
    return "; ".join(one.reason for one in list_destinations(db) if one.reason)


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
