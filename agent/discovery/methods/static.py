"""Printers named by hand in the config: `[[printer]] host = "192.168.10.20"`."""

from collections.abc import AsyncIterator

from agent.config import Config
from agent.core.model import Address, Sighting
from agent.discovery.methods import Cadence, DiscoveryContext

CADENCE: Cadence = "sweep"


def enabled(_config: Config) -> bool:
    """Always True: a list without printers finds none."""
    return True


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each printer of the list, once, unless it is excluded or in the inventory."""
    for printer in context.policy.config.printer:
        address = Address(printer.host, printer.snmp_port)
        if address not in context.skip and context.policy.permits_host(printer.host):
            yield Sighting(address=address, via="static", at=context.clock.now(), is_printer=True)
