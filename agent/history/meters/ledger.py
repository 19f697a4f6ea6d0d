"""Counters and their reads on disk, in the caller's transaction.

A counter belongs to one source (an OID, an IPP attribute), whatever its name: a total that one day comes
from another source is another counter, never a fall of this one.

Promises:
- The state of each counter is written with every reading; a read joins the chain once a day, on both
  sides of a border, and on demand (`chain_counters`): never one that changes nothing.
- Reads are only ever added. `verify_device` finds each one that was changed, put in or taken out.
- What is estimated or unverified is marked so, and `billable` leaves it out.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from agent.core.model import Meter, Snapshot, Trust
from agent.history.meters import chain
from agent.history.meters.chain import ChainBreak
from agent.history.meters.epochs import (
    CounterRead,
    CounterSample,
    CounterState,
    EpochReason,
    RecoveryPoint,
    advance_counter,
)

DAY = 86400.0
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
)

_SELECT_READS = """
    SELECT device, source, name, part, unit, at, raw, adjusted, epoch, trust, why, before, gap, hash
    FROM meter_read WHERE device = ? ORDER BY id
"""
_INSERT_READ = """
    INSERT INTO meter_read
        (device, source, name, part, unit, at, raw, adjusted, epoch, trust, why, before, gap, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The result of verifying the chain of one printer."""

    device: str
    reads: int
    head: str  # hex
    broken: ChainBreak | None


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
        read = _with_meter_trust(read, meter)
        if before is not None and read.at <= before.at:
            _keep_late(tx, device, meter, before, read)
            continue
        if row is not None and read.why is not None:
            _chain_counter(tx, row)  # the last read before a border is kept, too
        due = row is None or read.why is not None or _is_link_due(row, read)
        if due:
            _append_read(tx, device, meter, read)
        _save_counter(tx, device, meter, read, state, None if due else row)
        if read.why and read.why is not EpochReason.FIRST:
            found.append(read)
    return found


def _keep_late(
    tx: sqlite3.Connection, device: str, meter: Meter, before: CounterState, read: CounterRead
) -> None:
    """Keep a read from before the last one, unless it repeats it; the counter does not change."""
    if (read.at, read.raw) != (before.at, before.raw):
        _append_read(tx, device, meter, read)


def _is_link_due(row: sqlite3.Row, read: CounterRead) -> bool:
    """Return whether a read joins the chain: its value differs, and the last link is a day old."""
    return bool(read.raw != row["chained_raw"] and read.at - row["chained_at"] >= DAY)


def _with_meter_trust(read: CounterRead, meter: Meter) -> CounterRead:
    """Keep the trust of a meter that its source marks as less than measured."""
    return read if meter.trust in {Trust.MEASURED, Trust.OFFSET} else replace(read, trust=meter.trust)


def chain_counters(tx: sqlite3.Connection, device: str) -> str:
    """Chain the current state of every counter, for an invoice; return the chain's head in hex."""
    for row in tx.execute("SELECT * FROM meter_counter WHERE device = ?", (device,)).fetchall():
        _chain_counter(tx, row)
    return load_head(tx, device)[1].hex()


def _chain_counter(tx: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Chain the current state of one counter, unless its last read is chained."""
    state = _parse_state(row["state"])
    if state.at <= row["chained_at"]:
        return
    meter = Meter(name=row["name"], part=row["part"], unit=row["unit"], source=row["source"], value=state.raw)
    read = CounterRead(
        at=state.at,
        raw=state.raw,
        adjusted=state.adjusted,
        epoch=state.epoch,
        trust=Trust(row["trust"]),
    )
    _append_read(tx, row["device"], meter, read)
    tx.execute(
        "UPDATE meter_counter SET chained_at = ?, chained_raw = ? WHERE device = ? AND source = ?",
        (read.at, read.raw, row["device"], row["source"]),
    )


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


def load_epochs(tx: sqlite3.Connection, device: str, *, after: int = 0) -> list[CounterEpoch]:
    """Load the epochs of a printer's counters in the order in which they opened, those after link `after`."""
    found = tx.execute(
        "SELECT * FROM meter_read WHERE device = ? AND why IS NOT NULL AND id > ? ORDER BY id",
        (device, after),
    )
    return [
        CounterEpoch(
            source=row["source"], name=row["name"], part=row["part"], number=row["epoch"], opened=row["at"],
            why=EpochReason(row["why"]), before=row["before"], first=row["raw"], gap=row["gap"],
        )
        for row in found
    ]  # fmt: skip


def count_billed_pages(tx: sqlite3.Connection, device: str, source: str) -> int:
    """Count the pages of one counter over all of its epochs, from its first read to its state now."""
    first = tx.execute(
        "SELECT adjusted FROM meter_read WHERE device = ? AND source = ? ORDER BY id LIMIT 1",
        (device, source),
    ).fetchone()
    row = tx.execute(
        "SELECT state FROM meter_counter WHERE device = ? AND source = ?", (device, source)
    ).fetchone()
    return _parse_state(row["state"]).adjusted - int(first["adjusted"]) if first and row else 0


def list_devices(tx: sqlite3.Connection) -> list[str]:
    return [row["device"] for row in tx.execute("SELECT device FROM meter_chain ORDER BY device")]


def verify_device(tx: sqlite3.Connection, device: str) -> ChainCheck:
    """Verify that every stored read of a printer is unchanged."""
    count, head = load_head(tx, device)
    broken = chain.verify_chain(_load_links(tx, device), start=chain.START_HASH, count=count, head=head)
    return ChainCheck(device=device, reads=count, head=head.hex(), broken=broken)


def _load_links(tx: sqlite3.Connection, device: str) -> Iterator[tuple[chain.ChainRow, bytes]]:
    for *read, stored in tx.execute(_SELECT_READS, (device,)):
        yield read, stored


def load_head(tx: sqlite3.Connection, device: str) -> tuple[int, bytes]:
    """Return the number of links in the chain of a printer, and the hash of the last one."""
    row = tx.execute("SELECT count, head FROM meter_chain WHERE device = ?", (device,)).fetchone()
    return (row["count"], row["head"]) if row else (0, chain.START_HASH)


def _append_read(tx: sqlite3.Connection, device: str, meter: Meter, read: CounterRead) -> None:
    """Add a read to the printer's chain."""
    count, head = load_head(tx, device)
    link = (
        device, meter.source, meter.name, meter.part, meter.unit, float(read.at), read.raw, read.adjusted,
        read.epoch, read.trust.value, read.why.value if read.why else None, read.before, read.gap,
    )  # fmt: skip
    made = chain.hash_read(head, link)
    tx.execute(_INSERT_READ, (*link, made))
    tx.execute("INSERT OR REPLACE INTO meter_chain VALUES (?, ?, ?)", (device, count + 1, made))


def _save_counter(
    tx: sqlite3.Connection,
    device: str,
    meter: Meter,
    read: CounterRead,
    state: CounterState,
    row: sqlite3.Row | None,
) -> None:
    """Write the state of a counter; `row` is the row before, if no link was added."""
    chained = (row["chained_at"], row["chained_raw"]) if row else (read.at, read.raw)
    written = json.dumps(asdict(state), separators=(",", ":"))
    tx.execute(
        "INSERT OR REPLACE INTO meter_counter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (device, meter.source, meter.name, meter.part, meter.unit, read.trust.value, written, *chained),
    )


def _parse_state(written: str) -> CounterState:
    """Read a state back; those of older versions had one recovery point, and no first reading."""
    raw = json.loads(written)
    left = raw["left"] or ()
    points = [{name: left[name] for name in ("raw", "adjusted", "at")}] if isinstance(left, dict) else left
    first = {"met": raw["opened"], "met_raw": raw["adjusted"]}
    return CounterState(**first | raw | {"left": tuple(RecoveryPoint(**point) for point in points)})
