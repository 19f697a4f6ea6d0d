"""A fleet's history as it would have been kept, made up at once instead of polled for a year.

Offices: pages on weekdays from 8 to 17, four page counters, four toners of which each lasts some weeks, a
drum and a waste box, sleep at night, a few alerts a day, a fifth of the printers switched off at night.
Page counters are thinned beyond 35 days, as `agent.history.retention` does. Behind `printwarden rules
history`: a history to try rules on, and nothing to judge them by.
"""

import itertools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from agent.core.errors import StoreError
from agent.core.model import Address, Alert, Device, Identity, Supply
from agent.core.store import Store
from agent.discovery import binding, inventory
from agent.forecast import forecast_store
from agent.history import record, serialization
from agent.history.meters import ledger
from agent.history.supply_gauges import SCHEMA as GAUGES
from agent.rules import evaluator
from agent.tickets import grouping, lifecycle
from agent.tickets.feedback import feedback_store

DAY, HOUR = 86400.0, 3600.0
END = 1_772_438_400.0  # Monday 2026-03-02 08:00 UTC
COLOURS = ("black", "cyan", "magenta", "yellow")
MAKES = (("HP", "E786"), ("Kyocera", "ECOSYS M3655"), ("Ricoh", "IM C3000"), ("Brother", "HL-L6400"))
ALERTS = (
    (8, "jam", "input", 2), (8, "jam", "mediaPath", 1), (808, "inputMediaSupplyEmpty", "input", 1),
    (807, "inputMediaSupplyLow", "input", 2), (3, "coverOpen", "cover", 1),
    (809, "inputMediaChangeRequest", "input", 1),
    (1104, "markerTonerAlmostEmpty", "markerSupplies", 1), (903, "outputMediaTrayFull", "output", 1),
    (29, "subunitRecoverableFailure", "mediaPath", 1), (1003, "markerFuserTimingFailure", "marker", 1),
)  # fmt: skip
COMPONENTS = {
    "inventory": inventory.SCHEMA,
    "history": record.SCHEMA,
    "gauges": GAUGES,
    "meters": ledger.SCHEMA,
    "forecast": forecast_store.SCHEMA,
    "rules": evaluator.SCHEMA,
    "tickets": lifecycle.SCHEMA,
    "grouping": grouping.SCHEMA,
    "feedback": feedback_store.SCHEMA,
}


