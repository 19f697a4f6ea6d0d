"""Forecasts on disk: the state of each printer, its site and the fleet, and every forecast made.

- The state is a few numbers for each printer, written with the reading that changed it, in its transaction.
- A forecast is noted once a day for each supply, and closed when the cartridge runs empty or is replaced.
- State in another format version is dropped, and forecasts start afresh.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.core.model import Alert, Forecasts, Supply, SupplyForecast
from agent.forecast import calibration, inputs
from agent.forecast.fleet import PrinterForecaster
from agent.forecast.fleet_priors import FleetPriors, MissQuantiles, RunningMean
from agent.forecast.part_wear import PartEvidence, PrinterParts
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_model import SupplyModel, SupplySample
from agent.forecast.usage import UsageModel

SCHEMA = (
    """
    CREATE TABLE foresight (
        what TEXT NOT NULL, key TEXT NOT NULL, form INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (what, key)
    ) WITHOUT ROWID;
    CREATE TABLE forecast (
        device TEXT NOT NULL, supply TEXT NOT NULL, at REAL NOT NULL,
        p10 REAL NOT NULL, p50 REAL NOT NULL, p90 REAL NOT NULL, raw REAL NOT NULL, sigma REAL NOT NULL,
        line REAL, ended REAL, empty INTEGER,
        PRIMARY KEY (device, supply, at)
    ) WITHOUT ROWID;
    CREATE INDEX forecast_ended ON forecast (ended)
    """,
    """
    ALTER TABLE foresight RENAME TO forecast_state;
    ALTER TABLE forecast_state RENAME COLUMN what TO kind;
    ALTER TABLE forecast_state RENAME COLUMN form TO format
    """,
)

STATE_VERSION = 1
RETENTION = 400 * 86400.0  # how long forecasts are kept once their cartridge is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastInput:
    """The parts of a reading that forecasts use; None for parts that were not read."""

    site: str = ""
    pages: int | None = None
    supplies: Iterable[Supply] | None = None
    alerts: Iterable[Alert] = ()  # the open ones
    began: Iterable[Alert] = ()  # those of them that were not open before


@dataclass(slots=True)
class _StoredState:
    """The state of one printer, with its texts on disk."""

    pool: FleetPriors
    printer: PrinterForecaster
    pool_text: str
    site_text: str
    printer_text: str


def update_forecasts(tx: sqlite3.Connection, device: str, at: float, brought: ForecastInput) -> Forecasts:
    """Add one reading and return the forecasts now. `device`: its key."""
    kept = _load_state(tx, device, brought.site)
    pool, printer, here = kept.pool, kept.printer, to_local_time(at)
    looks = {}
    if brought.supplies is not None:
        supplies = tuple(brought.supplies)
        add_supplies(printer, supplies)
        looks = inputs.build_samples(supplies, brought.alerts, printer.slots)
    swapped = printer.replacement_times
    emptied = printer.add_reading(pool, here, brought.pages, looks)
    for index in emptied:
        _score_forecasts(tx, device, index, kept, at)
    for index, when in printer.replacement_times.items():
        if when != swapped.get(index):
            _close_forecasts(tx, device, index, at, empty=False)
    for alert in brought.began:
        printer.add_alert(pool, alert, here)
    foresight, fresh = printer.build_forecasts(pool, here)
    for index in fresh:
        _save_forecast(tx, device, index, at, foresight.supplies[index])
    _save_state(tx, device, brought.site, kept)
    return foresight


def add_supplies(printer: PrinterForecaster, supplies: Iterable[Supply]) -> None:
    """Give the printer a slot for each supply that runs out by printing."""
    for supply in supplies:
        if supply.index not in printer.slots and (slot := inputs.build_supply_model(supply)):
            printer.slots[supply.index] = slot


def load_forecasts(tx: sqlite3.Connection, device: str, at: float, site: str) -> Forecasts:
    """Return the forecasts of a printer at `at` from its last reading, without a write."""
    kept = _load_state(tx, device, site)
    return kept.printer.build_forecasts(kept.pool, to_local_time(at))[0]


def delete_old_forecasts(tx: sqlite3.Connection, now: float, keep: float = RETENTION) -> None:
    """Delete forecasts of cartridges that ended long ago."""
    tx.execute("DELETE FROM forecast WHERE ended < ?", (now - keep,))


def to_local_time(at: float) -> float:
    """Return `at` in seconds of the site's wall clock."""
    offset = datetime.fromtimestamp(at).astimezone().utcoffset()
    return at + (offset.total_seconds() if offset else 0.0)


def _save_forecast(tx: sqlite3.Connection, device: str, supply: str, at: float, made: SupplyForecast) -> None:
    tx.execute(
        "INSERT OR REPLACE INTO forecast (device, supply, at, p10, p50, p90, raw, sigma, line) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (device, supply, at, made.p10, made.p50, made.p90, made.raw, made.sigma, made.line),
    )


