"""Printers that answer WS-Discovery on the link (WS-Discovery 2005/04; WSD of printers and Windows).

    Probe, one packet to 239.255.255.250:3702 on each interface ──► ProbeMatches of each printer ──► sighting

Printers answer it that are silent over mDNS. The packet does not leave the link. Only the address that
answered counts; addresses in the answer are not followed.
"""

import asyncio
import ipaddress
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack

import ifaddr

from agent.config import Config
from agent.core.model import Sighting
from agent.discovery.methods import Cadence, DiscoveryContext, _wsd_messages

CADENCE: Cadence = "sweep"

GROUP, PORT = "239.255.255.250", 3702
LINGER = 5.0  # seconds to wait for answers; a printer may take half a second, and longer asleep
MAX_ANSWERS = 2000  # hosts that are reported in a sweep
MAX_DATAGRAM = 16_384  # octets; an answer is about 2,000


def enabled(config: Config) -> bool:
    """Report that `[ws_discovery]` is switched on, and a network is swept."""
    return config.ws_discovery.enabled and any(network.sweep for network in config.network)


async def discover(context: DiscoveryContext) -> AsyncIterator[Sighting]:
    """Yield each host that answers as a printer, once. Raises OSError if no interface can be used."""
    message_id = f"urn:uuid:{uuid.uuid4()}"
    listener = _ProbeListener(message_id)
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for opened in _open_sockets(list_interfaces(context.policy.config)):
            transport, _ = await loop.create_datagram_endpoint(lambda: listener, sock=opened)
            stack.callback(transport.close)
            transport.sendto(_wsd_messages.build_probe(message_id), (GROUP, PORT))
            listener.asked += 1
        if not listener.asked:
            return
        ends = loop.call_later(LINGER, listener.matches.put_nowait, None)
        stack.callback(ends.cancel)
        while (match := await listener.matches.get()) is not None:
            yield _build_sighting(context, *match)


def list_interfaces(config: Config) -> list[str]:
    """List the addresses to ask from: as configured, or those of this machine in networks that are swept."""
    if config.ws_discovery.interfaces:
        return list(config.ws_discovery.interfaces)
    swept = [network.cidr for network in config.network if network.sweep]
    own = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str))
    return [host for host in own if any(_lies_in(host, network) for network in swept)]


def _lies_in(host: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return network.version == 4 and ipaddress.ip_address(host) in network


def _open_sockets(interfaces: list[str]) -> list[socket.socket]:
    """Open a socket on each interface that can be used. Raises OSError if there is none."""
    opened, failed = [], None
    for interface in interfaces:
        try:
            opened.append(_open_socket(interface))
        except OSError as why:
            failed = why
    if failed and not opened:
        raise failed
    return opened


def _open_socket(interface: str) -> socket.socket:
    """Open a socket whose packets leave by `interface` and do not leave its link. Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind((interface, 0))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    except OSError:
        made.close()
        raise
    return made


def _build_sighting(context: DiscoveryContext, host: str, device: str | None) -> Sighting:
    return Sighting(
        address=context.policy.snmp_address(host),
        via="ws_discovery",
        at=context.clock.now(),
        is_printer=True,
        uuid=device,
    )


class _ProbeListener(asyncio.DatagramProtocol):
    """Takes one answer from each host; what does not answer our probe, or is no printer, is dropped."""

    def __init__(self, message_id: str) -> None:
        self.matches: asyncio.Queue[tuple[str, str | None] | None] = asyncio.Queue()
        self.asked = 0  # interfaces
        self._message_id = message_id
        self._seen: set[str] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue the host of the answer."""
        host = addr[0]
        if host in self._seen or len(self._seen) >= MAX_ANSWERS or len(data) > MAX_DATAGRAM:
            return
        answer = _wsd_messages.parse_answer(data)
        if answer is not None and answer.relates_to == self._message_id and answer.is_printer:
            self._seen.add(host)
            self.matches.put_nowait((host, answer.uuid))
