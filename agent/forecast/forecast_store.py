"""Forecasts on disk: what is known of each printer, its site and the pool, and every forecast made.

- The state is a few numbers for each printer, written with the reading that changed it, in its transaction.
- A forecast is noted once a day for each supply, and closed when the cartridge runs empty or is replaced.
- State in a form that this version does not know is forgotten, never guessed at: forecasts start afresh.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.core.model import Alert, Foresight, Outlook, Supply
from agent.forecast import calibration, inputs
from agent.forecast.fleet import Printer
from agent.forecast.fleet_priors import Mean, Misses, Pool
from agent.forecast.part_wear import Part, Parts
from agent.forecast.site_rhythm import Site
from agent.forecast.supply_model import Look, Slot
from agent.forecast.usage import Habit

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

FORM = 1
KEPT = 400 * 86400.0  # how long forecasts are kept once their cartridge is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What one reading of a printer brought: None for what it did not ask for."""

    site: str = ""
    pages: int | None = None
    supplies: Iterable[Supply] | None = None
    alerts: Iterable[Alert] = ()  # the open ones
    began: Iterable[Alert] = ()  # those of them that were not open before


@dataclass(slots=True)
class _Kept:
    """What is known of one printer, and the texts as which it stands on disk."""

    pool: Pool
    printer: Printer
    pool_text: str
    site_text: str
    printer_text: str


def take_in(tx: sqlite3.Connection, device: str, at: float, brought: Brought) -> Foresight:
    """Take in what one reading brought, and say what is foreseen now. `device`: its key."""
    kept = _load(tx, device, brought.site)
    pool, printer, here = kept.pool, kept.printer, local(at)
    looks = {}
    if brought.supplies is not None:
        supplies = tuple(brought.supplies)
        equip(printer, supplies)
        looks = inputs.looks(supplies, brought.alerts, printer.slots)
    swapped = printer.renewed
    emptied = printer.look(pool, here, brought.pages, looks)
    for index in emptied:
        _look_back(tx, device, index, kept, at)
    for index, when in printer.renewed.items():
        if when != swapped.get(index):
            _close(tx, device, index, at, empty=False)
    for alert in brought.began:
        printer.meet(pool, alert, here)
    foresight, fresh = printer.foresight(pool, here)
    for index in fresh:
        _note(tx, device, index, at, foresight.outlooks[index])
    _save(tx, device, brought.site, kept)
    return foresight


def equip(printer: Printer, supplies: Iterable[Supply]) -> None:
    """Give the printer a slot for each supply that runs out by printing."""
    for supply in supplies:
        if supply.index not in printer.slots and (slot := inputs.slot(supply)):
            printer.slots[supply.index] = slot


def of(tx: sqlite3.Connection, device: str, at: float, site: str) -> Foresight:
    """What is foreseen of a printer at `at`, as it was last seen; nothing is written."""
    kept = _load(tx, device, site)
    return kept.printer.foresight(kept.pool, local(at))[0]


def forget(tx: sqlite3.Connection, now: float) -> None:
    """Drop forecasts of cartridges that are long gone."""
    tx.execute("DELETE FROM forecast WHERE ended < ?", (now - KEPT,))


def local(at: float) -> float:
    """Seconds by the wall clock of the place, which people print by."""
    offset = datetime.fromtimestamp(at).astimezone().utcoffset()
    return at + (offset.total_seconds() if offset else 0.0)


def _note(tx: sqlite3.Connection, device: str, supply: str, at: float, made: Outlook) -> None:
    tx.execute(
        "INSERT OR REPLACE INTO forecast (device, supply, at, p10, p50, p90, raw, sigma, line) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (device, supply, at, made.p10, made.p50, made.p90, made.raw, made.sigma, made.line),
    )


def _look_back(tx: sqlite3.Connection, device: str, supply: str, kept: _Kept, at: float) -> None:
    notes = tx.execute(
        "SELECT at, raw, sigma FROM forecast WHERE device = ? AND supply = ? AND ended IS NULL ORDER BY at",
        (device, supply),
    ).fetchall()
    misses = kept.pool.missed(kept.printer.slots[supply].gauge)
    calibration.learn(misses, [(row["at"], row["raw"], row["sigma"]) for row in notes], at)
    _close(tx, device, supply, at, empty=True)


