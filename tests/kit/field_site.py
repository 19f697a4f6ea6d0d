"""A site for field cases: printers that a test changes while the real agent polls them over sockets.

    async with field(own("9.0/28")) as site:
        printer = site.place(own("9.1"), FOLDER / "printer.snmprec")
        await site.find()                       # one pass of discovery, and a full read of each newcomer
        printer.pages += 12                     # what the printer shows from now on
        await site.pass_hours(3)                # every hour: alerts, supplies, meters; once a day everything
        assert site.counters("sn:…")["total"].adjusted == 41012

The clock is the test's own: it moves when the test moves it, so that days pass at any speed.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent import app, config
from agent.app import Agent
from agent.config import PrinterConfig
from agent.core.clock import Clock
from agent.core.model import Address, Device, Sighting, Tier
from agent.core.store import open_reader
from agent.discovery import decisions, inventory
from agent.discovery.decisions import IdentityFinding
from agent.history.meters import ledger
from agent.history.meters.ledger import MeterCounter
from agent.reporting import sender
from agent.runtime import runner
from agent.simulator.ber import BerValue, Oid, oid
from agent.simulator.device import SimulatedDevice
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.mib import MibTree, counter, integer, text, ticks
from agent.simulator.walk import read_walk
from agent.tickets import lifecycle
from uplink.outbox import queries

HOUR = 3600.0
EVERYTHING = frozenset(Tier)
HOURLY = frozenset({Tier.ALERTS, Tier.SUPPLIES, Tier.METERS})
BEGIN = 1_790_000_000.0

UPTIME = "1.3.6.1.2.1.1.3.0"
MAC = "1.3.6.1.2.1.2.2.1.6.1"
SERIAL = "1.3.6.1.2.1.43.5.1.1.17.1"
PAGES = "1.3.6.1.2.1.43.10.2.1.4.1.1"
LEVEL = "1.3.6.1.2.1.43.11.1.1.9.1.1"


class StepClock(Clock):
    """A clock that stands still until a test moves it."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "steps", [BEGIN])

    def now(self) -> float:
        return self.steps[0]

    def monotonic(self) -> float:
        return self.steps[0]

    def advance(self, seconds: float) -> None:
        self.steps[0] += seconds


@dataclass
class FieldPrinter:
    """One printer whose values a test may change at any time; `on` False: it answers nothing."""

    values: dict[Oid, BerValue]
    clock: StepClock
    booted: float
    on: bool = True

    @classmethod
    def from_walk(cls, path: Path, clock: StepClock) -> "FieldPrinter":
        values = dict(read_walk(path).values)
        up = values.get(oid(UPTIME))
        seconds = up.content / 100 if up is not None and isinstance(up.content, int) else 0.0
        return cls(values, clock, clock.now() - seconds)

    def show(self, place: str, value: BerValue | int | str | None) -> None:
        """Let the object at `place` have this value; None takes it away."""
        if value is None:
            self.values.pop(oid(place), None)
        elif isinstance(value, BerValue):
            self.values[oid(place)] = value
        else:
            self.values[oid(place)] = integer(value) if isinstance(value, int) else text(value)

    def reboot(self) -> None:
        self.booted = self.clock.now()

    @property
    def pages(self) -> int:
        content = self.values[oid(PAGES)].content
        assert isinstance(content, int)
        return content

    @pages.setter
    def pages(self, count: int) -> None:
        self.values[oid(PAGES)] = counter(count)

    def mib(self) -> MibTree | None:
        up = {oid(UPTIME): ticks(self.clock.now() - self.booted)} if oid(UPTIME) in self.values else {}
        return MibTree({**self.values, **up}) if self.on else None


@dataclass
class FieldSocket:
    """An address: whichever printer answers there now, or none."""

    printer: FieldPrinter | None = None
    after: tuple[int, FieldPrinter] | None = None  # after so many answers this one answers here

    def mib_at(self, _elapsed: float) -> MibTree | None:
        if self.after is not None:
            left, other = self.after
            self.after = (left - 1, other) if left else None
            self.printer = self.printer if left else other
        return self.printer.mib() if self.printer else None


