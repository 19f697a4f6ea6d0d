"""A fleet as forecasts see it: printers with their slots, sites, and the pool they share.

look(printer, at, pages, {supply: Look}) ──► its habit, its site, its slots; empties are looked back upon
outlooks(printer, at)                    ──► an Outlook for each supply
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.model import Alert, Foresight, Wear
from agent.forecast import calibration
from agent.forecast.calibration import Note
from agent.forecast.failure_events import trouble
from agent.forecast.fleet_priors import Pool
from agent.forecast.part_wear import Parts
from agent.forecast.site_rhythm import Site
from agent.forecast.supply_forecast import NOTED, outlook
from agent.forecast.supply_model import Look, Slot
from agent.forecast.usage import Habit

NOTES = 70  # days for which forecasts are kept for the look back


@dataclass(slots=True)
class Printer:
    """One printer: what it prints, and what of it is in its slots. Pure but for what it is given."""

    site: Site
    habit: Habit = field(default_factory=Habit)
    slots: dict[str, Slot] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)

    def look(self, pool: Pool, at: float, count: int | None, looks: Mapping[str, Look]) -> list[str]:
        """Take in one reading; returns the indexes of the supplies that it showed to have run empty."""
        habit = self.habit
        before = habit.pages
        if count is not None:
            for day, ratio, worth in habit.observe(at, count):
                self.site.add(day, ratio, worth)
        pages = habit.pages
        emptied = []
        for index, said in looks.items():
            slot = self.slots.get(index)
            if slot is None:
                slot = self.slots[index] = Slot()
            if slot.look != said and slot.observe(pool, said, at, pages, before):
                emptied.append(index)
        return emptied

    @property
    def premature(self) -> dict[str, float]:
        """What was left in the cartridges that were replaced last, by supply index."""
        return {
            index: slot.premature or 0.0
            for index, slot in self.slots.items()
            if slot.swapped is not None and not slot.part
        }

    @property
    def renewed(self) -> dict[str, float]:
        """When each cartridge was last seen replaced, by supply index."""
        return {index: slot.swapped for index, slot in self.slots.items() if slot.swapped is not None}

    def meet(self, pool: Pool, alert: Alert, at: float) -> str | None:
        """Take in an alert that began; returns the part that it speaks of, if it is about wear."""
        found = trouble(alert)
        if found is None:
            return None
        self.parts.meet(pool, *found, at, self.habit.pages)
        return found[0]

    def foresight(self, pool: Pool, at: float) -> tuple[Foresight, dict[str, bool]]:
        """What is foreseen at `at`, and which forecasts are today's to note (True: a cartridge's first)."""
        outlooks, fresh = {}, {}
        for index, slot in self.slots.items():
            found = None if slot.part else outlook(pool, self.site, self.habit, slot, at)
            if found is None:
                continue
            outlooks[index] = found
            if found.raw and at - slot.said >= NOTED:
                fresh[index] = slot.said == 0.0
                slot.said = at
        return Foresight(outlooks=outlooks, premature=self.premature, parts=self.wear(pool, at)), fresh

    def wear(self, pool: Pool, at: float) -> dict[str, Wear]:
        """What is foreseen of its parts: of those that gave trouble, and of those whose life is counted."""
        kits = {slot.part: slot for slot in self.slots.values() if slot.part}
        found = {}
        for name in {**self.parts.known, **kits}:
            kit, part = kits.get(name), self.parts.known.get(name)
            used = None if kit is None or kit.look is None or kit.look.level is None else 1.0 - kit.look.level
            end = outlook(pool, self.site, self.habit, kit, at) if kit and used is not None else None
            found[name] = Wear(
                odds=part.odds(self.habit.pages, used) if part else 1.0,
                troubles=part.troubles if part else 0,
                last=part.last if part else None,
                life_used=used,
                days=end.p50 if end else None,
            )
        return found


@dataclass(slots=True)
class Fleet:
    """All printers in memory, with the notes of their forecasts: for rehearsals and benchmarks."""

    pool: Pool = field(default_factory=Pool)
    sites: dict[str, Site] = field(default_factory=dict)
    printers: dict[str, Printer] = field(default_factory=dict)
    notes: dict[tuple[str, str], deque[Note]] = field(default_factory=dict)

    def printer(self, key: str, site: str = "") -> Printer:
        """The printer with this key, made when it is met first."""
        found = self.printers.get(key)
        if found is None:
            found = self.printers[key] = Printer(self.sites.setdefault(site, Site()))
        return found

    def look(self, key: str, at: float, count: int | None, looks: Mapping[str, Look]) -> None:
        """Take in one reading; forecasts about what ran empty are looked back upon."""
        printer = self.printer(key)
        for index in printer.look(self.pool, at, count, looks):
            if notes := self.notes.pop((key, index), None):
                calibration.learn(self.pool.missed(printer.slots[index].gauge), list(notes), at)

    def foresight(self, key: str, at: float) -> Foresight:
        """Everything that is foreseen of one printer at `at`; noted once a day for the look back."""
        foresight, fresh = self.printers[key].foresight(self.pool, at)
        for index, first in fresh.items():
            found = foresight.outlooks[index]
            if first or (key, index) not in self.notes:
                self.notes[key, index] = deque(maxlen=NOTES)
            self.notes[key, index].append((at, found.raw, found.sigma))
        return foresight