def imagine_fleet(path: Path, printers: int, days: int, *, seed: int = 7, end: float = END) -> None:
    """A state file with the history of `printers` over the `days` before `end`."""
    store = Store(path, COMPONENTS)
    luck = random.Random(seed)  # noqa: S311 - no secret is made
    for number in range(printers):
        with store.transaction() as tx:
            _imagine_printer(tx, number, days, end, luck)
    with store.transaction() as tx:
        tx.execute("REPLACE INTO retention_progress VALUES ('pages', ?)", ((end - 35 * DAY) // DAY * DAY,))
    store.close()


def _imagine_printer(tx: sqlite3.Connection, number: int, days: int, end: float, luck: random.Random) -> None:
    vendor, model = MAKES[number % len(MAKES)]
    identity = Identity(vendor=vendor, model=model, serial=f"IMAGINED{number:06}", is_printer=True)
    address = Address(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")
    device = binding.bind_identity(tx, identity, address, now=end - days * DAY).device
    if device is None:
        raise StoreError(f"the inventory did not take {identity}")
    tracks = {
        name: list(values)
        for name, values in (
            *_list_pages(days, end, luck),
            *_list_levels(days, end, luck),
            ("state", _list_states(days, end, luck)),
            ("errors", _list_errors(days, end, luck)),
        )
    }
    for name, values in tracks.items():
        track = tx.execute("INSERT INTO series (device, name) VALUES (?, ?)", (device.key, name)).lastrowid
        pairs = dict(values)
        if name.startswith("supply."):
            levels = [(at, it) for at, it in values if isinstance(it, int)]
            _save_swaps(tx, device.key, name.removeprefix("supply."), levels)
        tx.executemany(
            "INSERT INTO series_value VALUES (?, ?, ?)", ((track, at, it) for at, it in pairs.items())
        )
    _save_alerts(tx, device, days, end, luck)
    _save_silences(tx, device, days, end, luck, nightly=number % 5 == 0)
    supplies = tuple(
        Supply(index=f"1.{place}", type="toner", kind="consumed", colour=colour, level=50, max=100)
        for place, colour in enumerate(COLOURS, 1)
    )
    tx.execute(
        "INSERT INTO latest (device, last_answer, answers_in_a_row, supplies, supplies_at, alerts_at, "
        "meters_at) VALUES (?, ?, 9, ?, ?, ?, ?)",
        (device.key, end, serialization.dump_supplies(supplies), end, end, end),
    )


def _list_weekdays(days: int, end: float) -> Iterator[float]:
    first = (end - days * DAY) // DAY * DAY
    return (first + day * DAY for day in range(days) if int(first // DAY + day + 3) % 7 < 5)


def _list_pages(days: int, end: float, luck: random.Random) -> Iterator[tuple[str, list[tuple[float, int]]]]:
    speed = luck.lognormvariate(3, 0.7)  # pages an hour
    for name, share in (("total", 1.0), ("mono", 0.7), ("colour", 0.3), ("copy", 0.2)):
        count, found = luck.randrange(200_000), []
        for day in _list_weekdays(days, end):
            hours = range(8, 17) if day >= end - 35 * DAY else (16,)
            for hour in hours:
                count += int(speed * share * luck.random() * 2 * (9 / len(hours)))
                found.append((day + hour * HOUR + luck.random() * 60, count))
        yield f"meter.{name}", found


def _list_levels(days: int, end: float, luck: random.Random) -> Iterator[tuple[str, list[tuple[float, int]]]]:
    for place in range(1, 7):  # four toners, a drum, a waste box
        level, found = luck.randrange(20, 100), []
        fall = luck.uniform(0.6, 3.0) if place < 5 else luck.uniform(0.05, 0.2)  # percent a day
        rest = 0.0
        for day in _list_weekdays(days, end):
            rest += fall * luck.random() * 2
            while rest >= 1.0:
                rest -= 1.0
                level = level - 1 if level > luck.randrange(0, 4) else 100
                found.append((day + luck.uniform(8, 17) * HOUR, level))
        yield f"supply.1.{place}", sorted(found)


def _save_swaps(tx: sqlite3.Connection, device: str, slot: str, levels: list[tuple[float, int]]) -> None:
    """A level that jumps to 100 is another cartridge."""
    swaps = [at for (_, before), (at, after) in itertools.pairwise(levels) if after > before + 15]
    rows_ = [(device, at, "replaced", slot, 0.0) for at in swaps]
    tx.executemany(
        "REPLACE INTO device_event (device, at, kind, detail, count) VALUES (?, ?, ?, ?, ?)", rows_
    )


def _list_states(days: int, end: float, luck: random.Random) -> Iterator[tuple[float, str]]:
    for day in _list_weekdays(days, end):
        yield day + 8 * HOUR + luck.random(), "running"
        for _ in range(luck.randrange(3)):
            begin = day + luck.uniform(9, 15) * HOUR
            yield begin, "asleep"
            yield begin + luck.uniform(0.3, 1.0) * HOUR, "running"
        yield day + 18 * HOUR + luck.random(), "asleep"


def _list_errors(days: int, end: float, luck: random.Random) -> Iterator[tuple[float, str]]:
    for day in _list_weekdays(days, end):
        for _ in range(luck.randrange(3)):
            begin = day + luck.uniform(8, 16) * HOUR
            yield begin, luck.choice(("lowPaper", "noPaper", "doorOpen", "jammed", "lowToner"))
            yield begin + luck.expovariate(1 / HOUR), ""


def _save_alerts(tx: sqlite3.Connection, device: Device, days: int, end: float, luck: random.Random) -> None:
    said = []
    for code, name, group, index in ALERTS:
        text = serialization.dump_alert(
            Alert(index=0, code=code, name=name, group=group, group_index=index, severity="critical")
        )
        tx.execute("INSERT OR IGNORE INTO alert_text (alert) VALUES (?)", (text,))
        said.append(tx.execute("SELECT id FROM alert_text WHERE alert = ?", (text,)).fetchone()["id"])
    weights = [12, 6, 20, 20, 10, 3, 3, 4, 2, 0.05]
    found = []
    for day in _list_weekdays(days, end):
        for number in range(luck.choice((0, 1, 1, 2, 3, 4))):
            begin = day + luck.uniform(8, 17) * HOUR
            which = luck.choices(said, weights)[0]
            found.append((device.key, begin, begin + luck.expovariate(1 / 1800), which, number + 1, 12345))
    found.sort(key=lambda row: row[1])
    tx.executemany(
        "INSERT INTO alert_episode (device, began, ended, text, alert_index, ticks) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        found,
    )


def _save_silences(
    tx: sqlite3.Connection, device: Device, days: int, end: float, luck: random.Random, *, nightly: bool
) -> None:
    for day in _list_weekdays(days, end):
        if nightly or luck.random() < 1 / 20:
            begin = day + 18 * HOUR + luck.random() * HOUR
            long = 13 * HOUR if nightly else luck.expovariate(1 / HOUR)
            tx.execute("INSERT INTO unreachable_period VALUES (?, ?, ?)", (device.key, begin, begin + long))
