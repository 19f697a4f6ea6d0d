"""Proposal of networks: those of this machine that may hold an office's printers. Pure."""

import ipaddress
from collections.abc import Iterable

VIRTUAL_INTERFACES = (
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
    "utun",
)
"""Beginnings of the names of interfaces that lead to containers, virtual machines and tunnels."""

MIN_PREFIX = 20  # the shortest prefix proposed as it is; a larger range is cut down to the /24 around us
FALLBACK_PREFIX = 24
MAX_PREFIX = 30  # a smaller network holds this machine and a router only


def propose_networks(addresses: Iterable[tuple[str, str, int]]) -> list[str]:
    """Networks like "192.168.10.0/24", each once, in order. `addresses`: (interface, IPv4 address, prefix).

    IPv4 only: an IPv6 /64 cannot be swept, and printers in it are found by their announcements.
    """
    offices = (
        ipaddress.IPv4Interface((address, prefix))
        for name, address, prefix in addresses
        if not name.startswith(VIRTUAL_INTERFACES) and prefix <= MAX_PREFIX
    )
    found = (
        _surrounding_network(here)
        for here in offices
        if here.is_private and not (here.is_loopback or here.is_link_local)
    )
    return list(dict.fromkeys(map(str, found)))


def _surrounding_network(here: ipaddress.IPv4Interface) -> ipaddress.IPv4Network:
    """The network of an address; of a very large one only the nearest part."""
    if here.network.prefixlen >= MIN_PREFIX:
        return here.network
    return ipaddress.IPv4Network((here.ip, FALLBACK_PREFIX), strict=False)
