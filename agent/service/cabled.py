"""Printers on a cable of this machine: read through the spooler, taken in like those of the network."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from agent.clock import Clock
from agent.collectors import cups
from agent.collectors._profiles import Profiles
from agent.errors import ReadingError
from agent.model import Address
from agent.service.intake import Intake
from agent.service.line import Reading

PLACE = "cups/"  # what the address of such a printer begins with

log = logging.getLogger("printwarden.reading")


def on_cable(address: Address) -> bool:
    """Whether a printer is not on the network, so that nobody asks for it there."""
    return address.host.startswith(PLACE)


@dataclass(slots=True)
class Cabled:
    """One round asks the spooler once, and takes in every printer that it has on a cable."""

    socket: str
    clock: Clock
    intake: Intake
    profiles: Profiles | None = None
    _keys: dict[Address, str] = field(default_factory=dict)  # who was last read there

    async def go(self) -> None:
        """Read them all. A machine without a spooler has none."""
        if not self._has_spooler():
            return
        try:
            snapshots = await cups.collect(self.socket, at=self.clock.now(), profiles=self.profiles)
        except ReadingError as why:
            log.debug("no printers on a cable: %s", why)
            return
        for snapshot in snapshots:
            known = self._keys.get(snapshot.address)
            if snapshot.reachable or known:
                outcome = await self.intake.settle(Reading(snapshot=snapshot, device=known))
                if outcome.device:
                    self._keys[snapshot.address] = outcome.device.key

    def _has_spooler(self) -> bool:
        return Path(self.socket).exists()
