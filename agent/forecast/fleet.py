"""A fleet as forecasts see it: printers with their slots, sites, and the pool they share.

look(printer, at, pages, {supply: Look}) ──► its habit, its site, its slots; empties are looked back upon
outlooks(printer, at)                    ──► an Outlook for each supply
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.model import Alert, Forecasts, PartForecast
from agent.forecast import calibration
from agent.forecast.calibration import ForecastNote
from agent.forecast.failure_events import find_trouble
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.part_wear import PrinterParts
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_forecast import NOTE_INTERVAL, forecast_supply
from agent.forecast.supply_model import SupplyModel, SupplySample
from agent.forecast.usage import UsageModel

MAX_NOTES = 70  # days for which forecasts are kept for the look back


@dataclass(slots=True)
class PrinterForecaster:
    """One printer: what it prints, and what of it is in its slots. Pure but for what it is given."""

    site: SiteTrend
    usage: UsageModel = field(default_factory=UsageModel)
    slots: dict[str, SupplyModel] = field(default_factory=dict)
    parts: PrinterParts = field(default_factory=PrinterParts)

    def add_reading(
        self, pool: FleetPriors, at: float, count: int | None, looks: Mapping[str, SupplySample]
    ) -> list[str]:
        """Take in one reading; returns the indexes of the supplies that it showed to have run empty."""
        habit = self.usage
        before = habit.pages
        if count is not None:
            for day, ratio, worth in habit.add_count(at, count):
                self.site.add_day(day, ratio, worth)
        pages = habit.pages
        emptied = []
        for index, said in looks.items():
            slot = self.slots.get(index)
            if slot is None:
                slot = self.slots[index] = SupplyModel()
            if slot.look != said and slot.add_sample(pool, said, at, pages, before):
                emptied.append(index)
        return emptied

    @property
    def premature_shares(self) -> dict[str, float]:
        """What was left in the cartridges that were replaced last, by supply index."""
        return {
            index: slot.premature or 0.0
            for index, slot in self.slots.items()
            if slot.replaced_at is not None and not slot.part
        }

    @property
    def replacement_times(self) -> dict[str, float]:
        """When each cartridge was last seen replaced, by supply index."""
        return {index: slot.replaced_at for index, slot in self.slots.items() if slot.replaced_at is not None}

    def add_alert(self, pool: FleetPriors, alert: Alert, at: float) -> str | None:
        """Take in an alert that began; returns the part that it speaks of, if it is about wear."""
        found = find_trouble(alert)
        if found is None:
            return None
        self.parts.add_trouble(pool, *found, at, self.usage.pages)
        return found[0]

    def build_forecasts(self, pool: FleetPriors, at: float) -> tuple[Forecasts, dict[str, bool]]:
        """What is foreseen at `at`, and which forecasts are today's to note (True: a cartridge's first)."""
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

    def build_part_forecasts(self, pool: FleetPriors, at: float) -> dict[str, PartForecast]:
        """What is foreseen of its parts: of those that gave trouble, and of those whose life is counted."""
        kits = {slot.part: slot for slot in self.slots.values() if slot.part}
        found = {}
        for name in {**self.parts.known, **kits}:
            kit, part = kits.get(name), self.parts.known.get(name)
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
    """All printers in memory, with the notes of their forecasts: for rehearsals and benchmarks."""

    pool: FleetPriors = field(default_factory=FleetPriors)
    sites: dict[str, SiteTrend] = field(default_factory=dict)
    printers: dict[str, PrinterForecaster] = field(default_factory=dict)
    notes: dict[tuple[str, str], deque[ForecastNote]] = field(default_factory=dict)

    def get_printer(self, key: str, site: str = "") -> PrinterForecaster:
        """The printer with this key, made when it is met first."""
        found = self.printers.get(key)
        if found is None:
            found = self.printers[key] = PrinterForecaster(self.sites.setdefault(site, SiteTrend()))
        return found

    def add_reading(self, key: str, at: float, count: int | None, looks: Mapping[str, SupplySample]) -> None:
        """Take in one reading; forecasts about what ran empty are looked back upon."""
        printer = self.get_printer(key)
        for index in printer.add_reading(self.pool, at, count, looks):
            if notes := self.notes.pop((key, index), None):
                calibration.learn_misses(
                    self.pool.get_quantiles(printer.slots[index].gauge_kind), list(notes), at
                )

    def build_forecasts(self, key: str, at: float) -> Forecasts:
        """Everything that is foreseen of one printer at `at`; noted once a day for the look back."""
        foresight, fresh = self.printers[key].build_forecasts(self.pool, at)
        for index, first in fresh.items():
            found = foresight.supplies[index]
            if first or (key, index) not in self.notes:
                self.notes[key, index] = deque(maxlen=MAX_NOTES)
            self.notes[key, index].append((at, found.raw, found.sigma))
        return foresight
