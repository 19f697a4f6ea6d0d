"""Some weeks of a small fleet, fed reading by reading through the stages of the running agent.

    days of a printer ──► Snapshot every half hour ──► Pipeline (identity to outbox) ──► state file, tickets

What the state file then says must be what a backtest makes of its history. Each printer has troubles of its own:
toner that runs out, swaps that come early, jams, doors, silences, restarts, a gauge without numbers, a fuser kit.
"""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.app import MIGRATIONS
from agent.core.model import (
    Address,
    Alert,
    DeviceStatus,
    Facts,
    Identity,
    Meter,
    PrinterStatus,
    SiteFacts,
    Snapshot,
    Status,
    Supply,
    TicketEvent,
    Vague,
)
from agent.core.store import Store
from agent.history import retention
from agent.pipeline.pipeline import Pipeline, PollResult
from agent.reporting.sender import Sender
from agent.rules.evaluator import RuleEvaluator
from agent.rules.rule import RuleSet

DAY, HOUR = 86400.0, 3600.0
START = 1_765_756_800.0  # Monday 2025-12-15 00:00 UTC
SITE = "S-1"
MODELS = (("Kyocera", "ECOSYS M3655"), ("HP", "E786"), ("Ricoh", "IM C3000"))
COLOURS = ("black", "cyan", "magenta", "yellow")
JAM, NEAR_END, FUSER, TRAY_EMPTY = 8, 1104, 1009, 808
NAMES = {
    JAM: ("jam", "input"),
    NEAR_END: ("markerTonerAlmostEmpty", "markerSupplies"),
    FUSER: ("markerFuserThermistorFailure", "marker"),
    TRAY_EMPTY: ("inputMediaSupplyEmpty", "input"),
}