def _score_forecasts(tx: sqlite3.Connection, device: str, supply: str, kept: _StoredState, at: float) -> None:
    notes = tx.execute(
        "SELECT at, raw, sigma FROM forecast WHERE device = ? AND supply = ? AND ended IS NULL ORDER BY at",
        (device, supply),
    ).fetchall()
    misses = kept.pool.get_quantiles(kept.printer.slots[supply].gauge_kind)
    calibration.learn_misses(misses, [(row["at"], row["raw"], row["sigma"]) for row in notes], at)
    _close_forecasts(tx, device, supply, at, empty=True)


def _close_forecasts(tx: sqlite3.Connection, device: str, supply: str, at: float, *, empty: bool) -> None:
    """Close the open forecasts of a cartridge that is gone."""
    tx.execute(
        "UPDATE forecast SET ended = ?, empty = ? WHERE device = ? AND supply = ? AND ended IS NULL",
        (at, int(empty), device, supply),
    )


def _load_state(tx: sqlite3.Connection, device: str, site: str) -> _StoredState:
    texts = {
        what: _read_state_text(tx, what, key)
        for what, key in (("pool", ""), ("site", site), ("printer", device))
    }
    here = _load_site(json.loads(texts["site"])) if texts["site"] else SiteTrend()
    return _StoredState(
        _load_pool(json.loads(texts["pool"])) if texts["pool"] else FleetPriors(),
        _load_printer(json.loads(texts["printer"]), here) if texts["printer"] else PrinterForecaster(here),
        texts["pool"],
        texts["site"],
        texts["printer"],
    )


def _save_state(tx: sqlite3.Connection, device: str, site: str, kept: _StoredState) -> None:
    """Write the states that changed: the printer's with levels and pages, the shared ones once a day."""
    if (now := _dump_printer(kept.printer)) != kept.printer_text:
        _write_state_text(tx, "printer", device, now)
    if (now := _dump_pool(kept.pool)) != kept.pool_text:
        _write_state_text(tx, "pool", "", now)
    if (now := _dump_site(kept.printer.site)) != kept.site_text:
        _write_state_text(tx, "site", site, now)


def _read_state_text(tx: sqlite3.Connection, what: str, key: str) -> str:
    found = tx.execute(
        "SELECT state FROM forecast_state WHERE kind = ? AND key = ? AND format = ?",
        (what, key, STATE_VERSION),
    ).fetchone()
    return found["state"] if found else ""


def _write_state_text(tx: sqlite3.Connection, what: str, key: str, state: str) -> None:
    tx.execute("INSERT OR REPLACE INTO forecast_state VALUES (?, ?, ?, ?)", (what, key, STATE_VERSION, state))


def _field_values(record: Any) -> list[Any]:
    """Return the fields of a record as a list, in order."""
    return [getattr(record, name) for name in record.__slots__]


def _dump_json(state: Mapping[str, Any]) -> str:
    return json.dumps(state, separators=(",", ":"))


def _dump_printer(printer: PrinterForecaster) -> str:
    return _dump_json(
        {
            "habit": _field_values(printer.usage),
            "slots": {index: _dump_slot(slot) for index, slot in printer.slots.items()},
            "parts": {name: _field_values(part) for name, part in printer.parts.evidence.items()},
        }
    )


def _dump_slot(slot: SupplyModel) -> list[Any]:
    plain = {"look": slot.look, "mark": _field_values(slot.mark)}
    return [plain.get(name, getattr(slot, name)) for name in slot.__slots__]


def _load_printer(state: Mapping[str, Any], site: SiteTrend) -> PrinterForecaster:
    return PrinterForecaster(
        site,
        UsageModel(*state["habit"]),
        {index: _load_slot(row) for index, row in state["slots"].items()},
        PrinterParts({name: PartEvidence(*row) for name, row in state["parts"].items()}),
    )


def _load_slot(row: list[Any]) -> SupplyModel:
    slot = SupplyModel(*row)
    slot.look = SupplySample(*slot.look) if slot.look else None
    slot.mark = RunningMean(*slot.mark)  # type: ignore[misc] # the same
    return slot


def _dump_site(site: SiteTrend) -> str:
    return _dump_json({"days": site.days, "tide": site.factor})


def _load_site(state: Mapping[str, Any]) -> SiteTrend:
    return SiteTrend({int(day): (sums[0], sums[1]) for day, sums in state["days"].items()}, state["tide"])


def _dump_pool(pool: FleetPriors) -> str:
    return _dump_json(
        {
            "usual": {kin: _field_values(mean) for kin, mean in pool.usual.items()},
            "life": _field_values(pool.life),
            "misses": {gauge: _field_values(misses) for gauge, misses in pool.misses.items()},
            "healthy": pool.healthy,
        }
    )


def _load_pool(state: Mapping[str, Any]) -> FleetPriors:
    return FleetPriors(
        {kin: RunningMean(*row) for kin, row in state["usual"].items()},
        RunningMean(*state["life"]),
        {gauge: MissQuantiles(*row) for gauge, row in state["misses"].items()},
        {key: (sums[0], sums[1]) for key, sums in state["healthy"].items()},
    )
