"""What the fleet had learned at any earlier time: recorded in one pass over all printers, read in another.

    readings of all printers, by time ──► PriorsRecorder ──► PriorsLog: each value from when it held
    PriorsLog ──► KnownPriors.move_to(at) ──► the priors and the trend of the site as they were known at `at`

A replay of one printer then needs the others no more, and can go on beside theirs. It learns nothing: what is
known is that of the log, whatever the printer adds. Times are site-local, as in `agent.forecast`.
"""

import hashlib
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from agent.core.model import Alert
from agent.forecast import calibration
from agent.forecast.calibration import ForecastNote
from agent.forecast.fleet import MAX_NOTES, PrinterForecaster
from agent.forecast.fleet_priors import FleetPriors, MissQuantiles, RunningMean
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_model import SupplySample

LIFE, FACTOR = "life", "factor"  # keys of the log besides kins, gauges and sorts of trouble


class ForecastReading(NamedTuple):
    """What one reading of a printer brings for forecasts, in site-local time."""

    at: float
    pages: int | None  # the total; None if it was not read
    looks: Mapping[str, SupplySample]  # the supplies of which something may have changed
    began: Sequence[Alert]


@dataclass(slots=True)
class ValueLog:
    """The values of one thing, each from its time on."""

    times: list[float] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add_value(self, at: float, value: Any) -> None:
        """Add the value from `at` on, unless it is the one that holds."""
        if not self.values or self.values[-1] != value:
            self.times.append(at)
            self.values.append(value)

    def value_at(self, at: float) -> Any:
        """Return the value that held at `at`; None before the first."""
        place = bisect_right(self.times, at)
        return self.values[place - 1] if place else None


@dataclass(slots=True)
class PriorsLog:
    """All that was learned, over time, by what it is about."""

    means: dict[str, ValueLog] = field(default_factory=dict)  # kin of supply, LIFE or FACTOR -> a number
    misses: dict[str, ValueLog] = field(default_factory=dict)  # gauge -> (low, middle, high, n)
    healthy: dict[str, ValueLog] = field(default_factory=dict)  # sort of trouble -> (troubles, pages)

    @property
    def digest(self) -> str:
        """Return its hash."""
        return hashlib.sha256(repr((self.means, self.misses, self.healthy)).encode()).hexdigest()


@dataclass(slots=True)
class PriorsRecorder:
    """Learns from the readings of all printers, given by time, and records what was known when."""

    log: PriorsLog = field(default_factory=PriorsLog)
    pool: FleetPriors = field(default_factory=FleetPriors)
    site: SiteTrend = field(default_factory=SiteTrend)
    notes: dict[tuple[str, str], deque[ForecastNote]] = field(default_factory=dict)

    def add_reading(self, key: str, printer: PrinterForecaster, reading: ForecastReading) -> None:
        """Add one reading of the printer with this key, as `forecast_store` does live."""
        at, swapped = reading.at, printer.replacement_times if reading.looks else {}
        emptied = printer.add_reading(self.pool, at, reading.pages, reading.looks)
        for index in emptied:
            self._score(key, index, printer, at)
        for index, when in printer.replacement_times.items() if reading.looks else ():
            if when != swapped.get(index):
                self.notes.pop((key, index), None)
        for alert in reading.began:
            printer.add_alert(self.pool, alert, at)
        noted = printer.note_forecasts(self.pool, at)
        for index, made in noted.items():
            self.notes.setdefault((key, index), deque(maxlen=MAX_NOTES)).append((at, made.raw, made.sigma))
        self._record(reading, learned=bool(emptied or noted))

    def _record(self, reading: ForecastReading, *, learned: bool) -> None:
        """Record what this reading may have changed."""
        at, means = reading.at, self.log.means
        if learned:
            for name, mean in (*self.pool.usual.items(), (LIFE, self.pool.life)):
                means.setdefault(name, ValueLog()).add_value(at, mean.value)
        if reading.began:
            for sort, sums in self.pool.healthy.items():
                self.log.healthy.setdefault(sort, ValueLog()).add_value(at, sums)
        if reading.pages is not None:
            means.setdefault(FACTOR, ValueLog()).add_value(at, self.site.factor)

    def _score(self, key: str, index: str, printer: PrinterForecaster, at: float) -> None:
        notes = self.notes.pop((key, index), None)
        gauge = printer.slots[index].gauge_kind
        misses = self.pool.get_quantiles(gauge)
        if notes and calibration.learn_misses(misses, list(notes), at):
            now = (tuple(misses.low), tuple(misses.middle), tuple(misses.high), misses.n)
            self.log.misses.setdefault(gauge, ValueLog()).add_value(at, now)


class _KnownMean(RunningMean):
    """A mean that learns nothing."""

    def add_value(self, x: float) -> None:
        del x


class _KnownRates(dict[str, tuple[float, float]]):
    """The rates of healthy parts at a time; what is added is not kept."""

    def __init__(self, log: Mapping[str, ValueLog]) -> None:
        super().__init__()
        self.log, self.now = log, 0.0

    def get(self, key: str, default: Any = None) -> Any:
        found = self.log[key].value_at(self.now) if key in self.log else None
        return default if found is None else found

    def __setitem__(self, key: str, value: tuple[float, float]) -> None:
        del key, value


class _KnownTrend(SiteTrend):
    """The trend of the site; days that are added change nothing."""

    def add_day(self, day: int, ratio: float, evidence: float) -> None:
        del day, ratio, evidence


class KnownPriors(FleetPriors):
    """The priors of the fleet as they were known at the time that it was moved to."""

    def __init__(self, log: PriorsLog) -> None:
        super().__init__()
        self.log, self.site, self.rates = log, _KnownTrend(), _KnownRates(log.healthy)
        self.defaults = {LIFE: self.life.value, FACTOR: 1.0} | {
            kin: mean.value for kin, mean in self.usual.items()
        }
        self.usual = {kin: _KnownMean(mean.value, mean.weight, mean.most) for kin, mean in self.usual.items()}
        self.life = _KnownMean(self.life.value, self.life.weight, self.life.most)
        self.healthy = self.rates
        self._valid = (inf, -inf)

    def move_to(self, at: float) -> None:
        """Hold what was known at `at`."""
        self.rates.now = at
        self.site.factor = self._value_at(FACTOR, at)
        if self._valid[0] <= at < self._valid[1]:
            return
        self._valid = self._validity(at)
        for kin, mean in self.usual.items():
            mean.value = self._value_at(kin, at)
        self.life.value = self._value_at(LIFE, at)
        for gauge, values in self.log.misses.items():
            found = values.value_at(at)
            if found is not None:
                low, middle, high, n = found
                self.misses[gauge] = MissQuantiles(low, middle, high, n)

    def _validity(self, at: float) -> tuple[float, float]:
        """From when to when nothing is learned but the site's trend."""
        logs = [log for name, log in self.log.means.items() if name != FACTOR] + [*self.log.misses.values()]
        begin, end = -inf, inf
        for log in logs:
            place = bisect_right(log.times, at)
            begin = max(begin, log.times[place - 1] if place else -inf)
            end = min(end, log.times[place] if place < len(log.times) else inf)
        return begin, end

    def _value_at(self, name: str, at: float) -> float:
        found = self.log.means[name].value_at(at) if name in self.log.means else None
        return self.defaults[name] if found is None else float(found)
