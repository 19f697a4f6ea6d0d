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

from agent.config.access_policy import Territory
from agent.core import plugins
from agent.core.clock import Clock
from agent.core.model import Address, Identity, Sighting, Tier
from agent.core.store import Store
from agent.discovery import inventory, methods
from agent.discovery.methods import Asker, Cadence, Progress, Scout
from agent.pipeline.batch_writer import Intake
from agent.pipeline.pipeline import Reading
from agent.pipeline.polling.fleet_state import Roll
from agent.pipeline.polling.printer_reader import Asking
from agent.snmp.reader import Credential

log = logging.getLogger("printwarden.discovery")

EVERYTHING = frozenset(Tier)
TOGETHER = 32  # newcomers being read at the same time
NOTE_EVERY = 2.0  # real seconds between two notes of how far a sweep has come


def _unheard(progress: Progress) -> None:
    del progress


@dataclass(slots=True)
class Scouting:
    territory: Territory
    store: Store
    asker: Asker
    asking: Asking
    intake: Intake
    roll: Roll

    def ways(self, cadence: Cadence | None = None) -> list[str]:
        """The ways of discovery that are switched on: those of one cadence, or all."""
        files = {name: plugins.load(methods, name) for name in plugins.names(methods)}
        return [
            name
            for name, way in files.items()
            if cadence in {None, way.CADENCE} and way.enabled(self.territory.config)
        ]

    async def look(
        self,
        ways: list[str],
        *,
        listen: float | None,
        heard: Callable[[Progress], None] = _unheard,
        met: Callable[[Sighting, str], None] = lambda _sighting, _verdict: None,
    ) -> None:
        """Follow `ways` of discovery to their ends; newcomers are read as they are seen.

        `listen`: real seconds for the ways that only listen; None listens for ever.
        `met` is told what became of each sighting: see `agent.discovery.inventory.Candidate.verdict`.
        """
        room = asyncio.Semaphore(TOGETHER)
        turns: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)  # one at a time at an address
        trail = _Trail(self.store, self.asking.clock, heard)
        after = await trail.interrupted()

        async def meet(sighting: Sighting) -> None:
            async with turns[sighting.address], room:
                met(sighting, await self.acquaint(sighting))

        async with asyncio.TaskGroup() as group:
            async for sighting in self._sightings(ways, listen, after, trail.heard):
                group.create_task(meet(sighting))
        await trail.complete()

    async def _sightings(
        self, ways: list[str], listen: float | None, after: str, heard: Callable[[Progress], None]
    ) -> AsyncIterator[Sighting]:
        """What all `ways` see, as they see it."""
        found: asyncio.Queue[Sighting | None] = asyncio.Queue()
        known = frozenset(device.address for device in self.roll.known.values())
        scout = Scout(
            territory=self.territory,
            clock=self.asking.clock,
            asker=self.asker,
            skip=known,
            resume_after=after,
            listen=listen,
            heard=heard,
        )
        tasks = [asyncio.create_task(_follow(way, scout, found)) for way in ways]
        try:
            for _ in tasks:
                while (sighting := await found.get()) is not None:
                    yield sighting
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def acquaint(self, sighting: Sighting) -> str:
        """Identify what was seen; a printer is read in full and taken in. Returns the verdict."""
        verdict, reading = await self._judge(sighting)
        if verdict != "known":
            await self.store.run(lambda tx: inventory.note(tx, sighting, verdict))
        if reading:
            await self.intake.settle(reading)
        return verdict

    async def _judge(self, sighting: Sighting) -> tuple[str, Reading | None]:
        """The verdict on a sighting, and the reading if it is a printer to take in."""
        address = sighting.address
        if not self.territory.permits(address.host, sighting.mac):
            return "outside", None
        if not await self.store.run(lambda tx: inventory.worth_asking(tx, sighting)):
            return "known", None
        reading = await self.asking.ask(address, self._introductions(sighting), EVERYTHING)
        identity = reading.snapshot.identity if reading else None
        if identity and self.territory.excluded(address.host, identity.mac):
            return "outside", None
        verdict = judge(identity, announced=bool(sighting.is_printer))
        return verdict, reading if verdict == "printer" else None

    def _introductions(self, sighting: Sighting) -> list[Credential]:
        """What may be tried: at a printer all that is configured, at a stranger only what it answered."""
        credentials = self.territory.credentials_for(sighting.address.host)
        if sighting.is_printer:
            return credentials
        return [credential for credential in credentials if credential.name == sighting.credential]


class _Trail:
    """How far the sweep has come, on disk now and then, so that a restart goes on where it was."""

    def __init__(self, store: Store, clock: Clock, told: Callable[[Progress], None]) -> None:
        self._store, self._clock, self._told = store, clock, told
        self._noted = time.monotonic()
        self._writing: asyncio.Task[None] | None = None

    async def interrupted(self) -> str:
        return await self._store.run(lambda tx: inventory.interrupted_sweep(tx, self._clock.now()))

    def heard(self, progress: Progress) -> None:
        self._told(progress)
        idle = self._writing is None or self._writing.done()
        if progress.host and idle and time.monotonic() - self._noted > NOTE_EVERY:
            self._noted = time.monotonic()
            self._writing = asyncio.create_task(self._note(progress.host))

    async def complete(self) -> None:
        if self._writing:
            await self._writing
            await self._note("")

    async def _note(self, host: str) -> None:
        await self._store.run(lambda tx: inventory.sweep_reached(tx, host, self._clock.now()))


def judge(identity: Identity | None, *, announced: bool) -> str:
    """What an identification shows; who announced itself as a printer needs no further proof."""
    if identity is None:
        return "no answer"
    if identity.is_printer is False:
        return "not a printer"
    return "printer" if identity.is_printer or announced else "undecided"


async def _follow(way: str, scout: Scout, found: asyncio.Queue[Sighting | None]) -> None:
    """One way of discovery to its end. A way that does not work here does not stop the others."""
    try:
        async for sighting in plugins.load(methods, way).discover(scout):
            await found.put(sighting)
    except OSError as why:
        log.warning("discovery by %s does not work here: %s", way, why)
    except Exception:
        log.exception("discovery by %s failed", way)
    finally:
        await found.put(None)
