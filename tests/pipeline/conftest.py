"""A whole site in one process: printers on sockets, the agent, and a provider to deliver to."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fleets import walk_fleet
from loopback import free_port
from network_namespace import own_network

from agent import app, config
from agent.app import Agent
from agent.core.clock import Clock
from agent.core.model import Tier
from agent.core.store import open_reader
from agent.discovery import inventory
from agent.runtime import runner
from agent.simulator.device import build_printer, list_addresses
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.model import PrinterModel
from agent.tickets import lifecycle

EVERYTHING = frozenset(Tier)


@dataclass
class Site:
    """The agent of a site, with what a test wants to know of it."""

    agent: Agent
    fleet: SimulatedFleet
    verdicts: dict[str, str]  # what became of whom discovery saw, by the member's name

    @property
    def names(self) -> dict[str, str]:
        return {member.address.host: member.name for member in self.fleet.members}

    async def find(self) -> None:
        """One pass of discovery, without mDNS."""

        def met(sighting: Any, verdict: str) -> None:
            self.verdicts[self.names.get(sighting.address.host, sighting.address.host)] = verdict

        await self.agent.discovery.run_methods(self.agent.discovery.ways("sweep"), listen=0, on_verdict=met)

    async def read_all(self, tiers: frozenset[Tier] = EVERYTHING) -> None:
        await self.agent.poller.poll_all(list(self.agent.poller.fleet.devices), tiers)

    async def live(self, hours: float, every: float = 0.5) -> None:
        """Let the site's clock pass, reading everybody now and then."""
        for _ in range(round(hours / every)):
            await self.agent.clock.sleep(every * 3600)
            await self.read_all()

    def devices(self) -> dict[str, Any]:
        with closing(open_reader(self.agent.config.database_path)) as db:
            return inventory.load_devices(db)

    def tickets(self, kind: str = lifecycle.TICKET) -> set[tuple[str, str, str]]:
        """(member, fault, component) of the open tickets."""
        at = {key: self.names.get(device.address.host, key) for key, device in self.devices().items()}
        with closing(open_reader(self.agent.config.database_path)) as db:
            return {
                (at[one.device], one.fault, one.component)
                for one in lifecycle.load_open_tickets(db, kind=kind)
            }


@contextlib.asynccontextmanager
async def _site(
    fleet: SimulatedFleet, folder: Path, clock: Clock | None, given: dict[str, Any]
) -> AsyncIterator[Site]:
    async with fleet:
        agent = app.build_agent_from(config.build_config(given, folder), clock)
        agent.batch_writer.batch_delay = 0.01
        async with runner.running_agent(agent):
            yield Site(agent, fleet, {})


@pytest.fixture
def site_of(tmp_path):
    """`async with site_of(fleet, own("1.0/28"), clock=…, provider=…) as site`."""

    def build(fleet: SimulatedFleet, cidr: str, clock: Clock | None = None, **settings: Any):
        snmp = {"timeout": "300 ms", "retries": 1, "requests_per_second": 5000.0}
        given = {
            "network": [{"cidr": cidr, "snmp_port": fleet.members[0].address.port}],
            "mdns": {"enabled": False},
            "rules": {"first_days": "0 s"},
            "snmp": snmp | {"requests_per_second_per_subnet": 5000.0},
        }
        return _site(fleet, tmp_path, clock, given | settings)

    return build


@pytest.fixture
def shop():
    """`shop(own("1.1"), (makes.HP_M507, "healthy", ("late=1",)), …)`: printers side by side."""

    def build(
        base: str, *cast: tuple[PrinterModel, str, tuple[str, ...]], clock: Clock | None = None
    ) -> SimulatedFleet:
        places = list_addresses(base, free_port(), len(cast))
        members = [
            replace(build_printer(make, story, address), quirks=quirks)
            for (make, story, quirks), address in zip(cast, places, strict=True)
        ]
        return SimulatedFleet(members, clock=clock)

    return build


@pytest.fixture
def replay():
    """`replay(files, own("1.1"), clock)`: walk files that answer again, one address each."""

    def build(files: Iterable[Path], base: str, clock: Clock | None = None) -> SimulatedFleet:
        return walk_fleet(list(files), base=base, port=free_port(), clock=clock)

    return build


@pytest.fixture
def own_link():
    """A loopback of this test alone, where the system permits it: nobody else's announcements are heard."""
    with own_network() as is_own:
        yield is_own
