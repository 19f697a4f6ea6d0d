"""The forecasts of printers as people see them: the supply that is empty first comes first."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from agent.core.clock import format_iso_time
from agent.core.model import Device, Forecasts, SiteFacts, Supply, SupplyForecast
from agent.discovery import inventory
from agent.forecast import forecast_store
from agent.history import facts, series

DAY = 86400.0
HISTORY_DAYS = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterForecast:
    """What is expected of one printer, from when its supplies were last read (`at`: seconds since 1970)."""

    device: Device
    forecasts: Forecasts
    supplies: Mapping[str, Supply]  # by index
    at: float

    def sort_by_depletion(self) -> list[tuple[str, SupplyForecast]]:
        """Return (supply index, forecast), what is empty first on top."""
        return sorted(self.forecasts.supplies.items(), key=lambda one: one[1].p50)

    def supply_name(self, index: str) -> str:
        """Return what people call a supply; its index where nothing is known of it."""
        supply = self.supplies.get(index)
        return index if supply is None else supply.description or f"{supply.colour} {supply.type or 'supply'}"


def load_printer_forecasts(db: sqlite3.Connection, name: str | None, site: str) -> list[PrinterForecast]:
    """Load the forecasts of the printers called `name` (key, serial, MAC or address); None: of all."""
    known = inventory.load_devices(db).values()
    return [_load_forecast(db, one, site) for one in known if name is None or one.is_called(name)]


def _load_forecast(db: sqlite3.Connection, device: Device, site: str) -> PrinterForecast:
    known = facts.load_facts(db, device, 0.0, SiteFacts())
    at = known.supplies_at or 0.0
    return PrinterForecast(
        device=device,
        forecasts=forecast_store.load_forecasts(db, device.key, at, site),
        supplies={one.index: one for one in known.supplies or ()},
        at=at,
    )


def load_level_chart(
    db: sqlite3.Connection, printer: PrinterForecast
) -> tuple[str, list[tuple[float, float]], SupplyForecast] | None:
    """Load what a chart of the supply that runs out first needs: its name, (at, share left) and forecast.

    None if nothing is forecast.
    """
    if not printer.forecasts.supplies:
        return None
    index, forecast = printer.sort_by_depletion()[0]
    supply = printer.supplies.get(index)
    largest = supply.capacity if supply else None
    full = float(largest) if isinstance(largest, int) and largest > 0 else 100.0
    since = printer.at - HISTORY_DAYS * DAY
    read = series.load_values(db, printer.device.key, f"supply.{index}", since, printer.at + 1.0)
    points = [(when, min(1.0, level / full)) for when, level in read if isinstance(level, int) and level >= 0]
    return printer.supply_name(index), points, replace(forecast, at=printer.at)


def build_forecast_document(printer: PrinterForecast) -> dict[str, Any]:
    """Build what `forecast --json` prints for one printer."""
    at = format_iso_time(printer.at)
    return {
        "device": printer.device.key,
        "at": at,
        "estimate": True,
        "supplies": [
            {**asdict(one), "at": at, "supply": index, "name": printer.supply_name(index)}
            for index, one in printer.sort_by_depletion()
        ],
        "parts": {name: asdict(wear) for name, wear in printer.forecasts.parts.items()},
    }