@dataclass(slots=True)
class LivedPrinter:
    """One printer of the imagined site, and what goes on in it now."""

    number: int
    luck: random.Random
    pages: int = 0
    booted: float = START - 90 * DAY
    levels: list[float] = field(default_factory=list)  # shares of a cartridge
    falls: list[float] = field(default_factory=list)  # of a cartridge, a page
    fuser: float = 0.0  # share of the rated life left
    silent_until: float = 0.0
    door_until: float = 0.0
    alerts: dict[tuple[int, int], float] = field(default_factory=dict)  # (code, place) -> until

    @classmethod
    def build(cls, number: int, seed: int) -> "LivedPrinter":
        luck = random.Random(seed * 1000 + number)
        return cls(
            number=number,
            luck=luck,
            pages=luck.randrange(5_000, 90_000),
            levels=[luck.uniform(0.05, 1.0) for _ in range(1 if number % 3 == 0 else 4)],
            falls=[1 / luck.uniform(2500, 6000) for _ in range(4)],
            fuser=luck.uniform(0.02, 0.15),
        )

    @property
    def serial(self) -> str:
        return f"LIVED{self.number:04}"

    def pass_time(self, at: float, step: float) -> None:
        """Let `step` seconds until `at` pass."""
        luck, hour = self.luck, at % DAY / HOUR
        works = int(at // DAY + 3) % 7 < 5 and 8 <= hour < 17.5
        printed = int(luck.expovariate(1 / (14.0 + 5 * (self.number % 4))) * step / HOUR * 2) if works else 0
        self.pages += printed
        self.fuser -= printed / 150_000
        for place, level in enumerate(self.levels):
            self.levels[place] = max(0.0, level - printed * self.falls[place])
            if level < luck.choice((0.0, 0.0, 0.02, 0.08)) and works and luck.random() < 0.06:
                self.levels[place] = 1.0
        if self.fuser < 0.004 and works and luck.random() < 0.01:
            self.fuser = 1.0
        if works:
            self._meet_troubles(at, step / (9 * HOUR))

    def _meet_troubles(self, at: float, share: float) -> None:
        """`share`: of a working day."""
        luck = self.luck
        bad_week = int(at // (7 * DAY) + self.number) % 4 == 0
        if luck.random() < share * (1.6 if bad_week else 0.15):
            self.alerts[JAM, 2] = at + luck.choice((0.4, 1.0, 3.0)) * HOUR
        if self.number % 2 and bad_week and luck.random() < share * 0.5:
            self.alerts[FUSER, 1] = at + luck.choice((0.6, 5.0)) * HOUR
        if luck.random() < share * 0.4:
            self.alerts[TRAY_EMPTY, 1] = at + luck.uniform(0.2, 8.0) * HOUR
        if luck.random() < share * 0.3:
            self.door_until = at + luck.choice((0.5, 7.0)) * HOUR
        if luck.random() < share * 0.08:
            self.silent_until = at + luck.choice((0.7, 4.0, 30.0)) * HOUR
        if luck.random() < share * 0.1:
            self.booted = at - 120.0
            self.alerts.clear()

    def take_reading(self, at: float, *, counts: bool) -> Snapshot:
        """What a poll at `at` reads. `counts`: with page counters."""
        address = Address(f"192.0.2.{self.number + 1}")
        if at < self.silent_until:
            return Snapshot(address=address, at=at, reachable=False)
        vendor, model = MODELS[self.number % len(MODELS)]
        errors = ("doorOpen",) if at < self.door_until else ()
        asleep = not 7.5 <= at % DAY / HOUR < 19
        return Snapshot(
            address=address,
            at=at,
            uptime=int((at - self.booted) * 100),
            identity=Identity(vendor=vendor, model=model, serial=self.serial, is_printer=True),
            status=Status(
                device=DeviceStatus.RUNNING,
                printer=PrinterStatus.OTHER if asleep else PrinterStatus.IDLE,
                errors=errors,
            ),
            alerts=tuple(self._list_alerts(at)),
            supplies=tuple(self._list_supplies()),
            meters=(Meter(name="total", value=self.pages, source="total"),) if counts else None,
        )

    def _list_alerts(self, at: float) -> Iterator[Alert]:
        rows = [key for key, until in self.alerts.items() if at < until]
        if self.number % 4 == 2 and self.levels[0] < 0.12:
            rows.append((NEAR_END, 1))
        for code, place in rows:
            name, group = NAMES[code]
            severity = "warning" if code == NEAR_END else "critical"
            yield Alert(
                index=code + place, code=code, name=name, group=group, group_index=place, severity=severity
            )

    def _list_supplies(self) -> Iterator[Supply]:
        vague = self.number % 4 == 2
        for place, share in enumerate(self.levels):
            some = Vague.SOME_LEFT if share > 0 else 0
            yield Supply(
                index=f"1.{place + 1}",
                type="toner",
                kind="consumed",
                colour=COLOURS[place],
                level=some if vague else round(share * 100),
                max=100,
                unit="percent",
            )
        if self.number % 2:
            yield Supply(
                index="1.9", type="fuser", kind="consumed", colour=None, level=round(self.fuser * 150_000),
                max=150_000, unit="impressions", description="Fuser kit",
            )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSender(Sender):
    """The sender, which remembers the ticket events that it queued."""

    events: list[TicketEvent] = field(default_factory=list)

    def queue_ticket(self, tx: sqlite3.Connection, event: TicketEvent, facts: Facts | None = None) -> None:
        self.events.append(event)
        Sender.queue_ticket(self, tx, event, facts)


def live_through(
    path: Path,
    rules: RuleSet,
    *,
    printers: int,
    days: float,
    step: float = 1800.0,
    seed: int = 3,
    first_days: float = 3 * DAY,
    thin: bool = True,
) -> list[TicketEvent]:
    """Feed the readings of `days` through the stages; returns the events for the provider.

    `thin`: with the retention of each night.
    """
    fleet = [LivedPrinter.build(number, seed) for number in range(printers)]
    store = Store(path, MIGRATIONS)
    told = ListeningSender(site_id=SITE, agent_id="a-1")
    pipeline = Pipeline(RuleEvaluator(rules), told)
    polls = int(days * DAY / step)
    per_day = int(DAY / step)
    for first in range(0, polls, per_day):
        with store.transaction() as tx:
            for number in range(first, min(polls, first + per_day)):
                at = START + number * step
                for printer in fleet:
                    printer.pass_time(at, step)
                site = build_site(fleet, at, step, first_days)
                readings = [it.take_reading(at + it.number, counts=number % 2 == 0) for it in fleet]
                pipeline.evaluate_site(tx, site, at)
                for printer, reading in zip(fleet, readings, strict=True):
                    poll = PollResult(snapshot=reading, device=f"sn:{printer.serial}")
                    pipeline.process_poll(tx, poll, site)
            if thin:
                while retention.prune_rows(tx, START + first * step):
                    pass
    store.close()
    return told.events


def build_site(fleet: Sequence[LivedPrinter], at: float, step: float, first_days: float) -> SiteFacts:
    """The site as the last polls found it; nobody before the first."""
    if at <= START:
        return SiteFacts(id=SITE)
    silent = sum(at - step + it.number < it.silent_until for it in fleet)
    return SiteFacts(id=SITE, devices=len(fleet), unreachable=silent, settles=START + first_days)
