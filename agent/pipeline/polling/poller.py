"""Going round: whoever is due is read, as many at a time as there is room for."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.config.access_policy import Territory
from agent.core.model import Address, Device, Known, Tier
from agent.core.store import Store
from agent.discovery import inventory
from agent.pipeline.batch_writer import Intake
from agent.pipeline.pipeline import Reading
from agent.pipeline.polling import usb_printers
from agent.pipeline.polling.fleet_state import Roll
from agent.pipeline.polling.printer_reader import Asking
from agent.pipeline.polling.reboot_guard import Caution
from agent.pipeline.polling.schedule import Rota

AT_ONCE = 64  # printers being read at the same time …
PROMPT = 3.0  # … but for those that have not answered for so many real seconds: they only wait
MOST = 1024  # with those
LATER = 30.0  # seconds until a printer that is still being read is due again

log = logging.getLogger("printwarden.reading")


@dataclass(slots=True)
class Rounds:
    territory: Territory
    store: Store
    asking: Asking
    intake: Intake
    roll: Roll
    rota: Rota
    caution: Caution = field(default_factory=Caution)
    _polls: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # by the printer's key
    _begun: dict[str, float] = field(default_factory=dict)  # when each of them did

    async def resume(self) -> None:
        """Take up the printers that the inventory knows from earlier days."""
        for key, device in (await self.store.run(inventory.devices)).items():
            self.roll.meet(device)
            self.rota.add(key, self.asking.clock.now())

    async def go(self) -> None:
        """Start the polls that are due, as far as there is room."""
        for key in self.roll.known:
            self.rota.add(key, self.asking.clock.now())
        for key, tiers in self.rota.due(self.asking.clock.now(), self._room()):
            if key in self._polls:  # still being read, or waited for: never two at a time
                self.rota.hurry(key, tiers, self.asking.clock.now() + LATER)
                continue
            self._polls[key] = asyncio.create_task(self._poll(self.roll.known[key], tiers), name=key)
            self._polls[key].add_done_callback(self._forget)
            self._begun[key] = time.monotonic()

    def _room(self) -> int:
        """How many polls may start. A silent printer takes all the patience there is (30 s): it does not keep
        others waiting, or a site without power would hold up the next one."""
        prompt = time.monotonic() - PROMPT
        busy = sum(begun > prompt for begun in self._begun.values())
        return min(AT_ONCE - busy, MOST - len(self._polls))

    async def everybody(self, keys: Iterable[str], tiers: frozenset[Tier]) -> None:
        """Read these printers now, due or not, and take the readings in."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> None:
            async with room:
                await self._poll(self.roll.known[key], tiers)

        async with asyncio.TaskGroup() as group:
            for key in keys:
                group.create_task(one(key))

    async def finish(self) -> None:
        """Let the polls that are under way end, and their readings reach the disk."""
        while self._polls:
            await asyncio.wait(self._polls.values())

    def _forget(self, poll: asyncio.Task[None]) -> None:
        del self._polls[poll.get_name()], self._begun[poll.get_name()]
        if not poll.cancelled() and (why := poll.exception()):
            log.error("reading %s failed", poll.get_name(), exc_info=why)

    async def _poll(self, device: Device, tiers: frozenset[Tier]) -> None:
        """Read one printer. Who comes back from silence or a restart is asked again who it is."""
        if not self._may_ask(device):
            return
        if device.key in self.roll.silent:
            tiers |= {Tier.INVENTORY}
        reading = await self.read(device, tiers, self.roll.taught(device.key))
        if Tier.INVENTORY not in tiers and self.roll.restarted(device.key, reading.snapshot):
            reading = await self.read(device, tiers | {Tier.INVENTORY})
        await self.intake.settle(reading)
        if reading.snapshot.reachable and self.caution.answered(
            device.key, reading.snapshot.at, reading.snapshot.uptime
        ):
            log.warning("%s restarts when it is polled: it is left alone for a day", device.name)

    def _may_ask(self, device: Device) -> bool:
        """Whether the printer is somewhere, permitted, and not better left alone."""
        host = device.address.host
        resting = self.caution.rests(device.key, self.asking.clock.now())
        return (
            bool(host)
            and not usb_printers.on_cable(device.address)
            and self.territory.permits(host, device.mac)
            and not resting
        )

    async def read(self, device: Device, tiers: frozenset[Tier], known: Known | None = None) -> Reading:
        """What a known printer says, to the credential that it is known to answer.

        A printer that is silent at its address is looked for at its second one, and asked who it is.
        """
        learned, elsewhere = await self.store.run(
            lambda tx: (inventory.learned(tx, device.key), inventory.second_addresses(tx, device.key))
        )
        answer = await self._ask(device, device.address, tiers, learned, known)
        for address in elsewhere if answer is None else ():
            if self.territory.permits(address.host, device.mac):
                answer = answer or await self._ask(device, address, tiers | {Tier.INVENTORY}, learned, None)
        return replace(answer or self.asking.silence(device.address), device=device.key)

    async def _ask(
        self, device: Device, address: Address, tiers: frozenset[Tier], learned: str, known: Known | None
    ) -> Reading | None:
        allowed = self.territory.credentials_for(address.host)
        credentials = [one for one in allowed if one.name == device.credential] or allowed
        return await self.asking.ask(address, credentials, tiers, learned=learned, known=known)
