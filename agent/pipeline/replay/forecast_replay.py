"""Forecasts as they were made at earlier times: recomputed from history, with what was learned by then.

all printers, by time ──► PriorsRecorder ──► PriorsLog      one pass, in order of time
one printer, its log  ──► ForecastTimeline.forecasts_at(t)  each printer by itself, in any process
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.model import Device, Forecasts, SupplyForecast
from agent.forecast.fleet import PrinterForecaster
from agent.forecast.known_priors import KnownPriors, PriorsLog, PriorsRecorder
from agent.forecast.supply_forecast import forecast_supply
from agent.history import facts, retention
from agent.history.device_history import DAY
from agent.pipeline.replay.forecast_feed import FeedEvent, ForecastFeed, group_events, load_events, to_local

CHUNK = 60 * DAY  # of the history of all printers, in memory at a time


def learn_priors(db: sqlite3.Connection, devices: Iterable[Device], until: float) -> PriorsLog:
    """Learn what the fleet knew at each time before `until`, from the readings of all printers."""
    recorder = PriorsRecorder()
    feeds = [_build_feed(db, it, PrinterForecaster(recorder.site)) for it in devices]
    thinned = retention.load_thinned_until(db) or 0.0
    row = db.execute("SELECT min(at) AS at FROM series_value").fetchone()
    begin = until if row["at"] is None else row["at"]
    while begin < until:
        end = min(until, begin + CHUNK)
        for at, feed, events in _merge_events(db, feeds, begin, end, thinned):
            reading = feed.build_reading(at, events)
            recorder.add_reading(feed.device, feed.printer, reading)
        begin = end
    return recorder.log


def _build_feed(db: sqlite3.Connection, device: Device, printer: PrinterForecaster) -> ForecastFeed:
    supplies = {it.index: it for it in facts.load_last_supplies(db, device.key)}
    return ForecastFeed(device=device.key, supplies=supplies, printer=printer)


def _merge_events(
    db: sqlite3.Connection, feeds: Sequence[ForecastFeed], since: float, until: float, thinned: float
) -> Iterator[tuple[float, ForecastFeed, list[FeedEvent]]]:
    """The events of all printers in a span, by time, those of one printer at one time together."""
    found = [
        (at, place, events)
        for place, feed in enumerate(feeds)
        for at, events in group_events(load_events(db, feed.device, since, until, thinned))
    ]
    found.sort(key=lambda it: it[:2])
    return ((at, feeds[place], events) for at, place, events in found)


@dataclass(slots=True)
class ForecastTimeline:
    """The forecasts of one printer at times that are asked for in order."""

    feed: ForecastFeed
    priors: KnownPriors
    events: Sequence[tuple[float, list[FeedEvent]]]
    with_parts: bool = True  # also the wear of parts
    _place: int = 0
    _now: float | None = None
    _made: Forecasts = field(default_factory=Forecasts)

    @classmethod
    def load(
        cls, db: sqlite3.Connection, device: Device, log: PriorsLog, since: float, until: float
    ) -> "ForecastTimeline":
        """Load the printer's readings from `since`, its first on record, to `until`."""
        priors = KnownPriors(log)
        feed = _build_feed(db, device, PrinterForecaster(priors.site))
        thinned = retention.load_thinned_until(db) or 0.0
        return cls(feed, priors, list(group_events(load_events(db, device.key, since, until, thinned))))

    def forecasts_at(self, now: float) -> Forecasts:
        """Make the forecasts at `now`, from all readings up to then; those of supplies when asked for."""
        if now == self._now:
            return self._made
        while self._place < len(self.events) and self.events[self._place][0] <= now:
            at, events = self.events[self._place]
            self._take(at, events)
            self._place += 1
        local, printer = to_local(now), self.feed.printer
        self.priors.move_to(local)
        self._now, self._made = (
            now,
            Forecasts(
                supplies=_SupplyForecasts(printer, self.priors, local),
                premature=printer.premature_shares,
                parts=printer.build_part_forecasts(self.priors, local) if self.with_parts else {},
            ),
        )
        return self._made

    def _take(self, at: float, events: list[FeedEvent]) -> None:
        reading = self.feed.build_reading(at, events)
        if reading.looks or reading.began:
            self.priors.move_to(reading.at)
        self.feed.printer.add_reading(self.priors, reading.at, reading.pages, reading.looks)
        for alert in reading.began:
            self.feed.printer.add_alert(self.priors, alert, reading.at)

    def again(self, *, with_parts: bool) -> "ForecastTimeline":
        """The same from its beginning, for another rule."""
        printer = PrinterForecaster(self.priors.site)
        feed = ForecastFeed(device=self.feed.device, supplies=self.feed.supplies, printer=printer)
        return ForecastTimeline(feed, self.priors, self.events, with_parts)


class _SupplyForecasts(Mapping[str, SupplyForecast]):
    """The forecasts of a printer's supplies at one moment, each made when it is asked for."""

    __slots__ = ("at", "made", "printer", "priors")

    def __init__(self, printer: PrinterForecaster, priors: KnownPriors, at: float) -> None:
        self.printer, self.priors, self.at = printer, priors, at
        self.made: dict[str, SupplyForecast | None] = {}

    def __getitem__(self, index: str) -> SupplyForecast:
        if index not in self.made:
            slot = self.printer.slots[index]
            self.made[index] = (
                None
                if slot.part
                else forecast_supply(self.priors, self.printer.site, self.printer.usage, slot, self.at)
            )
        found = self.made[index]
        if found is None:
            raise KeyError(index)
        return found

    def __iter__(self) -> Iterator[str]:
        return (index for index in self.printer.slots if self.get(index) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
