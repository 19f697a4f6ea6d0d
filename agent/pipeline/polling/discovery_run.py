"""From sightings to acquaintances: what is out there, and which of it is a printer of ours.

discover ──Sighting──► permitted? ──► worth asking? ──► read in full ──► a printer? ──► intake
                           no: shown as "outside"           no: remembered for 30 days
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from agent.config.access_policy import AccessPolicy
from agent.core import plugins
from agent.core.clock import Clock
from agent.core.model import Address, Credential, Identity, Sighting, Tier
from agent.core.store import Store
from agent.discovery import inventory, methods
from agent.discovery.methods import AddressProber, Cadence, DiscoveryContext, DiscoveryProgress
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.printer_reader import PrinterReader

log = logging.getLogger("printwarden.discovery")

ALL_TIERS = frozenset(Tier)
MAX_NEWCOMERS = 32  # newcomers being read at the same time
SAVE_INTERVAL = 2.0  # real seconds between two notes of how far a sweep has come


def _ignore_progress(progress: DiscoveryProgress) -> None:
    del progress


@dataclass(slots=True)
class DiscoveryRunner:
    policy: AccessPolicy
    store: Store
    prober: AddressProber
    printer_reader: PrinterReader
    batch_writer: BatchWriter
    fleet: FleetState

    def ways(self, cadence: Cadence | None = None) -> list[str]:
        """The ways of discovery that are switched on: those of one cadence, or all."""
        files = {name: plugins.load_plugin(methods, name) for name in plugins.list_plugins(methods)}
        return [
            name
            for name, way in files.items()
            if cadence in {None, way.CADENCE} and way.enabled(self.policy.config)
        ]

    async def run_methods(
        self,
        ways: list[str],
        *,
        listen: float | None,
        heard: Callable[[DiscoveryProgress], None] = _ignore_progress,
        met: Callable[[Sighting, str], None] = lambda _sighting, _verdict: None,
    ) -> None:
        """Follow `ways` of discovery to their ends; newcomers are read as they are seen.

        `listen`: real seconds for the ways that only listen; None listens for ever.
        `met` is told what became of each sighting: see `agent.discovery.inventory.Candidate.verdict`.
        """
        room = asyncio.Semaphore(MAX_NEWCOMERS)
        turns: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)  # one at a time at an address
        trail = _SweepProgress(self.store, self.printer_reader.clock, heard)
        after = await trail.load_position()

        async def identify_one(sighting: Sighting) -> None:
            async with turns[sighting.address], room:
                met(sighting, await self.identify_sighting(sighting))

        async with asyncio.TaskGroup() as group:
            async for sighting in self._collect_sightings(ways, listen, after, trail.track_progress):
                group.create_task(identify_one(sighting))
        await trail.mark_complete()

    async def _collect_sightings(
        self, ways: list[str], listen: float | None, after: str, heard: Callable[[DiscoveryProgress], None]
    ) -> AsyncIterator[Sighting]:
        """What all `ways` see, as they see it."""
        found: asyncio.Queue[Sighting | None] = asyncio.Queue()
        known = frozenset(device.address for device in self.fleet.devices.values())
        scout = DiscoveryContext(
            policy=self.policy,
            clock=self.printer_reader.clock,
            prober=self.prober,
            skip=known,
            resume_after=after,
            listen=listen,
            on_progress=heard,
        )
        tasks = [asyncio.create_task(_run_method(way, scout, found)) for way in ways]
        try:
            for _ in tasks:
                while (sighting := await found.get()) is not None:
                    yield sighting
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def identify_sighting(self, sighting: Sighting) -> str:
        """Identify what was seen; a printer is read in full and taken in. Returns the verdict."""
        verdict, reading = await self._classify_sighting(sighting)
        if verdict != "known":
            await self.store.run(lambda tx: inventory.save_candidate(tx, sighting, verdict))
        if reading:
            await self.batch_writer.write_poll(reading)
        return verdict

    async def _classify_sighting(self, sighting: Sighting) -> tuple[str, PollResult | None]:
        """The verdict on a sighting, and the reading if it is a printer to take in."""
        address = sighting.address
        if not self.policy.permits_host(address.host, sighting.mac):
            return "outside", None
        if not await self.store.run(lambda tx: inventory.should_identify(tx, sighting)):
            return "known", None
        reading = await self.printer_reader.read_printer(
            address, self._credentials_to_try(sighting), ALL_TIERS
        )
        identity = reading.snapshot.identity if reading else None
        if identity and self.policy.is_excluded(address.host, identity.mac):
            return "outside", None
        verdict = classify_identity(identity, announced=bool(sighting.is_printer))
        return verdict, reading if verdict == "printer" else None

    def _credentials_to_try(self, sighting: Sighting) -> list[Credential]:
        """What may be tried: at a printer all that is configured, at a stranger only what it answered."""
        credentials = self.policy.credentials_for(sighting.address.host)
        if sighting.is_printer:
            return credentials
        return [credential for credential in credentials if credential.name == sighting.credential]


class _SweepProgress:
    """How far the sweep has come, on disk now and then, so that a restart goes on where it was."""

    def __init__(self, store: Store, clock: Clock, told: Callable[[DiscoveryProgress], None]) -> None:
        self._store, self._clock, self._told = store, clock, told
        self._noted = time.monotonic()
        self._writing: asyncio.Task[None] | None = None

    async def load_position(self) -> str:
        return await self._store.run(lambda tx: inventory.load_sweep_position(tx, self._clock.now()))

    def track_progress(self, progress: DiscoveryProgress) -> None:
        self._told(progress)
        idle = self._writing is None or self._writing.done()
        if progress.host and idle and time.monotonic() - self._noted > SAVE_INTERVAL:
            self._noted = time.monotonic()
            self._writing = asyncio.create_task(self._save_position(progress.host))

    async def mark_complete(self) -> None:
        if self._writing:
            await self._writing
            await self._save_position("")

    async def _save_position(self, host: str) -> None:
        await self._store.run(lambda tx: inventory.save_sweep_position(tx, host, self._clock.now()))


def classify_identity(identity: Identity | None, *, announced: bool) -> str:
    """What an identification shows; who announced itself as a printer needs no further proof."""
    if identity is None:
        return "no answer"
    if identity.is_printer is False:
        return "not a printer"
    return "printer" if identity.is_printer or announced else "undecided"


async def _run_method(way: str, scout: DiscoveryContext, found: asyncio.Queue[Sighting | None]) -> None:
    """One way of discovery to its end. A way that does not work here does not stop the others."""
    try:
        async for sighting in plugins.load_plugin(methods, way).discover(scout):
            await found.put(sighting)
    except OSError as why:
        log.warning("discovery by %s does not work here: %s", way, why)
    except Exception:
        log.exception("discovery by %s failed", way)
    finally:
        await found.put(None)
