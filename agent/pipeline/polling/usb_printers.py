"""Poll the printers of this machine, on a USB cable for example."""

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

log = logging.getLogger(__name__)


def is_usb_printer(address: Address) -> bool:
    """Report that the address is one of this machine and not of the network."""
    return "/" in address.host


@dataclass(slots=True)
class UsbPoller:
    """Runs one local collector and stores every printer that it finds."""

    collector: LocalCollector
    config: Config
    clock: Clock
    batch_writer: BatchWriter
    profiles: Profiles
    _keys: dict[Address, str] = field(default_factory=dict)  # key of the printer last read there

    async def poll_all(self) -> None:
        """Run the collector once and store its snapshots."""
        visit = Round(at=self.clock.now(), config=self.config, profiles=self.profiles)
        try:
            snapshots = await self.collector.collect(visit)
        except ReadingError as why:
            log.debug("no local printers: %s", why)
            return
        for snapshot in snapshots:
            key = self._keys.get(snapshot.address)
            if snapshot.reachable or key:
                outcome = await self.batch_writer.write_poll(PollResult(snapshot=snapshot, device=key))
                if outcome.device:
                    self._keys[snapshot.address] = outcome.device.key
