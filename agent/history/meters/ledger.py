"""Counters and their epochs on disk, in the caller's transaction.

A counter belongs to one source (an OID, an IPP attribute), whatever its name: a total that one day comes
from another source is another counter, never a fall of this one.

Promises:
- The state of each counter is written with every reading, and every epoch with both values of its border.
- A counter that is estimated, stale or unverified is marked so, and `billable` leaves it out.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass, replace

from agent.core.model import Meter, Snapshot, Trust
from agent.history.meters import chain_store
from agent.history.meters.epoch_reasons import PLACE_REASONS, EpochReason
from agent.history.meters.epochs import (
    CounterRead,
    CounterSample,
    CounterState,
    RecoveryPoint,
    advance_counter,
)

DAY = 86400.0
MAX_PLACE_BORDERS = 8  # a day and printer: two that claim one address displace each other at each poll
NEVER = float("-inf")
STALE_AFTER = 2 * DAY  # seconds without a reading

SCHEMA = (
    """
    CREATE TABLE meter_counter (
        device TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, part TEXT, unit TEXT NOT NULL,
        trust TEXT NOT NULL, standing TEXT NOT NULL, chained_at REAL NOT NULL, chained_raw INTEGER NOT NULL,
        PRIMARY KEY (device, source)
    ) WITHOUT ROWID;
    CREATE TABLE meter_read (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, part TEXT,
        unit TEXT NOT NULL, at REAL NOT NULL, raw INTEGER NOT NULL, adjusted INTEGER NOT NULL,
        epoch INTEGER NOT NULL, trust TEXT NOT NULL, why TEXT, before INTEGER, gap INTEGER NOT NULL,
        hash BLOB NOT NULL
    );
    CREATE INDEX meter_read_device ON meter_read (device, id);
    CREATE TABLE meter_chain (device TEXT PRIMARY KEY, count INTEGER NOT NULL, head BLOB NOT NULL)
    """,
    """
    ALTER TABLE meter_counter RENAME COLUMN standing TO state
    """,
    """
    CREATE TABLE meter_epoch (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,
        part TEXT, number INTEGER NOT NULL, opened REAL NOT NULL, why TEXT NOT NULL, before INTEGER,
        first INTEGER NOT NULL, gap INTEGER NOT NULL
    );
    CREATE INDEX meter_epoch_device ON meter_epoch (device, id);
    INSERT INTO meter_epoch SELECT id, device, source, name, part, epoch, at, why, before, raw, gap
        FROM meter_read WHERE why IS NOT NULL;
    ALTER TABLE meter_counter DROP COLUMN chained_at;
    ALTER TABLE meter_counter DROP COLUMN chained_raw
    """,
    chain_store.SCHEMA_2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterCounter:
    """The state of one counter of one printer: raw and adjusted side by side."""

    device: str
    source: str
    name: str
    part: str | None
    unit: str
    at: float
    raw: int
    adjusted: int
    epoch: int
    trust: Trust

    @property
    def billable(self) -> bool:
        return Meter(name=self.name, value=self.raw, trust=self.trust).billable


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterEpoch:
    """A stretch in which a counter only counted up."""

    source: str
    name: str
    part: str | None
    number: int
    opened: float
    why: EpochReason
    before: int | None
    first: int
    gap: int


def record_counters(tx: sqlite3.Connection, device: str, snapshot: Snapshot) -> list[CounterRead]:
    """Record the counters of a snapshot; return the reads that opened an epoch other than the first."""
    counted = {meter.source: meter for meter in snapshot.meters or () if meter.is_counter}
    if not counted:
        return []
    board = snapshot.identity.mac if snapshot.identity else None
    rows = {
        row["source"]: row for row in tx.execute("SELECT * FROM meter_counter WHERE device = ?", (device,))
    }
    found = []
    for source, meter in counted.items():
        row = rows.get(source)
        before = _parse_state(row["state"]) if row else None
        state, read = advance_counter(before, CounterSample(at=snapshot.at, raw=meter.value, board=board))
        if before is not None and read.at <= before.at:
            continue
        read = _with_meter_trust(read, meter)
        if read.why is not None:
            _save_epoch(tx, device, meter, read)
        _save_counter(tx, device, meter, read, state)
        if read.why and read.why is not EpochReason.FIRST:
            found.append(read)
    return found


def _save_epoch(tx: sqlite3.Connection, device: str, meter: Meter, read: CounterRead) -> None:
    tx.execute(
        "INSERT INTO meter_epoch (device, source, name, part, number, opened, why, before, first, gap) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (device, meter.source, meter.name, meter.part, read.epoch, read.at, read.why, read.before, read.raw,
         read.gap),
    )  # fmt: skip


def _with_meter_trust(read: CounterRead, meter: Meter) -> CounterRead:
    """Keep the trust of a meter that its source marks as less than measured."""
    return read if meter.trust in {Trust.MEASURED, Trust.OFFSET} else replace(read, trust=meter.trust)


def load_counters(tx: sqlite3.Connection, device: str, now: float) -> list[MeterCounter]:
    """Load the counters of a printer. A counter not read for two days is stale."""
    found = []
    for row in tx.execute("SELECT * FROM meter_counter WHERE device = ? ORDER BY name, part", (device,)):
        state = _parse_state(row["state"])
        stale = now - state.at > STALE_AFTER
        found.append(
            MeterCounter(
                device=device,
                source=row["source"],
                name=row["name"],
                part=row["part"],
                unit=row["unit"],
                at=state.at,
                raw=state.raw,
                adjusted=state.adjusted,
                epoch=state.epoch,
                trust=Trust.STALE if stale else Trust(row["trust"]),
            )
        )
    return found


def load_adjusted_total(tx: sqlite3.Connection, device: str) -> int | None:
    """Load the adjusted total of a printer, the standard's before a maker's; None without one."""
    row = tx.execute(
        "SELECT state FROM meter_counter WHERE device = ? AND name = 'total' AND part IS NULL "
        "ORDER BY source NOT LIKE '1.3.6.1.2.1.%', source LIMIT 1",
        (device,),
    ).fetchone()
    return _parse_state(row["state"]).adjusted if row else None


def load_epochs(tx: sqlite3.Connection, device: str, *, after: float = NEVER) -> list[CounterEpoch]:
    """Load the epochs of a printer's counters in the order in which they opened, after the time `after`."""
    found = tx.execute(
        "SELECT * FROM meter_epoch WHERE device = ? AND opened > ? ORDER BY id", (device, after)
    )
    return [
        CounterEpoch(
            source=row["source"], name=row["name"], part=row["part"], number=row["number"],
            opened=row["opened"], why=EpochReason(row["why"]), before=row["before"], first=row["first"],
            gap=row["gap"],
        )
        for row in found
    ]  # fmt: skip


