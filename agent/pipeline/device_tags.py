"""Tags and contract of a printer, taken from the configuration by its address.

[[network]] tags, contract  ──►  every printer in it, by the narrowest network around it
[[printer]] tags, contract  ──►  that printer: its tags beside those of the network, its contract instead
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.config import Config, NetworkConfig
from agent.core.model import Device

AssignTags = Callable[[Device], Device]


def assign_nothing(device: Device) -> Device:
    """Return the printer unchanged: for runs without a configuration."""
    return device


@dataclass(frozen=True, slots=True)
class TagAssigner:
    """Gives printers the tags and the contract that the configuration has for their address."""

    config: Config
    _cache: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, device: Device) -> Device:
        """Return the printer with its tags and its contract."""
        tags, contract = self._lookup_host(device.address.host)
        if not tags and not contract:
            return device
        return replace(device, tags=tags, contract=contract or None)

    def _lookup_host(self, host: str) -> tuple[tuple[str, ...], str]:
        if host not in self._cache:
            self._cache[host] = self._find_tags(host)
        return self._cache[host]

    def _find_tags(self, host: str) -> tuple[tuple[str, ...], str]:
        network = self._find_network(host)
        printer = next((it for it in self.config.printer if it.host == host), None)
        places = [it for it in (network, printer) if it is not None]
        tags = dict.fromkeys(tag for place in places for tag in place.tags)
        contract = next((it.contract for it in reversed(places) if it.contract), "")
        return tuple(tags), contract

    def _find_network(self, host: str) -> NetworkConfig | None:
        """Find the narrowest configured network that contains the printer.

        None for a printer without an address, or on a cable: its host is then a queue of the spooler.
        """
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        around = [
            it for it in self.config.network if it.cidr.version == address.version and address in it.cidr
        ]
        return max(around, key=lambda it: it.cidr.prefixlen, default=None)
