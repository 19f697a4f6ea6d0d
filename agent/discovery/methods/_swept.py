"""The addresses that a sweep may ask, in an order that spreads the packets over the subnets.

The budget of one /24 is a tenth of the budget of all: ten subnets that are asked in turn take as long as one.
"""

from collections.abc import Iterable

from agent.config import NetworkConfig
from agent.core.model import Address
from agent.discovery.methods import DiscoveryContext


def list_swept_addresses(context: DiscoveryContext, networks: Iterable[NetworkConfig]) -> list[Address]:
    """List the permitted addresses of `networks` that are not in the inventory, each once."""
    found = {
        Address(host, network.snmp_port): None
        for network in networks
        for host in context.policy.sweep_hosts(network)
    }
    return interleave_subnets(address for address in found if address not in context.skip)


def interleave_subnets(addresses: Iterable[Address]) -> list[Address]:
    """Order addresses so that those of one /24 (IPv6: /112) are far apart; the same order at each call."""
    return sorted(addresses, key=_order_key)


def _order_key(address: Address) -> tuple[int, str]:
    head, dot, last = address.host.rpartition(".")
    if not dot:
        head, _, last = address.host.rpartition(":")
    return int(last or "0", 10 if dot else 16), head
