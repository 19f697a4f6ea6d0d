"""Run discovery: identify each sighting, and hand new printers to the pipeline.

discover ──Sighting──► permitted? ──► not asked yet? ──► read in full ──► a printer? ──► pipeline
                           no: shown as "outside"            no: remembered for 30 days
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from agent.config.access_policy import AccessPolicy
from agent.config.trusted_hosts import TrustedHosts
from agent.core import plugins
from agent.core.clock import Clock
from agent.core.failure_log import FailureLog
from agent.core.model import Address, Credential, Identity, Sighting, Tier
from agent.core.store import Store
from agent.discovery import excluded_hosts, inventory, methods
from agent.discovery.methods import AddressProber, Cadence, DiscoveryContext, DiscoveryProgress
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.printer_reader import PrinterReader
from agent.pipeline.polling.serial_claims import SerialClaims

log = logging.getLogger(__name__)

ALL_TIERS = frozenset(Tier)
NAMED_BY_HAND = "static"  # the way of discovery that lists `[[printer]]`
MAX_NEWCOMERS = 32  # new printers being read at the same time
SAVE_INTERVAL = 2.0  # real seconds between two saved positions of a sweep


def _ignore_progress(progress: DiscoveryProgress) -> None:
    del progress


@dataclass(slots=True)
class DiscoveryRunner:
    """Runs the enabled ways of discovery and identifies what they find."""

    policy: AccessPolicy
    store: Store
    prober: AddressProber
    printer_reader: PrinterReader
    batch_writer: BatchWriter
    fleet: FleetState
    trusted_hosts: TrustedHosts
    failures: FailureLog = field(default_factory=FailureLog)
    _outside: set[Address] = field(default_factory=set)  # noted since the start
    _introduced: set[str] = field(default_factory=set)  # trusted hosts that were asked since the start

    @property
    def serial_claims(self) -> SerialClaims:
        """The check for a second network card of a known printer."""
        return SerialClaims(self.policy, self.store, self.printer_reader)

    async def ask_named_printers(self) -> None:
        """Identify the printers named by hand that are not in the inventory, without waiting for a sweep."""
        await self.run_methods([NAMED_BY_HAND], listen=0)

    def ways(self, cadence: Cadence | None = None) -> list[str]:
        """List the ways of discovery that are switched on: those of one cadence, or all."""
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
        on_progress: Callable[[DiscoveryProgress], None] = _ignore_progress,
        on_verdict: Callable[[Sighting, str], None] = lambda _sighting, _verdict: None,
    ) -> None:
        """Run `ways` of discovery to their ends; new printers are read as they are seen.

        `listen`: real seconds for the ways that only listen; None listens without end.
        `on_verdict` is called with each sighting and its verdict (see `inventory.Candidate.verdict`).
        A way that fails does not stop the others; without an end, its error is raised once all have ended.
        """
        limit = asyncio.Semaphore(MAX_NEWCOMERS)
        locks: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)  # one at a time at an address
        position = _SweepProgress(self.store, self.printer_reader.clock, on_progress)
        after = await position.load_position()

        async def identify_one(sighting: Sighting) -> None:
            async with locks[sighting.address], limit:
                on_verdict(sighting, await self._identify_safely(sighting))

        errors: list[Exception] = []
        sightings = self._collect_sightings(ways, listen, after, position.track_progress, errors)
        async with asyncio.TaskGroup() as group:
            async for sighting in sightings:
                group.create_task(identify_one(sighting))
        if listen is None and errors:
            raise errors[0]
        await position.mark_complete()

    async def _collect_sightings(
        self,
        ways: list[str],
        listen: float | None,
        after: str,
        on_progress: Callable[[DiscoveryProgress], None],
        errors: list[Exception],
    ) -> AsyncIterator[Sighting]:
        """Yield the sightings of all `ways`, as they come."""
        found: asyncio.Queue[Sighting | None] = asyncio.Queue()
        addresses = frozenset(device.address for device in self.fleet.devices.values())
        context = DiscoveryContext(
            policy=self.policy,
            clock=self.printer_reader.clock,
            prober=self.prober,
            printer_makers=self.printer_reader.profiles.enterprises,
            skip=addresses | self._excluded_addresses(),
            resume_after=after,
            listen=listen,
            on_progress=on_progress,
            failures=self.failures,
        )
        tasks = [asyncio.create_task(self._run_method(way, context, found, errors)) for way in ways]
        try:
            for _ in tasks:
                while (sighting := await found.get()) is not None:
                    yield sighting
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _run_method(
        self,
        way: str,
        context: DiscoveryContext,
        found: asyncio.Queue[Sighting | None],
        errors: list[Exception],
    ) -> None:
        """Run one way of discovery to its end. Its failure is in `errors`, and does not stop the others."""
        try:
            async for sighting in plugins.load_plugin(methods, way).discover(context):
                await found.put(sighting)
        except Exception as why:  # noqa: BLE001 - the edge of each way of discovery
            errors.append(why)
            if context.listen is not None:
                self.failures.record_failure(f"discovery by {way}", why)
        finally:
            await found.put(None)

    async def _identify_safely(self, sighting: Sighting) -> str:
        """Identify a sighting. One that fails is an address without an answer, asked again after an hour."""
        try:
            return await self.identify_sighting(sighting)
        except Exception as why:  # noqa: BLE001 - one newcomer's failure must not end a sweep
            self.failures.record_failure(f"identifying {sighting.address}", why)
        with contextlib.suppress(sqlite3.Error):
            await self.store.run(lambda tx: inventory.save_candidate(tx, sighting, "no answer"))
        return "no answer"

    def _excluded_addresses(self) -> frozenset[Address]:
        """Return the addresses of hosts that have shown an excluded MAC."""
        excluded = self.printer_reader.excluded
        return frozenset(
            self.policy.snmp_address(host) for host in excluded.hosts if excluded.covers_host(host)
        )

    async def identify_sighting(self, sighting: Sighting) -> str:
        """Identify a sighting; a printer is read in full and stored. Returns the verdict."""
        excluded = self.printer_reader.excluded
        if sighting.mac:
            excluded.record_macs(sighting.address.host, [sighting.mac])
        if excluded.covers_host(sighting.address.host) or not self.policy.permits_host(sighting.address.host):
            await self._note_outside(sighting)
            return inventory.OUTSIDE
        verdict, reading = await self._classify_sighting(sighting, anew=await self._save_places(sighting))
        if verdict != "known":
            await self.store.run(lambda tx: inventory.save_candidate(tx, sighting, verdict))
        if reading:
            await self.batch_writer.write_poll(reading)
            if reading.credential:
                self.trusted_hosts.remove_hosts([sighting.address.host])
        return verdict

    async def _note_outside(self, sighting: Sighting) -> None:
        """Keep an address outside the networks for `candidates`; each once, and only so many in a run."""
        if sighting.address not in self._outside and len(self._outside) < inventory.MAX_OUTSIDE:
            self._outside.add(sighting.address)
            await self.store.run(lambda tx: inventory.save_candidate(tx, sighting, inventory.OUTSIDE))

    async def _save_places(self, sighting: Sighting) -> bool:
        """Save where the host announced that it answers IPP; return True if that is elsewhere than before."""
        places = sighting.announced.ipp if sighting.announced else ()
        known, host = self.printer_reader.places, sighting.address.host
        if not places or places == known.get_places(host):
            return False
        return await self.store.run(lambda tx: known.save_places(tx, host, places, sighting.at))

    async def _classify_sighting(
        self, sighting: Sighting, *, anew: bool = False
    ) -> tuple[str, PollResult | None]:
        """Return the verdict on a sighting, and the poll if it is a printer to store.

        `anew`: it announced another place for IPP, so an earlier verdict does not hold.
        """
        address = sighting.address
        if not await self.store.run(lambda tx: inventory.should_identify(tx, sighting, anew=anew)):
            return "known", None
        reading = await self.printer_reader.read_printer(
            address,
            self._credentials_to_try(sighting),
            ALL_TIERS,
            announced=bool(sighting.is_printer) or sighting.is_printer_maker,
        )
        identity = reading.snapshot.identity if reading else None
        if identity and identity.mac:
            self.printer_reader.excluded.record_macs(address.host, [identity.mac])
        if await self._remember_excluded(address.host):
            return inventory.OUTSIDE, None
        verdict = classify_identity(identity, announced=bool(sighting.is_printer))
        if reading and verdict == "printer":
            reading = await self.serial_claims.prove_credential(reading)
            await self.serial_claims.settle_claim(reading)
        return verdict, reading if verdict == "printer" else None

    async def _remember_excluded(self, host: str) -> bool:
        """Keep a host that has shown an excluded MAC, for the next start; return True if it has."""
        excluded, now = self.printer_reader.excluded, self.printer_reader.clock.now()
        if not excluded.covers_host(host):
            return False
        await self.store.run(lambda tx: excluded_hosts.save_host(tx, host, excluded.hosts[host], now))
        return True

    def _credentials_to_try(self, sighting: Sighting) -> list[Credential]:
        """List the credentials to try: what it answered already, else those that a printer may be given."""
        host = sighting.address.host
        if sighting.credential:
            answered = self.policy.credentials_for(host, answered=sighting.credential)
            return [credential for credential in answered if credential.name == sighting.credential]
        return self.policy.credentials_for(host, trusted=host in self.trusted_hosts.load_hosts())

    async def introduce_trusted(self) -> None:
        """Ask the hosts that IT has trusted since the last look (`printwarden devices trust`)."""
        for host in sorted(self.trusted_hosts.load_hosts() - self._introduced):
            self._introduced.add(host)
            address = self.policy.snmp_address(host)
            sighting = Sighting(
                address=address, via="trust", at=self.printer_reader.clock.now(), is_printer=True
            )
            verdict = await self._identify_safely(sighting)
            log.info("%s: trusted: %s", address, verdict)


class _SweepProgress:
    """The position of a sweep, saved now and then, so that a restart resumes there."""

    def __init__(self, store: Store, clock: Clock, on_progress: Callable[[DiscoveryProgress], None]) -> None:
        self._store, self._clock, self._on_progress = store, clock, on_progress
        self._saved_at = time.monotonic()
        self._writing: asyncio.Task[None] | None = None

    async def load_position(self) -> str:
        return await self._store.run(lambda tx: inventory.load_sweep_position(tx, self._clock.now()))

    def track_progress(self, progress: DiscoveryProgress) -> None:
        self._on_progress(progress)
        idle = self._writing is None or self._writing.done()
        if progress.host and idle and time.monotonic() - self._saved_at > SAVE_INTERVAL:
            self._saved_at = time.monotonic()
            self._writing = asyncio.create_task(self._save_position(progress.host))

    async def mark_complete(self) -> None:
        if self._writing:
            await self._writing
            await self._save_position("")

    async def _save_position(self, host: str) -> None:
        await self._store.run(lambda tx: inventory.save_sweep_position(tx, host, self._clock.now()))


def classify_identity(identity: Identity | None, *, announced: bool) -> str:
    """Return the verdict on an identity; an announced printer needs no further proof."""
    if identity is None:
        return "no answer"
    if identity.is_printer is False:
        return "not a printer"
    return "printer" if identity.is_printer or announced else "undecided"
