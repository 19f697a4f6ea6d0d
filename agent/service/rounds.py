"""Going round: whoever is due is read, as many at a time as there is room for."""

import asyncio
from dataclasses import dataclass, field, replace

from agent import inventory
from agent.model import Device, Tier
from agent.schedule import Rota
from agent.service.asking import Asking
from agent.service.intake import Intake
from agent.service.line import Reading
from agent.service.roll import Roll
from agent.store import Store
from agent.territory import Territory

AT_ONCE = 64  # printers being read at the same time


@dataclass(slots=True)
class Rounds:
    territory: Territory
    store: Store
    asking: Asking
    intake: Intake
    roll: Roll
    rota: Rota
    _polls: set[asyncio.Task[None]] = field(default_factory=set)

    async def resume(self) -> None:
        """Take up the printers that the inventory knows from earlier days."""
        self.roll.known.update(await self.store.run(inventory.devices))
        for key in self.roll.known:
            self.rota.add(key, self.asking.clock.now())

    async def go(self) -> None:
        """Start the polls that are due, as far as there is room."""
        for key in self.roll.known:
            self.rota.add(key, self.asking.clock.now())
        for key, tiers in self.rota.due(self.asking.clock.now(), AT_ONCE - len(self._polls)):
            task = asyncio.create_task(self._poll(self.roll.known[key], tiers))
            self._polls.add(task)
            task.add_done_callback(self._polls.discard)

    async def finish(self) -> None:
        """Let the polls that are under way end, and their readings reach the disk."""
        while self._polls:
            await asyncio.wait(self._polls)

    async def _poll(self, device: Device, tiers: frozenset[Tier]) -> None:
        """Read one printer. Who comes back from silence or a restart is asked again who it is."""
        if not device.address.host or not self.territory.permits(device.address.host, device.mac):
            return
        if device.key in self.roll.silent:
            tiers |= {Tier.INVENTORY}
        reading = await self.read(device, tiers)
        if Tier.INVENTORY not in tiers and self.roll.restarted(device.key, reading.snapshot):
            reading = await self.read(device, tiers | {Tier.INVENTORY})
        await self.intake.settle(reading)

    async def read(self, device: Device, tiers: frozenset[Tier]) -> Reading:
        """What a known printer says, to the credential that it is known to answer."""
        learned = await self.store.run(lambda tx: inventory.learned(tx, device.key))
        allowed = self.territory.credentials_for(device.address.host)
        credentials = [one for one in allowed if one.name == device.credential] or allowed
        answer = await self.asking.ask(device.address, credentials, tiers, learned)
        return replace(answer or self.asking.silence(device.address), device=device.key)