@dataclass
class FieldSite:
    """The agent, the addresses of the site, and what came of the polls."""

    agent: Agent
    clock: StepClock
    sockets: dict[str, FieldSocket]
    fleet: SimulatedFleet
    verdicts: dict[str, str] = field(default_factory=dict)  # by host

    def place(self, host: str, printer: FieldPrinter | Path | None) -> FieldPrinter:
        """Let this printer (or a new one, from a walk file) answer at `host` from now on."""
        if isinstance(printer, Path):
            printer = FieldPrinter.from_walk(printer, self.clock)
        self.sockets[host].printer = printer
        return printer  # type: ignore[return-value]  # None is only put, never used

    async def find(self) -> None:
        """One pass of discovery, without mDNS."""

        def note(sighting: Sighting, verdict: str) -> None:
            self.verdicts[sighting.address.host] = verdict

        ways = self.agent.discovery.ways("sweep")
        await self.agent.discovery.run_methods(ways, listen=0, on_verdict=note)

    async def announce(self, host: str, **fields: Any) -> str:
        """A printer at `host` announces itself; returns the verdict."""
        address = Address(host, self.fleet.members[0].address.port)
        sighting = Sighting(address=address, via="mdns", at=self.clock.now(), is_printer=True, **fields)
        return await self.agent.discovery.identify_sighting(sighting)

    async def name_by_hand(self, host: str) -> None:
        """Add a `[[printer]]` to the running configuration."""
        port = self.fleet.members[0].address.port
        edited = self.agent.config.model_copy(
            update={"printer": (PrinterConfig(host=host, snmp_port=port),)}  # as config.toml would have it
        )
        self.agent.use_config(edited)
        await self.agent.discovery.ask_named_printers()

    async def poll(self, tiers: frozenset[Tier] = EVERYTHING) -> None:
        await self.agent.poller.poll_all(list(self.agent.poller.fleet.devices), tiers)

    async def pass_hours(self, hours: int) -> None:
        """Poll every hour, and once a day read everything."""
        for _ in range(hours):
            self.clock.advance(HOUR)
            daily = round((self.clock.now() - BEGIN) / HOUR) % 24 == 0
            await self.poll(EVERYTHING if daily else HOURLY)

    def devices(self) -> dict[str, Device]:
        with self._database() as db:
            return inventory.load_devices(db)

    def counters(self, key: str) -> dict[str, MeterCounter]:
        """The counters of a device, by name (and part)."""
        with self._database() as db:
            found = ledger.load_counters(db, key, self.clock.now())
        return {f"{one.name} {one.part}" if one.part else one.name: one for one in found}

    def totals(self) -> dict[str, dict[str, Any]]:
        """The state of each device's total, in one look: see `CounterState`."""
        with self._database() as db:
            rows = db.execute("SELECT device, state FROM meter_counter WHERE name = 'total' AND part IS NULL")
            return {row["device"]: json.loads(row["state"]) for row in rows}

    def tickets(self, kind: str = lifecycle.TICKET) -> list[Any]:
        """The open tickets."""
        with self._database() as db:
            return list(lifecycle.load_open_tickets(db, kind=kind))

    def events(self, schema: str) -> list[dict[str, Any]]:
        """The data of the events of this schema that wait in the outbox, oldest first."""
        with self._database() as db:
            entries = list(queries.list_pending(db, limit=100_000))
        return [entry.data for entry in entries if entry.data.get("schema") == schema]  # type: ignore[misc]

    def findings(self) -> list[IdentityFinding]:
        """The open findings about identities."""
        with self._database() as db:
            return decisions.load_findings(db)

    @contextlib.contextmanager
    def _database(self) -> Iterator[Any]:
        with closing(open_reader(self.agent.config.database_path)) as db:
            yield db


@contextlib.asynccontextmanager
async def run_field_site(
    folder: Path, cidr: str, hosts: Sequence[str], port: int, settings: dict[str, Any]
) -> AsyncIterator[FieldSite]:
    """The agent of one site with a socket at each of `hosts`, all of them silent at first."""
    clock = StepClock()
    sockets = {host: FieldSocket() for host in hosts}
    device = settings.pop("device", {})  # of each socket: quirks, versions, user
    members = [
        SimulatedDevice(address=Address(host, port), source=socket, name=host, **device)
        for host, socket in sockets.items()
    ]
    snmp = {"timeout": "2 s", "retries": 0, "requests_per_second": 5000.0}
    given = {
        "network": [
            {"cidr": cidr, "snmp_port": port, "credentials": settings.pop("credentials", ["public"])}
        ],
        "mdns": {"enabled": False},
        "rules": {"first_days": "0 s"},
        "snmp": snmp | {"requests_per_second_per_subnet": 5000.0},
    }
    async with SimulatedFleet(members, clock=clock) as fleet:
        agent = app.build_agent_from(config.build_config(given | settings, folder), clock)
        agent.batch_writer.batch_delay = 0.001
        agent.pipeline.sender = replace(agent.pipeline.sender, load_capabilities=sender.accept_all)
        async with runner.running_agent(agent):
            yield FieldSite(agent, clock, sockets, fleet)