def _close(tx: sqlite3.Connection, device: str, supply: str, at: float, *, empty: bool) -> None:
    """The cartridge that open forecasts were about is no more."""
    tx.execute(
        "UPDATE forecast SET ended = ?, empty = ? WHERE device = ? AND supply = ? AND ended IS NULL",
        (at, int(empty), device, supply),
    )


def _load(tx: sqlite3.Connection, device: str, site: str) -> _Kept:
    texts = {what: _state(tx, what, key) for what, key in (("pool", ""), ("site", site), ("printer", device))}
    here = _load_site(json.loads(texts["site"])) if texts["site"] else Site()
    return _Kept(
        _load_pool(json.loads(texts["pool"])) if texts["pool"] else Pool(),
        _load_printer(json.loads(texts["printer"]), here) if texts["printer"] else Printer(here),
        texts["pool"],
        texts["site"],
        texts["printer"],
    )


def _save(tx: sqlite3.Connection, device: str, site: str, kept: _Kept) -> None:
    """Write what changed: the printer's own state with levels and pages, the shared parts once a day."""
    if (now := _dump_printer(kept.printer)) != kept.printer_text:
        _put(tx, "printer", device, now)
    if (now := _dump_pool(kept.pool)) != kept.pool_text:
        _put(tx, "pool", "", now)
    if (now := _dump_site(kept.printer.site)) != kept.site_text:
        _put(tx, "site", site, now)


def _state(tx: sqlite3.Connection, what: str, key: str) -> str:
    found = tx.execute(
        "SELECT state FROM forecast_state WHERE kind = ? AND key = ? AND format = ?", (what, key, FORM)
    ).fetchone()
    return found["state"] if found else ""


def _put(tx: sqlite3.Connection, what: str, key: str, state: str) -> None:
    tx.execute("INSERT OR REPLACE INTO forecast_state VALUES (?, ?, ?, ?)", (what, key, FORM, state))


def _row(record: Any) -> list[Any]:
    """A record as the list of its fields, in order."""
    return [getattr(record, name) for name in record.__slots__]


def _dump(state: Mapping[str, Any]) -> str:
    return json.dumps(state, separators=(",", ":"))


def _dump_printer(printer: Printer) -> str:
    return _dump(
        {
            "habit": _row(printer.habit),
            "slots": {index: _dump_slot(slot) for index, slot in printer.slots.items()},
            "parts": {name: _row(part) for name, part in printer.parts.known.items()},
        }
    )


def _dump_slot(slot: Slot) -> list[Any]:
    plain = {"look": slot.look, "mark": _row(slot.mark)}
    return [plain.get(name, getattr(slot, name)) for name in slot.__slots__]


def _load_printer(state: Mapping[str, Any], site: Site) -> Printer:
    return Printer(
        site,
        Habit(*state["habit"]),
        {index: _load_slot(row) for index, row in state["slots"].items()},
        Parts({name: Part(*row) for name, row in state["parts"].items()}),
    )


def _load_slot(row: list[Any]) -> Slot:
    slot = Slot(*row)
    slot.look = Look(*slot.look) if slot.look else None
    slot.mark = Mean(*slot.mark)  # type: ignore[misc] # the same
    return slot


def _dump_site(site: Site) -> str:
    return _dump({"days": site.days, "tide": site.tide})


def _load_site(state: Mapping[str, Any]) -> Site:
    return Site({int(day): (sums[0], sums[1]) for day, sums in state["days"].items()}, state["tide"])


def _dump_pool(pool: Pool) -> str:
    return _dump(
        {
            "usual": {kin: _row(mean) for kin, mean in pool.usual.items()},
            "life": _row(pool.life),
            "misses": {gauge: _row(misses) for gauge, misses in pool.misses.items()},
            "healthy": pool.healthy,
        }
    )


def _load_pool(state: Mapping[str, Any]) -> Pool:
    return Pool(
        {kin: Mean(*row) for kin, row in state["usual"].items()},
        Mean(*state["life"]),
        {gauge: Misses(*row) for gauge, row in state["misses"].items()},
        {key: (sums[0], sums[1]) for key, sums in state["healthy"].items()},
    )
