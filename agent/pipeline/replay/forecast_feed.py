"""The readings of one printer that forecasts are made of, rebuilt from its recorded history.

    series of the total and of levels, alert episodes, silences ──► ForecastReading, by time

History keeps changes, and forecasts learn also from days without one: a reading after each midnight and after
each silence says that nothing had changed. Where page counters were thinned to the last of each day, the
pages at a level's change are those of that day up to then, at an even pace within office hours.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from agent.core.model import Alert, Amount, Supply
from agent.forecast import forecast_store, inputs
from agent.forecast.failure_events import find_trouble
from agent.forecast.fleet import PrinterForecaster
from agent.forecast.known_priors import ForecastReading
from agent.history import record
from agent.history.device_history import DAY, VAGUE_BY_VALUE

OPENS = 7.5 * 3600.0  # seconds after midnight, when printing begins
AFTER_MIDNIGHT = 1800.0  # seconds; about when the counters are first read on a new day
PAGES, LEVEL, BEGAN, ENDED, QUIET = range(5)

FeedEvent = tuple[float, int, Any, Any]
"""At, what, and two values: PAGES count, LEVEL index and level, BEGAN or ENDED alert, QUIET nothing."""


@dataclass(slots=True)
class ForecastFeed:
    """The readings of one printer, to be taken in order of time; `printer` gets a slot for each supply."""

    device: str
    supplies: Mapping[str, Supply]  # by index, as they are today
    printer: PrinterForecaster
    count: int | None = None
    current: dict[str, Supply] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)  # row -> alerts open that say "low"
    out: dict[str, int] = field(default_factory=dict)

    def build_reading(self, at: float, events: list[FeedEvent]) -> ForecastReading:
        """Build the reading of all events at `at`."""
        touched: set[str] = set()
        began: list[Alert] = []
        count = None
        for _, what, one, other in events:
            if what in {PAGES, QUIET}:
                self.count = count = one if what == PAGES else self.count
            elif what == LEVEL:
                self._set_level(one, other)
                touched.add(one)
            else:
                touched |= self._note_alert(one, 1 if what == BEGAN else -1)
                if what == BEGAN:
                    began.append(one)
        low, out = set(self.low), set(self.out)
        looks = {
            index: inputs.build_sample(self.current[index], low, out)
            for index in touched
            if index in self.current and index in self.printer.slots
        }
        return ForecastReading(to_local(at), count, looks, tuple(began))

    def _set_level(self, index: str, level: Amount) -> None:
        supply = self.supplies.get(index)
        if supply is None:
            return
        known = index in self.current
        self.current[index] = replace(supply, level=level)
        if not known:
            forecast_store.add_supplies(self.printer, [self.current[index]])

    def _note_alert(self, alert: Alert, by: int) -> set[str]:
        """Count an alert about a supply's row; returns the supplies that it changes."""
        for rows, words in ((self.low, inputs.LOW_SUFFIXES), (self.out, inputs.EMPTY_SUFFIXES)):
            if inputs.is_about_supply(alert) and alert.name.endswith(words):
                row = str(alert.group_index)
                rows[row] = rows.get(row, 0) + by
                if rows[row] <= 0:
                    del rows[row]
                return {index for index in self.current if index.rpartition(".")[2] == row}
        return set()


