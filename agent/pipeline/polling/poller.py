"""Poll the printers that are due, at most `MAX_POLLS` at a time."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from agent.config.access_policy import AccessPolicy
from agent.config.trusted_hosts import TrustedHosts
from agent.core.clock import Clock
from agent.core.failure_log import FailureLog
from agent.core.model import Address, CachedIdentity, Device, Tier
from agent.core.store import Store
from agent.discovery import address_credentials, excluded_hosts, inventory
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling import credential_guard, usb_printers
from agent.pipeline.polling.credential_guard import CredentialGuard
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.guarded_reader import GuardedReader
from agent.pipeline.polling.link_neighbours import LinkNeighbours
from agent.pipeline.polling.printer_reader import PrinterReader
from agent.pipeline.polling.reboot_guard import RebootGuard
from agent.pipeline.polling.schedule import PollQueue

MAX_POLLS = 64  # printers being read at the same time …
PROMPT_TIME = 3.0  # … real seconds after which a poll counts as waiting for a silent printer
MAX_PENDING = 1024  # polls, with the waiting ones
RETRY_DELAY = 30.0  # seconds until a printer that is still being read is due again

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Poller:
    """Starts the polls that are due and hands their results to the batch writer."""

    policy: AccessPolicy
    store: Store
    printer_reader: PrinterReader
    batch_writer: BatchWriter
    fleet: FleetState
    poll_queue: PollQueue
    trusted_hosts: TrustedHosts
    reboot_guard: RebootGuard = field(default_factory=RebootGuard)
    credential_guard: CredentialGuard = field(default_factory=CredentialGuard)
    neighbours: LinkNeighbours = field(default_factory=LinkNeighbours)
    failures: FailureLog = field(default_factory=FailureLog)
    _polls: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # by the printer's key
    _begun: dict[str, float] = field(default_factory=dict)  # when each of them began

    @property
    def clock(self) -> Clock:
        return self.printer_reader.clock

    @property
    def _guarded_reader(self) -> GuardedReader:
        patience = credential_guard.MAX_SILENT_POLLS * self.poll_queue.cadence[Tier.ALERTS]
        return GuardedReader(self.credential_guard, self.neighbours, self.printer_reader, patience)

    async def load_known_printers(self) -> None:
        """Load the printers of the inventory into the fleet and the queue."""
        now, excluded = self.clock.now(), self.printer_reader.excluded
        excluded.hosts |= await self.store.run(lambda tx: excluded_hosts.load_hosts(tx, now))
        await self.store.run(self.printer_reader.places.load_places)
        for key, device in (await self.store.run(inventory.load_devices)).items():
            self.fleet.add_device(device)
            self.poll_queue.add_printer(key, self.clock.monotonic())

    async def start_due_polls(self) -> None:
        """Start the polls that are due, as far as slots are free."""
        for key in self.fleet.devices:
            self.poll_queue.add_printer(key, self.clock.monotonic())
        now, wall = self.clock.monotonic(), self.clock.now()
        for key, tiers in self.poll_queue.take_due(now, self._free_slots(), wall=wall):
            if key in self._polls:  # still being read, or waited for: never two at a time
                self.poll_queue.set_due(key, tiers, now + RETRY_DELAY)
                continue
            self._polls[key] = asyncio.create_task(
                self._poll_printer(self.fleet.devices[key], tiers), name=key
            )
            self._polls[key].add_done_callback(self._remove_poll)
            self._begun[key] = time.monotonic()

    def _free_slots(self) -> int:
        """Count the polls that may start.

        A silent printer takes the full timeout (30 s) and does not use a slot, or a site without power would
        hold up the next one.
        """
        prompt = time.monotonic() - PROMPT_TIME
        busy = sum(begun > prompt for begun in self._begun.values())
        return min(MAX_POLLS - busy, MAX_PENDING - len(self._polls))

    async def poll_all(self, keys: Iterable[str], tiers: frozenset[Tier]) -> None:
        """Read these printers now, due or not, and store the results."""
        limit = asyncio.Semaphore(MAX_POLLS)

        async def poll_one(key: str) -> None:
            async with limit:
                try:
                    await self._poll_printer(self.fleet.devices[key], tiers)
                except Exception as why:  # noqa: BLE001 - the edge of each poll of this round
                    self.failures.record_failure(f"the poll of {key}", why)

        async with asyncio.TaskGroup() as group:
            for key in keys:
                group.create_task(poll_one(key))

    async def finish_polls(self) -> None:
        """Wait for the polls that are under way, until their results are on disk."""
        while self._polls:
            await asyncio.wait(self._polls.values())

    def _remove_poll(self, poll: asyncio.Task[None]) -> None:
        del self._polls[poll.get_name()], self._begun[poll.get_name()]
        if not poll.cancelled() and (why := poll.exception()):
            self.failures.record_failure(f"the poll of {poll.get_name()}", why)

    async def _poll_printer(self, device: Device, tiers: frozenset[Tier]) -> None:
        """Read one printer; after silence, a restart of it or of the agent, its identity is read again."""
        if not self._may_poll(device):
            return
        cached = self.fleet.cached_identity(device.key)
        if cached is None:
            tiers |= {Tier.INVENTORY}
        reading = await self.read_device(device, tiers, cached)
        identified = reading.snapshot.identity is not None
        if not identified and self.fleet.has_restarted(device.key, reading.snapshot):
            reading = await self.read_device(device, tiers | {Tier.INVENTORY})
        if await self._exclude_host(device.address.host):
            return
        await self.batch_writer.write_poll(reading)
        self.credential_guard.record_poll(
            device,
            reading.snapshot,
            self.clock.monotonic(),
            answered=self._answers_own_credential(device, reading),
            link_mac=self.neighbours.find_mac(device.address.host),
        )
        if reading.snapshot.reachable and self.reboot_guard.record_answer(
            device.key, self.clock.monotonic(), reading.snapshot.uptime
        ):
            log.warning("%s restarts when it is polled: it is not polled for a day", device.name)

    def _answers_own_credential(self, device: Device, reading: PollResult) -> bool:
        """Report that the answer is to the credential that the printer must answer; without one, to any."""
        known = device.credential
        if known is not None and self.policy.must_answer(device.address.host, known):
            return reading.credential == known
        return reading.credential is not None

    async def _exclude_host(self, host: str) -> bool:
        """Keep a host that has just shown an excluded MAC, for the next start; return True if it has."""
        excluded, now = self.printer_reader.excluded, self.clock.now()
        if not excluded.covers_host(host):
            return False
        await self.store.run(lambda tx: excluded_hosts.save_host(tx, host, excluded.hosts[host], now))
        return True

    def _may_poll(self, device: Device) -> bool:
        """Report that the printer has an address, is permitted, and is not suspended."""
        host = device.address.host
        suspended = self.reboot_guard.is_suspended(device.key, self.clock.monotonic())
        return (
            bool(host)
            and not usb_printers.is_usb_printer(device.address)
            and self.policy.permits_host(host, device.mac)
            and not self.printer_reader.excluded.covers_host(host)
            and not suspended
        )

    async def read_device(
        self, device: Device, tiers: frozenset[Tier], cached: CachedIdentity | None = None
    ) -> PollResult:
        """Read a known printer with the credential that it answered before.

        A printer that is silent at its address is tried at its second one, and identified there.
        """
        learned, second_addresses = await self.store.run(
            lambda tx: (
                inventory.load_learned(tx, device.key),
                inventory.load_second_addresses(tx, device.key),
            )
        )
        answer = await self._read_at(device, device.address, tiers, learned, cached)
        for address in second_addresses if answer is None else ():
            if self.policy.permits_host(address.host, device.mac):
                answer = answer or await self._read_at(
                    device, address, tiers | {Tier.INVENTORY}, learned, None
                )
        return replace(answer or self.printer_reader.silent_result(device.address), device=device.key)

    async def _read_at(
        self,
        device: Device,
        address: Address,
        tiers: frozenset[Tier],
        learned: str,
        cached: CachedIdentity | None,
    ) -> PollResult | None:
        answered = await self.store.run(lambda tx: address_credentials.load_answer(tx, address, device))
        credentials = self.policy.credentials_for(
            address.host, answered=answered, trusted=address.host in self.trusted_hosts.load_hosts()
        )
        poll = partial(self.printer_reader.read_printer, address, learned=learned)
        if answered and any(self.policy.must_prove_identity(address.host, one) for one in credentials):
            return await self._guarded_reader.read_printer(device, address, credentials, tiers, cached, poll)
        reading = await poll(credentials, tiers, cached=cached)
        if reading and reading.credential:
            self.trusted_hosts.remove_hosts([address.host])
        return reading
