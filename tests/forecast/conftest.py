"""Imaginary offices whose cartridges run down as they should, so that a forecast can be right or wrong."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from agent.forecast.fleet import FleetForecaster
from agent.forecast.supply_model import SupplyModel, SupplySample

DAY = 86400.0
MONDAY = 4 * DAY  # 1970-01-05
WEEK = (1.2, 1.3, 1.2, 1.2, 1.1, 0.0, 0.0)


@dataclass(slots=True)
class Office:
    """One printer that prints `pages` on a usual working day; a cartridge lasts `lasts` pages."""

    seed: int = 1
    pages: float = 120.0
    lasts: float = 4000.0
    key: str = "P1"
    site: str = "S"
    scatter: float = 0.5
    finest: int = 1  # percent
    emptied: list[float] = field(default_factory=list)  # when a cartridge was empty
    renewed: list[float] = field(default_factory=list)

    def readings(self, days: int) -> Iterator[tuple[float, int, SupplySample]]:
        """(at, counter, look) every four hours; an empty cartridge is replaced the next morning."""
        luck = random.Random(self.seed)
        count, fill = 10_000.0, 1.0
        for day in range(days):
            due = self.pages * WEEK[day % 7] * max(0.0, luck.gauss(1.0, self.scatter))
            for hour in (0, 4, 8, 12, 16, 20):
                at = MONDAY + day * DAY + hour * 3600.0
                if fill <= 0.0 and hour == 8:
                    fill = 1.0
                    self.renewed.append(at)
                printed = due / 3 if hour in {8, 12, 16} else 0.0
                count += printed
                before, fill = fill, max(0.0, fill - printed / self.lasts)
                if before > 0.0 >= fill:
                    self.emptied.append(at)
                yield at, int(count), self.look(fill)

    def look(self, fill: float) -> SupplySample:
        shown = -(-fill * 100 // self.finest) * self.finest / 100  # a gauge rounds up
        return SupplySample(min(1.0, shown), "", low=0.0 < fill < 0.1, empty=fill <= 0.0)


@pytest.fixture
def office() -> Office:
    return Office()


def equipped(fleet: FleetForecaster, office: Office, slots: Mapping[str, SupplyModel] | None = None) -> None:
    """The office's printer in `fleet`, with one black cartridge of 4000 pages."""
    fleet.get_printer(office.key, office.site).slots.update(slots or {"1": SupplyModel(rated=4000.0)})


def played(office: Office, days: int) -> FleetForecaster:
    """A fleet of that one printer, after so many days."""
    fleet = FleetForecaster()
    equipped(fleet, office)
    for at, count, look in office.readings(days):
        fleet.add_reading(office.key, at, count, {"1": look})
        fleet.build_forecasts(office.key, at)
    return fleet
