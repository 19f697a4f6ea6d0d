"""`printwarden forecast`: when supplies run out and parts give up, and how good such forecasts have been."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    import sqlite3

    from agent.core.model import Device, Forecasts, Supply, SupplyForecast

BASES = {
    "measured": "measured: a gauge in fine steps",
    "coarse": "coarse: a gauge in steps of 5 % or more",
    "learned": "learned: no level, but cartridges before it, or an alert that it is almost empty",
    "assumed": "assumed: the rated yield and the fleet's experience, until one was seen to run down",
}
DAY = 86400.0
MAX_ODDS = 10_000  # beyond such odds a number says no more


def forecast(
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="A serial number, key or address; else all.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the supply that runs out first, as SVG.")
    ] = None,
    accuracy: Annotated[
        bool, typer.Option("--accuracy", help="Show how good the forecasts have been on this fleet.")
    ] = False,
    days: Annotated[float, typer.Option(help="With --accuracy: cartridges of the last DAYS days.")] = 400.0,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Show when supplies will be empty: a best estimate, and the days between which it falls with a chance
    of 80 %. All of it is estimated from levels and page counts; reads the state file, changes nothing.

    Examples:

      printwarden forecast VHB8912345

      printwarden forecast VHB8912345 --svg toner.svg

      printwarden forecast --accuracy
    """
    from agent.core import store
    from agent.discovery import inventory

    settings = _common.load_settings(config)
    now = _common.parse_clock(clock).now()
    with closing(store.open_reader(settings.database_path)) as db:
        if accuracy:
            if device is not None:
                raise typer.BadParameter(
                    "it covers the whole fleet: leave DEVICE out", param_hint="--accuracy"
                )
            _print_accuracy(db, now - days * DAY, as_json=as_json)
            return
        known = inventory.load_devices(db).values()
        chosen = [it for it in known if device is None or device in _device_names(it)]
        if device is not None and not chosen:
            _common.err.print(f"no printer is known as {device}; see: printwarden status", markup=False)
            raise typer.Exit(1)
        found = [(it, *_load_forecasts(db, it, settings.site.id)) for it in chosen]
        if as_json:
            _common.print_json([_forecast_document(*it) for it in found])
        else:
            for one in found:
                _print_forecasts(*one[:3])
            if device is not None:
                _draw_chart(db, found[0], svg)


def _device_names(device: "Device") -> tuple[str | None, ...]:
    return device.key, device.serial, device.mac, device.address.host, str(device.address)


def _load_forecasts(
    db: "sqlite3.Connection", device: "Device", site: str
) -> tuple["Forecasts", dict[str, "Supply"], float]:
    """Load the forecasts of each printer from when its supplies were last read."""
    from agent.core.model import SiteFacts
    from agent.forecast import forecast_store
    from agent.history import facts

    known = facts.load_facts(db, device, 0.0, SiteFacts())
    at = known.supplies_at or 0.0
    return (
        forecast_store.load_forecasts(db, device.key, at, site),
        {it.index: it for it in known.supplies or ()},
        at,
    )


def _supply_name(supply: "Supply | None", index: str) -> str:
    if supply is None:
        return index
    return supply.description or f"{supply.colour} {supply.type or 'supply'}"


def _print_forecasts(device: "Device", foresight: "Forecasts", supplies: dict[str, "Supply"]) -> None:
    columns = ("supply", "left", "empty in about", "80 % between", "a straight line says", "rests on")
    rows = [
        (
            _supply_name(supplies.get(index), index),
            f"{100 * it.left:.0f} %",
            f"{it.p50:.0f} days",
            f"{it.p10:.0f} and {it.p90:.0f} days",
            "–" if it.line is None else f"{it.line:.0f} days",
            it.basis,
        )
        for index, it in _sort_by_depletion(foresight)
    ]
    if not rows:
        _common.out.print(f"{device.name}: no forecast yet: nothing was seen printed\n", markup=False)
        return
    _common.print_table(f"{device.name}: estimates", columns, rows)
    for basis in dict.fromkeys(it.basis for it in foresight.supplies.values()):
        _common.out.print(f"  {BASES[basis]}", markup=False)
    for part, wear in sorted(foresight.parts.items()):
        if wear.troubles or wear.life_used is not None:
            _common.out.print(f"  {part}: {_format_wear(wear)}", markup=False)
    _common.out.print()


