"""A whole agent under kill −9: printers fail and are mended, the receiver misbehaves, the agent dies and is restarted.

    printers ──SNMP──► agent, a process of its own ──HTTP──► receiver ──► what is judged
    fail, mended           ▲ SIGKILL, at random                ▲ 500, 503, 429, cut, portal, slow; at random
        ▲                  └── at a random time, or just after it has written a ticket down
        └── a printer fails; when the provider knows it is mended; when the provider knows it fails again

Nothing waits for a time: each step waits for the provider to know of the one before. After each kill the dead
agent's state is looked into: every step of a ticket in it must be at the provider or in the outbox.
"""

import asyncio
import contextlib
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
from loopback import free_port

from agent.core.clock import Clock
from agent.simulator import models
from agent.simulator.device import SimulatedDevice, list_addresses
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.mib import MibTree
from agent.simulator.printer import SimulatedPrinter
from agent.simulator.scenario import PrinterCondition, Scenario
from agent.simulator.scenarios.fuser_fails import FAILURE
from uplink.receiver.app import create_app
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

FAULT = "fuser.failure"
SPEED = 600  # simulated seconds in a real one: the ten minutes that a fuser is watched pass in a second
PATIENCE = 120.0  # real seconds; a broken promise shows by it, a kept one never waits for it
CAST = (models.RICOH_C3000, models.HP_M507, models.LEXMARK_MS521, models.XEROX_C405)
MOODS: tuple[dict[str, Any], ...] = (
    {}, {}, {"fail": 503, "share": 0.5}, {"fail": 500}, {"fail": 429}, {"throttle": 1}, {"hang": 0.3},
    {"drop": True}, {"portal": True}, {"fail": 403, "share": 0.3}, {"fail": 409},
)  # fmt: skip
CONFIG = """
[provider]
url = "{url}/v1/events"
insecure_loopback = true
[[network]]
cidr = "{cidr}"
snmp_port = {port}
[schedule]
sweep = "2 h"
[snmp]
timeout = "500 ms"
retries = 1
requests_per_second = 5000.0
requests_per_second_per_subnet = 5000.0
[mdns]
enabled = false
[ipp]
enabled = false
[cups]
enabled = false
[rules]
first_days = "0 s"
[storage]
folder = "state"
"""


class Patient:
    """A printer that is well, or whose fuser has failed."""

    def __init__(self, make: Any) -> None:
        failed = PrinterCondition(begins=0.0, row=FAILURE, bits=("serviceRequested",))
        self.well = SimulatedPrinter(make, Scenario(about="well", pages_per_hour=0.0))
        self.sick = SimulatedPrinter(make, Scenario(about="sick", pages_per_hour=0.0, conditions=(failed,)))
        self.key = f"sn:{make.serial}"
        self.failed = False
        self.faults = 0

    def mib_at(self, elapsed: float) -> MibTree | None:
        return (self.sick if self.failed else self.well).mib_at(elapsed)


