"""Treat traps and informs as hints: the sender is polled now, instead of when it is due.

    trap ──► a known printer, still permitted? ──► its alerts are due now ──► poll

The content of a trap is not used; it never opens a ticket by itself.
"""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.config import TrapsConfig
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.model import Address, Tier
from agent.pipeline.polling.fleet_state import FleetState
from agent.pipeline.polling.poller import Poller

if TYPE_CHECKING:
    from agent.snmp.traps import TrapListener

log = logging.getLogger(__name__)

ALERTS_ONLY = frozenset({Tier.ALERTS})


@dataclass(slots=True)
class TrapTrigger:
    """Makes the alerts of a known printer due when a trap of it arrives."""

    poller: Poller
    fleet: FleetState
    clock: Clock
    triggered: int = 0  # traps that led to a poll
    _listener: "TrapListener | None" = field(default=None)

    async def open(self, settings: TrapsConfig, policy: AccessPolicy) -> Address | None:
        """Listen, if that is switched on; returns the address. A port that cannot be bound is only logged."""
        if not settings.enabled:
            return None
        from agent.snmp.traps import TrapListener  # noqa: PLC0415 - pysnmp takes 10 MB

        listener = TrapListener(self.expects_sender, self.poll_sender, find_engine=self.find_engine)
        try:
            at = await listener.start(
                Address(settings.host, settings.port), list(policy.credentials.values())
            )
        except OSError as why:
            log.warning(
                "cannot listen for traps at %s port %d: %s. Polls go on as ever; ports below 1024 take a "
                "privilege, or the socket unit of the package.",
                settings.host,
                settings.port,
                why.strerror,
            )
            return None
        self._listener = listener
        log.info("listening for traps at %s", at)
        return at

    def close(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None

    def expects_sender(self, host: str) -> bool:
        """Report that packets from `host` are to be decoded: a known printer, and still permitted."""
        return self.fleet.find_key(host) is not None and self.poller.policy.permits_host(host)

    async def find_engine(self, host: str) -> bytes | None:
        """Ask the printer at `host` for its SNMPv3 engine id, without a secret; None without an answer."""
        device = self.fleet.devices.get(self.fleet.find_key(host) or "")
        reader = self.poller.printer_reader
        if device is None or not self.expects_sender(host) or reader.excluded.covers_host(host):
            return None
        engine = await reader.snmp_client.ask_engine_id(device.address)
        return engine.raw if engine else None

    def poll_sender(self, host: str) -> None:
        """Make the alerts of the printer at `host` due now."""
        key = self.fleet.find_key(host)
        if key is not None:
            self.triggered += 1
            self.poller.poll_queue.set_due(key, ALERTS_ONLY, self.clock.monotonic())
