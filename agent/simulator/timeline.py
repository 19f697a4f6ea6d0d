"""The timeline of one printer: the state that its scenario gives at a moment.

pages_at(t)   pages printed by then: jobs of 90 s every ten minutes that it is not stopped
levels        follow from the pages; so do "toner low" and "paper low", which are conditions too
state_at(t)   the conditions at t, and the number of alerts by then
"""

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.simulator.model import RECEPTACLES, PrinterModel, SupplyKind, SupplySpec, TraySpec
from agent.simulator.scenario import (
    CRITICAL,
    HORIZON,
    HOUR,
    INPUT,
    SUPPLIES,
    TRAINED,
    UNTRAINED,
    WARNING_BINARY,
    AlertRow,
    PrinterCondition,
    Scenario,
)

JOB_INTERVAL = 600.0
JOB_DURATION = 90.0
LOW_SHARE = 0.10
"""Share at which a printer begins to speak of "low"."""

VAGUE = -3  # RFC 3805, prtMarkerSuppliesLevel, prtInputCurrentLevel: some left

RUNNING, WARNED, DOWN = 2, 3, 5  # hrDeviceStatus (RFC 2790)
OTHER, IDLE, PRINTING = 1, 3, 4  # hrPrinterStatus

_LOW_CODE = {
    SupplyKind.TONER: 1104,
    SupplyKind.TONER_CARTRIDGE: 1104,
    SupplyKind.INK_CARTRIDGE: 1105,
    SupplyKind.WASTE_TONER: 1107,
    SupplyKind.WASTE_INK: 1108,
    SupplyKind.DRUM: 1111,
}
_COLORANT_SUPPLIES = {SupplyKind.TONER, SupplyKind.TONER_CARTRIDGE, SupplyKind.INK_CARTRIDGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveAlert:
    """One current row of the alert table."""

    index: int
    row: AlertRow
    since: float  # seconds since the fleet's start


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedState:
    """All values that a scenario moves, at one moment."""

    device: int  # hrDeviceStatus
    printer: int  # hrPrinterStatus
    bits: frozenset[str]
    pages: int  # since the fleet's start
    levels: tuple[int, ...]  # one per part, as the MIB has it
    sheets: tuple[int, ...]  # one per drawer
    active_alerts: tuple[ActiveAlert, ...]
    critical_events: int
    all_events: int
    open_covers: frozenset[int]
    panel: str
    silent: bool


class Timeline:
    """The state of one printer with one scenario, at any moment from the fleet's start on."""

    def __init__(self, make: PrinterModel, story: Scenario) -> None:
        self.make = make
        self.story = story
        self._rests = _merge_intervals(spell for spell in story.conditions if spell.stops_printing)
        lengths = (ends - begins for begins, ends in self._rests)
        self._rested = [0.0, *itertools.accumulate(lengths)]  # by the end of each of them
        follow = [*self._supply_conditions(), *self._paper_conditions()]
        self._spells = sorted((*story.conditions, *follow), key=lambda spell: spell.begins)

    def pages_at(self, elapsed: float) -> int:
        """Printed since the fleet's start: whole pages, never fewer than before."""
        jobs, within = divmod(self._awake_time(elapsed), JOB_INTERVAL)
        worked = (jobs + min(1.0, within / JOB_DURATION)) * JOB_INTERVAL
        return int(worked * self.story.pages_per_hour / HOUR)

    def state_at(self, elapsed: float) -> SimulatedState:
        """Everything at `elapsed` seconds since the fleet's start."""
        now = max(0.0, elapsed)
        spells = [spell for spell in self._spells if spell.is_active_at(now)]
        past = [spell for spell in self._spells if spell.row and spell.begins <= now]
        standing = tuple(
            ActiveAlert(index=index, row=spell.row, since=spell.begins)
            for index, spell in enumerate(past, start=1)
            if spell.row and spell.is_active_at(now)
        )
        pages = self.pages_at(now)
        device, printer = self._status_pair(spells, now)
        return SimulatedState(
            device=device,
            printer=printer,
            bits=frozenset(bit for spell in spells for bit in spell.bits),
            pages=pages,
            levels=tuple(
                self._supply_level(row, part, pages) for row, part in enumerate(self.make.parts, start=1)
            ),
            sheets=tuple(_sheets_left(drawer, pages) for drawer in self.make.drawers),
            active_alerts=standing,
            critical_events=sum(1 for spell in past if spell.row and spell.row.severity == CRITICAL),
            all_events=len(past),
            open_covers=frozenset(spell.cover for spell in spells if spell.cover is not None),
            panel=_panel_text(spells, self.make.ready),
            silent=any(spell.silent for spell in spells),
        )

    def _status_pair(self, spells: list[PrinterCondition], now: float) -> tuple[int, int]:
        """The pair of RFC 3805, section 2.2.13.2.1."""
        rows = [spell.row for spell in spells if spell.row and not spell.permanent]
        if any(row.severity == CRITICAL for row in rows):
            return DOWN, OTHER
        if any(spell.asleep for spell in spells):
            return RUNNING, OTHER
        printing = PRINTING if self._awake_time(now) % JOB_INTERVAL < JOB_DURATION else IDLE
        return (WARNED if rows else RUNNING), printing

    def _awake_time(self, elapsed: float) -> float:
        """Return the seconds until `elapsed` in which the printer was able to print."""
        begun = bisect_right(self._rests, (elapsed, math.inf))
        if begun and elapsed < self._rests[begun - 1][1]:
            return self._rests[begun - 1][0] - self._rested[begun - 1]
        return elapsed - self._rested[begun]

    def _time_of_page(self, pages: float) -> float:
        """The first second at which so many pages are printed; infinity if that is beyond the horizon."""
        low, high = 0, int(HORIZON)
        if self.pages_at(high) < pages:
            return math.inf
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.pages_at(middle) >= pages else (middle + 1, high)
        return float(low)

    def _initial_share(self, row: int, part: SupplySpec) -> float:
        return self.story.left.get(row, part.left)

    def _supply_level(self, row: int, part: SupplySpec, pages: int) -> int:
        if part.vague:
            return VAGUE
        return math.ceil(max(part.floor, self._initial_share(row, part) - pages / part.pages) * part.largest)

    def _supply_conditions(self) -> Iterator[PrinterCondition]:
        """ "Low" begins where the level passes `LOW` and stays, because no supply is replaced here."""
        for row, part in enumerate(self.make.parts, start=1):
            begins = self._time_of_page((self._initial_share(row, part) - LOW_SHARE) * part.pages)
            if part.vague or part.kind not in _LOW_CODE or begins == math.inf:
                continue
            yield PrinterCondition(
                begins=begins,
                bits=("lowToner",) if part.kind in _COLORANT_SUPPLIES else (),
                row=AlertRow(
                    code=_LOW_CODE[part.kind],
                    group=SUPPLIES,
                    group_index=row,
                    severity=WARNING_BINARY,
                    training=TRAINED,
                    text=f"{part.description} {'almost full' if part.kind in RECEPTACLES else 'low'}",
                ),
            )

    def _paper_conditions(self) -> Iterator[PrinterCondition]:
        """ "Paper low" comes when a drawer is nearly empty, and goes when it is filled."""
        for row, drawer in enumerate(self.make.drawers, start=1):
            if drawer.vague or not drawer.share:
                continue
            for low, filled in _low_paper_ranges(drawer):
                begins = self._time_of_page(low)
                if begins == math.inf:
                    break
                yield PrinterCondition(
                    begins=begins,
                    ends=self._time_of_page(filled),
                    bits=("lowPaper",),
                    row=AlertRow(
                        code=807,
                        group=INPUT,
                        group_index=row,
                        severity=WARNING_BINARY,
                        training=UNTRAINED,
                        text=f"{drawer.name}: paper low",
                    ),
                )


def _refill_cycle(drawer: TraySpec) -> int:
    """Return the sheets between two fillings: a drawer is filled when it is down to 4 %."""
    return drawer.capacity - drawer.capacity // 25


def _sheets_left(drawer: TraySpec, pages: int) -> int:
    """Sheets in the drawer after so many printed pages."""
    if drawer.vague:
        return VAGUE
    taken = drawer.capacity - drawer.sheets + int(pages * drawer.share)
    return drawer.capacity - taken % _refill_cycle(drawer)


def _low_paper_ranges(drawer: TraySpec) -> Iterator[tuple[float, float]]:
    """Page counts between which the drawer is low, one pair per filling, without end."""
    filled = 0
    while True:
        low = filled + math.floor(drawer.capacity * (1 - LOW_SHARE)) + 1
        filled += _refill_cycle(drawer)
        started = drawer.capacity - drawer.sheets
        yield (low - started) / drawer.share, (filled - started) / drawer.share


def _merge_intervals(spells: Iterable[PrinterCondition]) -> list[tuple[float, float]]:
    """The times from the start on that at least one condition covers, without overlap, in order."""
    merged: list[tuple[float, float]] = []
    for begins, ends in sorted((max(0.0, spell.begins), spell.ends) for spell in spells):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return merged


def _panel_text(spells: list[PrinterCondition], ready: str) -> str:
    """Return the text of the panel: the gravest alert, or that all is well."""
    rows = [spell.row for spell in spells if spell.row and not spell.permanent]
    if rows:
        return min(rows, key=lambda row: row.severity).text
    return "Sleeping" if any(spell.asleep for spell in spells) else ready
