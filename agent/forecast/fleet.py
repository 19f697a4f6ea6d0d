"""The forecasters of a fleet: printers with their slots, their sites, and the priors they share.

add_reading(printer, at, pages, {supply: sample}) ──► usage, site and slots; empty ones are scored
build_forecasts(printer, at)                      ──► a forecast for each supply and part
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.model import Alert, Forecasts, PartForecast, SupplyForecast
from agent.forecast import calibration
from agent.forecast.calibration import ForecastNote
from agent.forecast.failure_events import find_trouble
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.part_wear import PrinterParts
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_forecast import NOTE_INTERVAL, forecast_supply
from agent.forecast.supply_model import SupplyModel, SupplySample
from agent.forecast.usage import UsageModel

MAX_NOTES = 70  # forecasts of a cartridge that are kept for scoring, one a day


@dataclass(slots=True)
class PrinterForecaster:
    """One printer: its usage, and the cartridges in its slots."""

    site: SiteTrend
    usage: UsageModel = field(default_factory=UsageModel)
    slots: dict[str, SupplyModel] = field(default_factory=dict)
    parts: PrinterParts = field(default_factory=PrinterParts)

    def add_reading(
        self, pool: FleetPriors, at: float, count: int | None, looks: Mapping[str, SupplySample]
    ) -> list[str]:
        """Add one reading; return the indexes of the supplies that ran empty with it."""
        habit = self.usage
        before = habit.pages
        if count is not None:
            for day, ratio, worth in habit.add_count(at, count):
                self.site.add_day(day, ratio, worth)
        pages = habit.pages
        emptied = []
        for index, sample in looks.items():
            slot = self.slots.get(index)
            if slot is None:
                slot = self.slots[index] = SupplyModel()
            if slot.look != sample and slot.add_sample(pool, sample, at, pages, before):
                emptied.append(index)
        return emptied

    @property
    def premature_shares(self) -> dict[str, float]:
        """Return the share left in the cartridges that were replaced last, by supply index."""
        return {
            index: slot.premature or 0.0
            for index, slot in self.slots.items()
            if slot.replaced_at is not None and not slot.part
        }

    @property
    def replacement_times(self) -> dict[str, float]:
        """Return the time of each cartridge's last replacement, by supply index."""
        return {index: slot.replaced_at for index, slot in self.slots.items() if slot.replaced_at is not None}

    def add_alert(self, pool: FleetPriors, alert: Alert, at: float) -> str | None:
        """Add an alert that began; return the part that it concerns, if it is about wear."""
        found = find_trouble(alert)
        if found is None:
            return None
        self.parts.add_trouble(pool, *found, at, self.usage.pages)
        return found[0]

    def build_forecasts(self, pool: FleetPriors, at: float) -> tuple[Forecasts, dict[str, bool]]:
        """Build the forecasts at `at`, and mark those to note today (True: a cartridge's first)."""
        outlooks, fresh = {}, {}
        for index, slot in self.slots.items():
            found = None if slot.part else forecast_supply(pool, self.site, self.usage, slot, at)
            if found is None:
                continue
            outlooks[index] = found
            if found.raw and at - slot.noted_at >= NOTE_INTERVAL:
                fresh[index] = slot.noted_at == 0.0
                slot.noted_at = at
        return Forecasts(
            supplies=outlooks, premature=self.premature_shares, parts=self.build_part_forecasts(pool, at)
        ), fresh

    def note_forecasts(self, pool: FleetPriors, at: float) -> dict[str, SupplyForecast]:
        """Build the forecasts to note at `at`: one a day of each cartridge, the first at once."""
        noted = {}
        for index, slot in self.slots.items():
            if not slot.part and at - slot.noted_at >= NOTE_INTERVAL:
                found = forecast_supply(pool, self.site, self.usage, slot, at)
                if found is not None and found.raw:
                    slot.noted_at, noted[index] = at, found
        return noted

    def build_part_forecasts(self, pool: FleetPriors, at: float) -> dict[str, PartForecast]:
        """Build the forecasts of the parts that had trouble or have a life counter."""
        kits = {slot.part: slot for slot in self.slots.values() if slot.part}
        found = {}
        for name in {**self.parts.evidence, **kits}:
            kit, part = kits.get(name), self.parts.evidence.get(name)
            used = None if kit is None or kit.look is None or kit.look.level is None else 1.0 - kit.look.level
            end = forecast_supply(pool, self.site, self.usage, kit, at) if kit and used is not None else None
            found[name] = PartForecast(
                odds=part.worn_odds(self.usage.pages, used) if part else 1.0,
                troubles=part.troubles if part else 0,
                last=part.last if part else None,
                life_used=used,
                days=end.p50 if end else None,
            )
        return found


@dataclass(slots=True)
class FleetForecaster:
    """All printers in memory, with the notes of their forecasts: for backtests and benchmarks."""

    pool: FleetPriors = field(default_factory=FleetPriors)
    sites: dict[str, SiteTrend] = field(default_factory=dict)
    printers: dict[str, PrinterForecaster] = field(default_factory=dict)
    notes: dict[tuple[str, str], deque[ForecastNote]] = field(default_factory=dict)

    def get_printer(self, key: str, site: str = "") -> PrinterForecaster:
        """Return the printer with this key, made on first use."""
        found = self.printers.get(key)
        if found is None:
            found = self.printers[key] = PrinterForecaster(self.sites.setdefault(site, SiteTrend()))
        return found

    def add_reading(self, key: str, at: float, count: int | None, looks: Mapping[str, SupplySample]) -> None:
        """Add one reading; score the forecasts of supplies that ran empty."""
        printer = self.get_printer(key)
        for index in printer.add_reading(self.pool, at, count, looks):
            if notes := self.notes.pop((key, index), None):
                calibration.learn_misses(
                    self.pool.get_quantiles(printer.slots[index].gauge_kind), list(notes), at
                )

    def build_forecasts(self, key: str, at: float) -> Forecasts:
        """Build all forecasts of one printer at `at`; note them once a day for scoring."""
        foresight, fresh = self.printers[key].build_forecasts(self.pool, at)
        for index, first in fresh.items():
            found = foresight.supplies[index]
            if first or (key, index) not in self.notes:
                self.notes[key, index] = deque(maxlen=MAX_NOTES)
            self.notes[key, index].append((at, found.raw, found.sigma))
        return foresight
