"""Supply stages: how close each supply is to empty, as a provider plans its stock by it.

    full ──► half ──► low ──► soon ──► empty        replaced: from the start again
          ≤ 50 %   ≤ 25 %   ≤ 10 %    0 %
          P10 ≤ 60 d  ≤ 30 d   ≤ 10 d               whichever comes first

- Each stage is sent once: a level that moves up and down at a border sends nothing. Only a replaced supply
  goes back to an earlier stage, and that is sent, too.
- A supply without a numeric level and without a forecast has no stage; nothing is sent for it.
- A supply that is full when first seen is recorded but not sent: the inventory lists it.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Final

from agent.core.model import Facts, Supply, SupplyForecast
from uplink.events.supply_order_hint import Reason, Stage

SCHEMA = (
    """
    CREATE TABLE supply_told (
        device TEXT NOT NULL, supply TEXT NOT NULL, mark TEXT NOT NULL,  -- a Mark as JSON
        PRIMARY KEY (device, supply)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE supply_told RENAME TO supply_stage_sent;
    ALTER TABLE supply_stage_sent RENAME COLUMN mark TO state
    """,
)

STAGES: Final[tuple[Stage, ...]] = ("full", "half", "low", "soon", "empty")
LEVEL_BORDERS = (50, 25, 10, 0)  # at or below which each stage after the first begins
DAY_BORDERS = (60.0, 30.0, 10.0)  # the same by P10; only a level decides "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMark:
    """The last stage sent for a supply."""

    stage: int
    serial: str | None = None
    renewed: float | None = None  # when it was replaced last; None if unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyHint:
    """One supply at a new stage."""

    supply: Supply
    outlook: SupplyForecast | None
    renewed: float | None  # when it was replaced; None if that was not seen
    reason: Reason
    mark: StageMark

    @property
    def index(self) -> str:
        return self.supply.index

    @property
    def stage(self) -> Stage:
        return STAGES[self.mark.stage]


def find_stage(percent: int | None, p10: float | None) -> int | None:
    """Return the index of the stage in `STAGES`; None without a level and a forecast."""
    if percent is None and p10 is None:
        return None
    by_level = sum(percent <= border for border in LEVEL_BORDERS) if percent is not None else 0
    by_days = sum(p10 <= border for border in DAY_BORDERS) if p10 is not None else 0
    return max(by_level, by_days)


def advance_stage(before: StageMark | None, now: StageMark) -> tuple[StageMark, Reason | None]:
    """Return the mark to store and the reason to send it; the reason is None if nothing is to be sent."""
    if before is None:
        return now, "stage" if now.stage else None
    if _was_replaced(before, now):
        return now, "replaced"
    further = max(before.stage, now.stage)
    mark = StageMark(stage=further, serial=now.serial or before.serial, renewed=now.renewed or before.renewed)
    return mark, "stage" if further > before.stage else None


def _was_replaced(before: StageMark, now: StageMark) -> bool:
    if before.serial and now.serial and before.serial != now.serial:
        return True
    return now.renewed is not None and now.renewed != before.renewed


def collect_hints(tx: sqlite3.Connection, known: Facts) -> list[SupplyHint]:
    """Collect the hints to send for a printer's supplies; store the marks of the others."""
    found = []
    for supply in known.supplies or ():
        outlook = known.foresight.supplies.get(supply.index)
        at = find_stage(supply.percent, outlook.p10 if outlook else None)
        if supply.kind != "consumed" or at is None:
            continue
        before = _load_mark(tx, known.device.key, supply.index)
        renewed = known.renewed.get(supply.index)
        mark, reason = advance_stage(before, StageMark(stage=at, serial=supply.serial, renewed=renewed))
        if reason:
            hint = SupplyHint(supply=supply, outlook=outlook, renewed=renewed, reason=reason, mark=mark)
            found.append(hint)
        elif mark != before:
            save_mark(tx, known.device.key, supply.index, mark)
    return found


def save_mark(tx: sqlite3.Connection, device: str, supply: str, mark: StageMark) -> None:
    """Store a supply's mark, when it was sent or does not need to be."""
    row = (device, supply, json.dumps(asdict(mark)))
    tx.execute("INSERT OR REPLACE INTO supply_stage_sent VALUES (?, ?, ?)", row)


def _load_mark(tx: sqlite3.Connection, device: str, supply: str) -> StageMark | None:
    row = tx.execute(
        "SELECT state FROM supply_stage_sent WHERE device = ? AND supply = ?", (device, supply)
    ).fetchone()
    return StageMark(**json.loads(row["state"])) if row else None
