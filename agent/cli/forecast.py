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

    from agent.reporting.forecast_views import PrinterForecast

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
    from agent.reporting import forecast_views

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
        found = forecast_views.load_printer_forecasts(db, device, settings.site.id)
        if device is not None and not found:
            _common.err.print(f"no printer is known as {device}; see: printwarden status", markup=False)
            raise typer.Exit(1)
        if as_json:
            _common.print_json([forecast_views.build_forecast_document(one) for one in found])
            return
        for one in found:
            _print_forecasts(one)
        if device is not None:
            _draw_chart(db, found[0], svg)


def _print_forecasts(printer: "PrinterForecast") -> None:
    columns = ("supply", "left", "empty in about", "80 % between", "a straight line says", "rests on")
    rows = [
        (
            printer.supply_name(index),
            f"{100 * one.left:.0f} %",
            f"{one.p50:.0f} days",
            f"{one.p10:.0f} and {one.p90:.0f} days",
            "–" if one.line is None else f"{one.line:.0f} days",
            one.basis,
        )
        for index, one in printer.sort_by_depletion()
    ]
    name, found = printer.device.name, printer.forecasts
    if not rows:
        _common.out.print(f"{name}: no forecast yet: nothing was seen printed\n", markup=False)
        return
    _common.print_table(f"{name}: estimates", columns, rows)
    for basis in dict.fromkeys(one.basis for one in found.supplies.values()):
        _common.out.print(f"  {BASES[basis]}", markup=False)
    for part, wear in sorted(found.parts.items()):
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


def _draw_chart(db: "sqlite3.Connection", printer: "PrinterForecast", svg: Path | None) -> None:
    """Print the level of the supply that runs out first, over time."""
    from agent.forecast import plot
    from agent.reporting import forecast_views

    chart = forecast_views.load_level_chart(db, printer)
    if chart is None:
        return
    supply, points, foresight = chart
    for line in plot.draw_terminal(points, foresight):
        _common.out.print(line, markup=False)
    _common.out.print("        █ read   · estimated   ( early   ● best estimate   ) late\n", markup=False)
    if svg:
        title = f"{supply} of {printer.device.name}"
        svg.write_text(plot.draw_svg(title, points, foresight), encoding="utf-8")
        _common.out.print(f"drawn to {svg}", markup=False)


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