def record_place(tx: sqlite3.Connection, device: str, why: EpochReason, at: float) -> bool:
    """Record a border of the printer itself (one of `PLACE_REASONS`) at its total; its count goes on.

    Returns False if it has no counter, or was told so often within a day that no more is kept.
    """
    counters = load_counters(tx, device, at)
    total = next((one for one in counters if one.name == "total" and one.part is None), None)
    counter = total or next(iter(counters), None)
    if counter is None:
        return False
    added = tx.execute(
        "INSERT INTO meter_epoch (device, source, name, part, number, opened, why, before, first, gap) "
        "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, 0 WHERE ? > (SELECT count(*) FROM meter_epoch "
        "WHERE device = ? AND opened > ? AND why IN (?, ?))",
        (device, counter.source, counter.name, counter.part, counter.epoch, at, why, counter.raw, counter.raw,
         MAX_PLACE_BORDERS, device, at - DAY, *sorted(PLACE_REASONS)),
    )  # fmt: skip
    return added.rowcount > 0


def prune_epochs(tx: sqlite3.Connection, bound: float) -> int:
    """Delete the borders of before `bound`; the first reading of each counter stays."""
    where = "opened < ? AND why <> ?"
    return tx.execute(f"DELETE FROM meter_epoch WHERE {where}", (bound, EpochReason.FIRST)).rowcount  # noqa: S608 - a constant


def _save_counter(
    tx: sqlite3.Connection, device: str, meter: Meter, read: CounterRead, state: CounterState
) -> None:
    written = json.dumps(asdict(state), separators=(",", ":"))
    tx.execute(
        "INSERT OR REPLACE INTO meter_counter VALUES (?, ?, ?, ?, ?, ?, ?)",
        (device, meter.source, meter.name, meter.part, meter.unit, read.trust.value, written),
    )


def _parse_state(written: str) -> CounterState:
    """Read a state back; those of older versions had one recovery point, and no first reading."""
    raw = json.loads(written)
    left = raw["left"] or ()
    points = [{name: left[name] for name in ("raw", "adjusted", "at")}] if isinstance(left, dict) else left
    first = {"met": raw["opened"], "met_raw": raw["adjusted"]}
    return CounterState(**first | raw | {"left": tuple(RecoveryPoint(**point) for point in points)})