def to_local(at: float) -> float:
    """Return `at` in seconds of the site's wall clock."""
    return at + _offset_of_hour(at // 3600)


@lru_cache(20_000)
def _offset_of_hour(hour: float) -> float:
    at = hour * 3600.0
    return forecast_store.to_local_time(at) - at


def group_events(events: Iterator[FeedEvent] | list[FeedEvent]) -> Iterator[tuple[float, list[FeedEvent]]]:
    """Group events, which are sorted, by their time."""
    group: list[FeedEvent] = []
    for event in events:
        if group and event[0] != group[0][0]:
            yield group[0][0], group
            group = []
        group.append(event)
    if group:
        yield group[0][0], group


def load_events(
    db: sqlite3.Connection, device: str, since: float, until: float, thinned_until: float = 0.0
) -> list[FeedEvent]:
    """Load the events of one printer from `since` to `until`, by time."""
    rows = db.execute(
        "SELECT name, at, value FROM series JOIN series_value ON series.id = series_value.series "
        "WHERE device = ? AND (name = ? OR name GLOB 'supply.*') AND at >= ? AND at < ? ORDER BY at",
        (device, record.TOTAL_METER, since, until),
    ).fetchall()
    events: list[FeedEvent] = []
    for name, at, value in rows:
        if name == record.TOTAL_METER:
            if isinstance(value, int):
                events.append((at, PAGES, value, None))
        elif value is not None:
            level = VAGUE_BY_VALUE[value] if isinstance(value, str) else value
            events.append((at, LEVEL, name.removeprefix("supply."), level))
    if since < thinned_until:
        events += _interpolate_pages(events, thinned_until)
    events += _load_alerts(db, device, since, until)
    events += _list_quiet_readings(db, device, since, until)
    events.sort(key=lambda it: it[:2])
    return events


def _load_alerts(db: sqlite3.Connection, device: str, since: float, until: float) -> Iterator[FeedEvent]:
    """Load the alerts that forecasts use: about wear, and about a supply that is low or empty."""
    rows = db.execute(
        "SELECT e.*, t.alert FROM alert_episode e JOIN alert_text t ON t.id = e.text "
        "WHERE device = ? AND began < ? AND (ended IS NULL OR ended >= ?) ORDER BY began, e.id",
        (device, until, since),
    )
    for row in rows:
        alert = record.episode_from_row(row).alert
        if not inputs.is_about_supply(alert) and find_trouble(alert) is None:
            continue
        if row["began"] >= since:
            yield row["began"], BEGAN, alert, None
        if row["ended"] is not None and row["ended"] < until:
            yield row["ended"], ENDED, alert, None


def _list_quiet_readings(
    db: sqlite3.Connection, device: str, since: float, until: float
) -> Iterator[FeedEvent]:
    """The readings after each midnight of the site and after each silence."""
    silences = [
        (row["began"], until if row["ended"] is None else row["ended"])
        for row in db.execute(
            "SELECT began, ended FROM unreachable_period WHERE device = ? AND began < ? "
            "AND coalesce(ended, ?) >= ? ORDER BY began",
            (device, until, until, since - DAY),
        )
    ]
    yield from ((end, QUIET, None, None) for _, end in silences if since <= end < until)
    place = 0
    for at in list_midnights(since // DAY, until // DAY):
        while place < len(silences) and silences[place][1] <= at:
            place += 1
        silent = place < len(silences) and silences[place][0] <= at
        if since <= at < until and not silent:
            yield at, QUIET, None, None


@lru_cache(8)
def list_midnights(first: float, last: float) -> tuple[float, ...]:
    """The times of a reading soon after each midnight of the site, of these days since 1970."""
    days = [number * DAY for number in range(int(first) - 1, int(last) + 2)]
    return tuple(day + AFTER_MIDNIGHT - (forecast_store.to_local_time(day) - day) for day in days)


def _interpolate_pages(events: list[FeedEvent], thinned_until: float) -> Iterator[FeedEvent]:
    """The count at each change of a level in a day of which only the last count was kept."""
    pages = [(at, count) for at, what, count, _ in events if what == PAGES]
    counted = {at for at, _ in pages}
    changes = sorted({it[0] for it in events if it[1] == LEVEL and it[0] < thinned_until} - counted)
    place = 0
    for at in changes:
        while place < len(pages) and pages[place][0] <= at:
            place += 1
        if 0 < place < len(pages) and pages[place][0] // DAY == at // DAY:
            (_, before), (last, after) = pages[place - 1], pages[place]
            begin = max(pages[place - 1][0], at // DAY * DAY + OPENS)
            share = min(1.0, max(0.0, (at - begin) / (last - begin))) if last > begin else 1.0
            if after >= before:
                yield at, PAGES, before + int(share * (after - before)), None
