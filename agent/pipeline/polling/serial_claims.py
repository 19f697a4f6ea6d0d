"""Two addresses give one serial number: one printer with two network cards, or two devices that claim it.

newcomer with the serial number of a living printer, and another MAC
    └─► read that printer now, with the same credential
          └─► same serial number, uptime and page total? ──► merge, with this reason
                  no, or no answer ──────────────────────► finding, settled by `devices merge` or `trust`
"""

import logging
from dataclasses import dataclass

from agent.config.access_policy import AccessPolicy
from agent.core.model import Device, Tier
from agent.core.store import Store
from agent.discovery import binding, decisions, matching
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling.printer_reader import PrinterReader

log = logging.getLogger(__name__)

NETWORK_DELAY = 0.1  # real seconds between a request and the moment that its answer describes, at most
ONE_LOOK = "both addresses gave one serial number, uptime and page total in one look"
TWO_CLAIMS = "two devices claim one serial number, and differ in uptime or page total"


@dataclass(slots=True)
class SerialClaims:
    """Settles the claims of newcomers to the serial number of a known printer."""

    policy: AccessPolicy
    store: Store
    printer_reader: PrinterReader

    async def prove_credential(self, reading: PollResult) -> PollResult:
        """Read a newcomer again with the SNMPv3 user of the known printer that it shows to be, if it has one.

        A printer that moved answers it. A community is never sent to a new address for this.
        """
        snapshot, identity = reading.snapshot, reading.snapshot.identity
        if identity is None or reading.credential is None:
            return reading
        device = await self.store.run(
            lambda tx: binding.find_known_elsewhere(tx, identity, snapshot.address, snapshot.at)
        )
        if device is None or device.credential in {None, reading.credential}:
            return reading
        own = [
            one
            for one in self.policy.configured_credentials(snapshot.address.host)
            if one.name == device.credential and one.version == "3"
        ]
        look = await self.printer_reader.read_printer(snapshot.address, own, frozenset(Tier)) if own else None
        return look if look and look.credential else reading

    async def settle_claim(self, reading: PollResult) -> None:
        """Merge or report, if `reading` of a newcomer gives the serial number of a living printer."""
        snapshot, identity = reading.snapshot, reading.snapshot.identity
        if identity is None or not identity.serial:
            return
        claim = await self.store.run(
            lambda tx: binding.find_serial_claim(tx, identity, snapshot.address, snapshot.at)
        )
        if claim is None:
            return
        device, other = claim
        if await self._is_one_printer(device, reading):
            log.info("%s has a second network card at %s", device.name, snapshot.address)
            await self.store.run(
                lambda tx: decisions.merge_devices(tx, device.key, other, ONE_LOOK, snapshot.at)
            )
        elif await self.store.run(
            lambda tx: decisions.add_finding(tx, device.key, other, TWO_CLAIMS, snapshot.at)
        ):
            log.warning("%s and %s: %s", device.name, snapshot.address, TWO_CLAIMS)

    async def _is_one_printer(self, device: Device, reading: PollResult) -> bool:
        """Read the known printer with the credential that the newcomer answered, and compare."""
        host = device.address.host
        if not self.policy.permits_host(host, device.mac):
            return False
        same = [one for one in self.policy.credentials_for(host) if one.name == reading.credential]
        look = await self.printer_reader.read_printer(device.address, same, frozenset(Tier)) if same else None
        tolerance = matching.UPTIME_TOLERANCE + NETWORK_DELAY * (self.printer_reader.clock.speed - 1)
        return look is not None and matching.is_one_printer(reading.snapshot, look.snapshot, tolerance)