@dataclass
class Ordeal:
    """Everything that happens to one agent. `program`: how the agent is started."""

    folder: Path
    base: str  # the printers' first address
    program: tuple[str, ...] = ("-m", "agent")
    dice: Random = field(default_factory=lambda: Random(1))
    kills: int = 0
    found: int = 0  # steps of tickets that were in no place after a kill
    url: str = ""

    def __post_init__(self) -> None:
        self.clock = Clock.scaled(SPEED)
        self.patients = [Patient(make) for make in CAST]
        self.state, self.kept = self.folder / "state" / "printwarden.db", self.folder / "receiver.db"
        self.enough = asyncio.Event()

    async def live(self, kills: int, *, until_found: bool = False) -> None:
        """`kills` deaths, and then whatever is still to be told. `until_found`: no longer than to the first loss."""
        places = list_addresses(self.base, free_port(), len(CAST))
        members = [
            SimulatedDevice(address=place, source=patient, name=patient.key)
            for patient, place in zip(self.patients, places, strict=True)
        ]
        app = create_app(self.kept, control=True)
        async with SimulatedFleet(members, clock=self.clock) as fleet, serve_app(app) as self.url:
            port = fleet.members[0].address.port
            text = CONFIG.format(url=self.url, cidr=f"{self.base.rpartition('.')[0]}.0/28", port=port)
            (self.folder / "config.toml").write_text(text, "utf-8")
            async with _alongside(self._moods()):
                stories = [asyncio.create_task(self._fail_and_mend(patient)) for patient in self.patients]
                try:
                    await self._die_often(kills, until_found)
                    if not (until_found and self.found):
                        await self._finish(stories)
                finally:
                    for story in stories:
                        story.cancel()
                    await asyncio.gather(*stories, return_exceptions=True)

    async def _fail_and_mend(self, patient: Patient) -> None:
        while not self.enough.is_set():
            patient.failed, patient.faults = True, patient.faults + 1
            await self._told(patient, 2 * patient.faults - 1)
            patient.failed = False
            await self._told(patient, 2 * patient.faults)

    async def _told(self, patient: Patient, steps: int) -> None:
        """Wait until the provider knows of so many steps."""
        while len(self.steps().get((patient.key, FAULT), ())) < steps:
            await asyncio.sleep(0.1)

    async def _moods(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                mood = {} if self.enough.is_set() else self.dice.choice(MOODS)
                await client.post(f"{self.url}/control", json=mood)
                await asyncio.sleep(self.dice.uniform(0.1, 0.6))

    async def _die_often(self, kills: int, until_found: bool) -> None:
        while self.kills < kills and not (until_found and self.found):
            async with self._agent() as process:
                await self._moment()
                assert process.returncode is None, (self.folder / "log").read_text("utf-8")[-3000:]
                process.send_signal(signal.SIGKILL)
                await process.wait()
            self.kills += 1
            self.found += self.nowhere()

    async def _moment(self) -> None:
        """Wait for a good moment to die: any, or just after a ticket was written down."""
        if self.dice.random() < 0.3:
            await asyncio.sleep(self.dice.uniform(0.0, 3.0))
            return
        before, tries = self._written(), 0
        while self._written() == before and tries < 1500:
            tries += 1
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.dice.uniform(0.0, 0.05))

    async def _finish(self, stories: list["asyncio.Task[None]"]) -> None:
        """Let the agent live until the last of it is told."""
        self.enough.set()
        async with self._agent() as process, asyncio.timeout(PATIENCE):
            while not all(story.done() for story in stories) or self._waiting():
                assert process.returncode is None, (self.folder / "log").read_text("utf-8")[-3000:]
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def _agent(self) -> AsyncIterator[asyncio.subprocess.Process]:
        command = (
            *self.program,
            "run",
            "--config",
            str(self.folder / "config.toml"),
            "--clock",
            str(self.clock),
        )
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()

    def steps(self) -> dict[tuple[str, str], list[tuple[str, int]]]:
        """(device, fault) -> (event, ticket_seq) of each ticket event, as they arrived at the provider."""
        told: dict[tuple[str, str], list[tuple[str, int]]] = {}
        with closing(EventStore(self.kept)) as ledger:
            for ticket in ledger.list_payloads("mps.ticket/1"):
                step = (ticket["event"], ticket["ticket_seq"])
                place = (ticket["device"]["device_key"], ticket["fault"]["fault_key"])
                told.setdefault(place, []).append(step)
        return told

    def arrived(self) -> list[dict[str, Any]]:
        """Every event that the provider has, in the order of arrival."""
        with closing(EventStore(self.kept)) as ledger:
            return ledger.list_events(0, 100_000)

    def counts(self, what: str) -> int:
        """A number of the agent's outbox, such as "accepted" or "dropped:%", over all lanes."""
        return self._number("SELECT COALESCE(SUM(n), 0) FROM outbox_count WHERE what LIKE ?", what)

    def nowhere(self) -> int:
        """Steps of tickets that the dead agent had written down, and that are neither at the provider nor queued."""
        if not self.state.exists():
            return 0
        there = {
            (event["subject"], event["id"]) for event in self.arrived() if event["type"] == "mps.ticket/1"
        }
        with _reading(self.state) as db:
            queued = db.execute("SELECT subject, hex(id) FROM outbox_event WHERE lane = 0").fetchall()
            there |= {(subject, _uuid(name)) for subject, name in queued}
            return sum(
                seq - sum(subject == ticket for subject, _ in there)
                for ticket, seq in db.execute("SELECT id, seq FROM ticket WHERE kind = 'ticket'")
            )

    def _written(self) -> int:
        return self._number("SELECT COALESCE(SUM(seq), 0) FROM ticket")

    def _waiting(self) -> int:
        return self._number("SELECT COUNT(*) FROM outbox_event WHERE lane = 0")

    def _number(self, query: str, *values: object) -> int:
        """One number of the agent's state, also while it runs; 0 while there is none."""
        with contextlib.suppress(sqlite3.Error), _reading(self.state) as db:
            return int(db.execute(query, values).fetchone()[0])
        return 0


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        yield db


@contextlib.asynccontextmanager
async def _alongside(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _uuid(text: str) -> str:
    low = text.lower()
    return "-".join((low[:8], low[8:12], low[12:16], low[16:20], low[20:]))
