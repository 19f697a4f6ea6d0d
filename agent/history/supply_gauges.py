"""How fine the gauge of a supply is, and which way a waste box counts, learned from its readings.

    level   87 86 86 84 83      falls by 1     -> step 1: percent by percent
    level   100 100 50 50 10    falls by 50    -> step 40 at best: no forecast can be finer
    waste   60 58 55 51         falls          -> the level is the room left (as RFC 3805 has it)
    waste   40 42 45 49         rises          -> the level is how full it is (as much firmware has it)

The direction belongs to a model: one printer's readings serve all printers of the model. Until it is
learned, no conclusion is drawn from a waste level. A large move the other way is a replaced or emptied
box, and is not learned from.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.core.model import Device, Supply

SCHEMA = (
    """
    CREATE TABLE gauge (
        vendor TEXT NOT NULL, model TEXT NOT NULL, supply TEXT NOT NULL,
        step INTEGER, falls INTEGER NOT NULL DEFAULT 0, rises INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (vendor, model, supply)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE gauge RENAME TO supply_gauge
    """,
)

MIN_MOVES = 5  # moves before a direction is used
MIN_AGREEMENT = 0.8  # share of them that must agree
MAX_MOVE = 0.3  # a larger move, as a share of the capacity, is not wear


class GaugeDirection(StrEnum):
    """The meaning of a receptacle's level."""

    ROOM_LEFT = "room_left"
    FILL = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyGauge:
    """The gauge of one supply of a model, as learned so far."""

    step: int | None = None  # smallest move seen, in the supply's own unit
    falls: int = 0
    rises: int = 0

    def with_move(self, before: int, after: int, largest: int) -> "SupplyGauge":
        """Return the gauge after one more move. `largest`: the capacity, in the same unit."""
        size = abs(after - before)
        if size == 0 or size > MAX_MOVE * largest:
            return self
        return replace(
            self,
            step=size if self.step is None else min(self.step, size),
            falls=self.falls + (after < before),
            rises=self.rises + (after > before),
        )

    @property
    def direction(self) -> GaugeDirection | None:
        """Return the meaning of a receptacle's level; None until enough moves agree."""
        moves = self.falls + self.rises
        if moves < MIN_MOVES:
            return None
        if self.falls >= MIN_AGREEMENT * moves:
            return GaugeDirection.ROOM_LEFT
        return GaugeDirection.FILL if self.rises >= MIN_AGREEMENT * moves else None


def gauge_key(supply: Supply) -> str:
    """Return the key of a gauge within its model: "wasteToner:unknown"."""
    return f"{supply.type}:{supply.colour}"


def find_fill_levels(supplies: Iterable[Supply], gauges: Mapping[str, SupplyGauge]) -> dict[str, int]:
    """Compute how full each receptacle is, in percent by index; only with a number and a direction."""
    full = {}
    for supply in supplies:
        gauge = gauges.get(gauge_key(supply)) if supply.is_receptacle else None
        if gauge and gauge.direction and supply.percent is not None:
            level = supply.percent
            full[supply.index] = level if gauge.direction is GaugeDirection.FILL else 100 - level
    return full


def learn_gauges(
    tx: sqlite3.Connection, device: Device, before: Iterable[Supply], after: Iterable[Supply]
) -> None:
    """Learn from two readings of one printer's supplies, the older first."""
    old = {supply.index: supply for supply in before}
    for new in after:
        last = old.get(new.index)
        if last and gauge_key(last) == gauge_key(new) and (move := _numeric_move(last, new)):
            _save_move(tx, device, gauge_key(new), *move)


def _numeric_move(before: Supply, after: Supply) -> tuple[int, int, int] | None:
    """Return (level before, level after, capacity), if all are numbers."""
    old, new, largest = before.level, after.level, after.capacity
    if isinstance(old, int) and isinstance(new, int) and isinstance(largest, int):
        return old, new, largest
    return None


def load_gauges(tx: sqlite3.Connection, device: Device) -> dict[str, SupplyGauge]:
    """Load the gauges of this printer's model, by `gauge_key`."""
    found = tx.execute("SELECT * FROM supply_gauge WHERE vendor = ? AND model = ?", _model_key(device))
    return {
        row["supply"]: SupplyGauge(step=row["step"], falls=row["falls"], rises=row["rises"]) for row in found
    }


def _save_move(
    tx: sqlite3.Connection, device: Device, supply: str, before: int, after: int, largest: int
) -> None:
    stored = load_gauges(tx, device).get(supply, SupplyGauge())
    gauge = stored.with_move(before, after, largest)
    if gauge != stored:
        tx.execute(
            "INSERT OR REPLACE INTO supply_gauge VALUES (?, ?, ?, ?, ?, ?)",
            (*_model_key(device), supply, gauge.step, gauge.falls, gauge.rises),
        )


def _model_key(device: Device) -> tuple[str, str]:
    return device.vendor or "", device.model or device.key
