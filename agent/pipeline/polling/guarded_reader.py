"""Read a printer with a community that no other host may get: see `credential_guard`.

one request with the community ──► answered
    └── no answer, or doubt ──► "public", IPP, engine id ──► the same printer ──► one more request
                                                 └──► another host: nothing more; nothing shown: see the guard
"""

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent.config.access_policy import PUBLIC_CREDENTIAL
from agent.core.model import Address, CachedIdentity, Credential, Device, Tier
from agent.pipeline.pipeline import PollResult
from agent.pipeline.polling import credential_guard, tcp_probe
from agent.pipeline.polling.credential_guard import CredentialGuard
from agent.pipeline.polling.link_neighbours import LinkNeighbours
from agent.pipeline.polling.printer_reader import PrinterReader

Poll = partial[Coroutine[Any, Any, PollResult | None]]
"""`PrinterReader.read_printer` of one address: `(credentials, tiers, cached=…, attempts=…)`."""


@dataclass(frozen=True, slots=True)
class GuardedReader:
    """Reads one printer within the limits of the guard. `patience`: seconds of silence without doubt."""

    guard: CredentialGuard
    neighbours: LinkNeighbours
    printer_reader: PrinterReader
    patience: float

    async def read_printer(
        self,
        device: Device,
        address: Address,
        credentials: list[Credential],
        tiers: frozenset[Tier],
        cached: CachedIdentity | None,
        poll: Poll,
    ) -> PollResult | None:
        """Read the printer at `address`; None if nothing there answers that is this or another printer."""
        clock, guard = self.printer_reader.clock, self.guard
        now, link_mac = clock.monotonic(), self._find_mac(device, address)
        doubtful = guard.is_doubtful(device, now, self.patience, wall=clock.now(), link_mac=link_mac)
        if not doubtful:
            answer = await poll(credentials, tiers, cached=cached, attempts=1)
            if answer and answer.credential:
                if Tier.INVENTORY in tiers:
                    guard.record_engine(device.key, await self._ask_engine(address))
                return answer
        everything = tiers | {Tier.INVENTORY}
        shown = await poll([PUBLIC_CREDENTIAL], everything)
        identity = shown.snapshot.identity if shown else None
        if credential_guard.contradicts_identity(device, identity):
            return shown
        engine_id = await self._ask_engine(address) if guard.knows_engine(device.key) else None
        verdict = guard.judge_host(device, identity, now, engine_id=engine_id, link_mac=link_mac)
        if verdict == "unknown" and not doubtful:  # it may be asleep
            return await poll(credentials, everything)
        if verdict == "same":
            answer = await poll(credentials, everything, attempts=1)
            if answer is None or not answer.credential:
                guard.record_failed_proof(device.key, now)
            return answer or shown
        if doubtful:
            awake = await tcp_probe.first_open_port(address.host) is not None
            if guard.may_try(device.key, now, awake=awake):
                return await poll(credentials, everything, attempts=1)
        else:
            guard.hold_back(device.key, now)
        return shown if verdict == "paused" else None

    def _find_mac(self, device: Device, address: Address) -> str | None:
        """Return the MAC on the link; None at a second address, which is another network card."""
        return self.neighbours.find_mac(address.host) if address == device.address else None

    async def _ask_engine(self, address: Address) -> bytes | None:
        engine = await self.printer_reader.snmp_client.ask_engine_id(address)
        return engine.raw if engine else None
