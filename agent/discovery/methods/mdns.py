"""Printers that announce themselves (RFC 6762, RFC 6763; Bonjour Printing Specification 1.2.1).

Listening costs the printers nothing, and an announcement says that a device is a printer before any
SNMP packet is sent. It carries no meter and no state, and does not cross subnets.

Printers outside the configured networks are reported; the access policy keeps them from being asked.
"""

from collections.abc import AsyncIterator

from agent.config import Config
from agent.core.model import Sighting
from agent.discovery.methods import Cadence, DiscoveryContext

CADENCE: Cadence = "listen"


def enabled(config: Config) -> bool:
    """Report that `[mdns]` is switched on."""
    return config.mdns.enabled


def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each announced printer, once for each of its addresses, for `context.listen` seconds."""
    from agent.discovery.methods import _mdns  # noqa: PLC0415 - loads zeroconf

    return _mdns.discover(context)
