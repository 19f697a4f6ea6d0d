"""The MAC addresses of the hosts on the agent's own links, as the system knows them; nothing is sent.

Linux: /proc/net/arp (proc_net(5)), IPv4. Elsewhere, behind a router and for IPv6 nothing is known, and
nothing follows from that.
"""

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ARP_TABLE = Path("/proc/net/arp")
COMPLETE = 0x2  # ATF_COM of linux/if_arp.h: the host has answered
MAX_AGE = 2.0  # seconds until the table is read again
MAX_OCTETS = 4 << 20


def read_neighbours(table: Path = ARP_TABLE) -> dict[str, str]:
    """Read the table: host -> MAC as twelve lower-case hex digits. Empty where there is none."""
    try:
        with table.open("r", encoding="ascii", errors="replace") as file:
            lines = file.read(MAX_OCTETS).splitlines()[1:]
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        try:
            host, _kind, flags, mac, *_ = line.split()
            digits = mac.replace(":", "").lower()
            if int(flags, 16) & COMPLETE and len(digits) == 12 and int(digits, 16):
                found[str(ipaddress.ip_address(host))] = digits
        except ValueError:
            continue
    return found


@dataclass(slots=True)
class LinkNeighbours:
    """The table, read again when it is old. `read`: the way to read it on this system."""

    read: Callable[[], Mapping[str, str]] = read_neighbours
    _hosts: Mapping[str, str] = field(default_factory=dict)
    _read_at: float = -MAX_AGE

    def find_mac(self, host: str) -> str | None:
        """Return the MAC of `host`; None if it is not on a link, or not known."""
        if time.monotonic() - self._read_at >= MAX_AGE:
            self._hosts, self._read_at = self.read(), time.monotonic()
        return self._hosts.get(host)
