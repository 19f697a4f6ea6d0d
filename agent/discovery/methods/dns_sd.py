"""Printers that the site's DNS names (unicast DNS-SD, RFC 6763, 11), also behind routers.

Only DNS servers are asked, and no printer gets a packet. Printers outside the configured networks are
reported; the access policy keeps them from being asked.
"""

from collections.abc import AsyncIterator

from agent.config import Config
from agent.core.model import Sighting
from agent.discovery.methods import Cadence, DiscoveryContext

CADENCE: Cadence = "sweep"


def enabled(config: Config) -> bool:
    """Report that `[dns_sd]` is switched on, and a network is swept."""
    return config.dns_sd.enabled and any(network.sweep for network in config.network)


def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each printer that the DNS names, once for each of its addresses."""
    from agent.discovery.methods import _dns_sd  # noqa: PLC0415 - loads dnspython

    return _dns_sd.discover(context)
