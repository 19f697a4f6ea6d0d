"""Printers of this machine, on a cable for example: taken in like those of the network."""

import logging
from dataclasses import dataclass, field

from agent.collectors._vendor.vendor_profiles import Profiles
from agent.collectors._visit import LocalCollector, Round
from agent.config import Config
from agent.core.clock import Clock
from agent.core.errors import ReadingError
from agent.core.model import Address
from agent.pipeline.batch_writer import BatchWriter
from agent.pipeline.pipeline import PollResult

log = logging.getLogger("printwarden.reading")


def is_usb_printer(address: Address) -> bool:
    """Whether a printer is not on the network, so that nobody asks for it there."""
    return "/" in address.host


@dataclass(slots=True)
class UsbPoller:
    """One round asks a collector once, and takes in every printer that it finds."""

    collector: LocalCollector
    config: Config
    clock: Clock
    batch_writer: BatchWriter
    profiles: Profiles
    _keys: dict[Address, str] = field(default_factory=dict)  # who was last read there

    async def poll_all(self) -> None:
        """Read them all."""
        asked = Round(at=self.clock.now(), config=self.config, profiles=self.profiles)
        try:
            snapshots = await self.collector.collect(asked)
        except ReadingError as why:
            log.debug("no printers on a cable: %s", why)
            return
        for snapshot in snapshots:
            known = self._keys.get(snapshot.address)
            if snapshot.reachable or known:
                outcome = await self.batch_writer.write_poll(PollResult(snapshot=snapshot, device=known))
                if outcome.device:
                    self._keys[snapshot.address] = outcome.device.key