def _format_wear(wear: Any) -> str:
    parts = []
    if wear.life_used is not None:
        parts.append(f"{100 * wear.life_used:.0f} % of its rated life used")
    if wear.days is not None:
        parts.append(f"the rest in about {wear.days:.0f} days")
    if wear.troubles:
        times = f"{wear.odds:,.0f}" if wear.odds < MAX_ODDS else f"over {MAX_ODDS:,}"
        parts.append(f"{counted(wear.troubles, 'trouble')}; worn is {times} times likelier than chance")
    return ", ".join(parts)


def _sort_by_depletion(foresight: "Forecasts") -> list[tuple[str, "SupplyForecast"]]:
    return sorted(foresight.supplies.items(), key=lambda it: it[1].p50)


def _draw_chart(
    db: "sqlite3.Connection",
    found: tuple["Device", "Forecasts", dict[str, "Supply"], float],
    svg: Path | None,
) -> None:
    """Print the level of the supply that runs out first, over time."""
    from dataclasses import replace

    from agent.forecast import plot
    from agent.history import series

    device, foresight, supplies, at = found
    if not foresight.supplies:
        return
    index, made = _sort_by_depletion(foresight)[0]
    made = replace(made, at=at)
    supply = supplies.get(index)
    largest = supply.capacity if supply else None
    read = series.load_values(db, device.key, f"supply.{index}", at - 400 * DAY, at + 1.0)
    full = float(largest) if isinstance(largest, int) and largest > 0 else 100.0
    points = [(when, min(1.0, level / full)) for when, level in read if isinstance(level, int) and level >= 0]
    for line in plot.draw_terminal(points, made):
        _common.out.print(line, markup=False)
    _common.out.print("        █ read   · estimated   ( early   ● best estimate   ) late\n", markup=False)
    if svg:
        svg.write_text(
            plot.draw_svg(f"{_supply_name(supply, index)} of {device.name}", points, made), encoding="utf-8"
        )
        _common.out.print(f"drawn to {svg}", markup=False)


def _forecast_document(
    device: "Device", foresight: "Forecasts", supplies: dict[str, "Supply"], at: float
) -> dict[str, Any]:
    from agent.core.clock import format_iso_time

    return {
        "device": device.key,
        "at": format_iso_time(at),
        "estimate": True,
        "supplies": [
            {
                **asdict(it),
                "at": format_iso_time(at),
                "supply": index,
                "name": _supply_name(supplies.get(index), index),
            }
            for index, it in _sort_by_depletion(foresight)
        ],
        "parts": {name: asdict(wear) for name, wear in foresight.parts.items()},
    }


def _print_accuracy(db: "sqlite3.Connection", since: float, *, as_json: bool) -> None:
    from agent.forecast import accuracy as room

    found = room.measure_accuracy(db, since)
    if as_json:
        _common.print_json(asdict(found))
        return
    _common.print_table(
        f"{found.emptied} cartridges ran empty; {found.replaced} came out early and are not counted",
        (
            "days before",
            "forecasts",
            "mean miss",
            "bias (+ late)",
            "between P10 and P90",
            "a straight line misses by",
        ),
        (
            (
                f"{it.days:.0f}",
                it.n,
                _format_days(it.miss),
                _format_days(it.late),
                None if it.cover is None else f"{100 * it.cover:.0f} %",
                _format_days(it.line),
            )
            for it in found.leads
        ),
    )
    _common.out.print(
        f"\nOrders by forecast: {found.orders}, of them {found.false} with more than 10 days left; "
        f"{found.missed} of {found.emptied} cartridges had less than a day's notice."
    )
    if found.emptied < 20:
        _common.out.print("Fewer than 20 cartridges: these figures can still be chance.")


def _format_days(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} days"
