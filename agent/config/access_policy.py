"""Decides which hosts may be contacted, and with which credentials. Every packet needs its permission.

excluded (network, host, MAC)      never: this overrides all below
a printer named by hand            allowed, also outside the networks
inside a configured network        allowed
anything else                      never; it may be listed
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from agent.config import Config, IpNetwork, NetworkConfig, PrinterConfig
from agent.core.model import Address, Credential

PUBLIC_CREDENTIAL = Credential(name="public")
MAX_SWEEP_HOSTS = 1 << 20  # a range that large is a slip, also with allow_large


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Permissions, from the configured networks, printers and exclusions."""

    config: Config
    credentials: dict[str, Credential]

    @classmethod
    def from_config(cls, config: Config) -> "AccessPolicy":
        declared = {
            entry.name: Credential(**entry.model_dump())  # the same fields, checked
            for entry in config.credential
        }
        return cls(config, {"public": PUBLIC_CREDENTIAL, **declared})

    def permits_host(self, host: str, mac: str | None = None) -> bool:
        """Return True if `host` may be contacted at all."""
        return not self.is_excluded(host, mac) and bool(self._find_printer(host) or self._find_network(host))

    def is_excluded(self, host: str, mac: str | None = None) -> bool:
        exclude = self.config.exclude
        address = ipaddress.ip_address(host)
        return (
            host in exclude.hosts
            or (mac is not None and mac in exclude.macs)
            or any(address in network for network in exclude.networks)
        )

    def snmp_address(self, host: str) -> Address:
        """Return the address and port of the SNMP agent at a permitted host."""
        place = self._find_printer(host) or self._find_network(host)
        return Address(host, place.snmp_port if place else 161)

    def credentials_for(self, host: str) -> list[Credential]:
        """Return the credentials to try at a known printer, in the configured order."""
        place = self._find_printer(host) or self._find_network(host)
        return [self.credentials[name] for name in place.credentials] if place else []

    def sweep_credential(self, network: NetworkConfig) -> Credential | None:
        """Return the one credential that a sweep of `network` may send to unknown hosts.

        A community of v1 or v2c travels in clear text, so only "public" is ever sprayed; a network
        without it is swept with nothing, and found by mDNS or by hand.
        """
        for name in network.credentials:
            credential = self.credentials[name]
            if credential.version != "3" and credential.community == "public":
                return credential
        return None

    def sweep_hosts(self, network: NetworkConfig) -> Iterator[str]:
        """Yield every address of `network` that a sweep may ask, in order."""
        usable = network.cidr.hosts() if network.cidr.num_addresses > 2 else iter(network.cidr)
        for count, address in enumerate(usable):
            if count >= MAX_SWEEP_HOSTS:
                return
            if not self.is_excluded(str(address)):
                yield str(address)

    def _find_printer(self, host: str) -> "PrinterConfig | NetworkConfig | None":
        return next((printer for printer in self.config.printer if printer.host == host), None)

    def _find_network(self, host: str) -> "PrinterConfig | NetworkConfig | None":
        """Return the narrowest configured network that contains `host`."""
        address = ipaddress.ip_address(host)
        containing = [network for network in self.config.network if _contains_address(network.cidr, address)]
        return max(containing, key=lambda network: network.cidr.prefixlen, default=None)


def _contains_address(network: IpNetwork, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.version == network.version and address in network
