"""Decides which hosts may be contacted, and with which credentials. Every packet needs its permission.

excluded (network, host, MAC)      never: this overrides all below
a printer named by hand            allowed, also outside the networks
inside a configured network        allowed
anything else                      never; it may be listed

A secret goes to

    "public"                       every permitted host: it is no secret
    an SNMPv3 user                 hosts that announce themselves as a printer, and found printers
    a community of v1 or v2c       printers named by hand or trusted; the address that answered it last;
                                   every printer of a network with share = "anyone"

A host that answered "public" is asked with "public" alone. Elsewhere v3 comes before v1 and v2c.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from agent.config import Config, IpNetwork, NetworkConfig, PrinterConfig, Share
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

    def configured_credentials(self, host: str) -> list[Credential]:
        """Return what the configuration names for `host`, v3 first, each kind in the configured order."""
        place = self._find_printer(host) or self._find_network(host)
        named = [self.credentials[name] for name in place.credentials] if place else []
        return sorted(named, key=lambda credential: credential.version != "3")

    def credentials_for(
        self, host: str, *, answered: str | None = None, trusted: bool = False
    ) -> list[Credential]:
        """Return the credentials that a printer at `host` may be given, in the order to try.

        `answered`: the credential that this very address answered last; it is then the only one.
        `trusted`: IT has said `printwarden devices trust`.
        """
        share = self._share_at(host)
        everything = trusted or share == "anyone"
        allowed = [
            credential
            for credential in self.configured_credentials(host)
            if not credential.is_secret_community
            or everything
            or (share == "known" and credential.name == answered)
        ]
        return [credential for credential in allowed if credential.name == answered] or allowed

    def withheld_credentials(self, host: str) -> list[Credential]:
        """Return the communities that `host` would be given only after `printwarden devices trust`."""
        given = self.credentials_for(host)
        return [credential for credential in self.configured_credentials(host) if credential not in given]

    def must_prove_identity(self, host: str, credential: Credential) -> bool:
        """Return True if silence at `host` ends the right to `credential` until the printer proves itself.

        A printer named by hand keeps it: IT has vouched for the address.
        """
        return credential.is_secret_community and self._share_at(host) != "anyone"

    def must_answer(self, host: str, name: str) -> bool:
        """Return True if a printer known by the credential `name` at `host` must go on answering it.

        Not so for "public", which any host answers, and for what the configuration does not name any more.
        """
        return any(
            one.name == name and (one.version == "3" or one.is_secret_community)
            for one in self.configured_credentials(host)
        )

    def _share_at(self, host: str) -> Share:
        """Return the `share` of the place; a printer named by hand counts as "anyone" of its own."""
        if self._find_printer(host):
            return "anyone"
        network = self._find_network(host)
        return network.share if isinstance(network, NetworkConfig) else "named"

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
        """Yield every address of `network` that a sweep may ask, in order.

        A narrower configured network inside it is left out: its own entry says whether and how it is swept.
        """
        inside = [
            other.cidr
            for other in self.config.network
            if other.cidr.prefixlen > network.cidr.prefixlen and _contains_network(network.cidr, other.cidr)
        ]
        usable = network.cidr.hosts() if network.cidr.num_addresses > 2 else iter(network.cidr)
        for count, address in enumerate(usable):
            if count >= MAX_SWEEP_HOSTS:
                return
            if not self.is_excluded(str(address)) and not any(address in one for one in inside):
                yield str(address)

    def _find_printer(self, host: str) -> "PrinterConfig | NetworkConfig | None":
        return next((printer for printer in self.config.printer if printer.host == host), None)

    def _find_network(self, host: str) -> "PrinterConfig | NetworkConfig | None":
        """Return the narrowest configured network that contains `host`."""
        address = ipaddress.ip_address(host)
        containing = [network for network in self.config.network if _contains_address(network.cidr, address)]
        return max(containing, key=lambda network: network.cidr.prefixlen, default=None)


def _contains_network(network: IpNetwork, other: IpNetwork) -> bool:
    return _contains_address(network, other.network_address)


def _contains_address(network: IpNetwork, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.version == network.version and address in network
