"""Taking turns: what has to be waited for before a packet may leave.

    one request at a time to a printer -> the budget of its subnet -> the budget of all -> a free slot

Slots bound what is under way, so that the answers fit the receive buffer. Time spent here is ours,
not the printer's: it counts towards no timeout and no guard.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from time import monotonic

from agent.core.errors import NoAnswer
from agent.core.model import Address
from agent.snmp.codec import Reply
from agent.snmp.endpoint import SockAddr
from agent.snmp.slots import Places
from agent.snmp.token_bucket import Bucket, Subnets, subnet_of

MOST_STATIONS = 50_000

Attempt = Callable[[int, float], Awaitable[Reply | None]]
"""`(number, wait)`: send once, and give what to wait for: an answer, or None after `wait` seconds."""


class Station:
    """A printer as the sockets know it, and whose turn it is to ask it."""

    __slots__ = ("family", "sockaddr", "subnet", "turn")

    def __init__(self, family: socket.AddressFamily, sockaddr: SockAddr) -> None:
        self.family = family
        self.sockaddr = sockaddr
        self.subnet = subnet_of(sockaddr[0])
        self.turn = Places(1)


class Courtesy:
    """The budgets, and everybody's turns. A rate is in requests a second; None sets no bound."""

    def __init__(self, rate: float | None, subnet_rate: float | None) -> None:
        self._all = Bucket(rate, burst=max(1.0, rate / 10)) if rate else None
        self._subnets = Subnets(subnet_rate, burst=max(1.0, subnet_rate / 2)) if subnet_rate else None
        self._bounded = bool(rate or subnet_rate)
        self._stations: dict[Address, Station] = {}

    def station(self, address: Address) -> Station:
        """The one station of `address`. Raises NoAnswer if that is no IP address."""
        station = self._stations.get(address)
        if station is None:
            if len(self._stations) >= MOST_STATIONS:
                self._stations = {at: kept for at, kept in self._stations.items() if not kept.turn.idle}
            station = self._stations[address] = Station(*resolve(address))
        return station

    async def converse(
        self, station: Station, attempt: Attempt, waits: Sequence[float], slots: Places
    ) -> tuple[Reply | None, float]:
        """Make attempts until one is answered; the answer, and the seconds spent waiting for it."""
        waited, reply = 0.0, None
        if not station.turn.enter_now():
            await station.turn.enter()
        try:
            for number, wait in enumerate(waits):
                if self._bounded:
                    await self._depart(station.subnet)
                if not slots.enter_now():
                    await slots.enter()
                sent = monotonic()
                try:
                    reply = await attempt(number, wait)
                finally:
                    slots.leave()
                waited += monotonic() - sent
                if reply is not None:
                    break
        finally:
            station.turn.leave()
        return reply, waited

    async def _depart(self, subnet: bytes) -> None:
        """Wait until the budgets let one more packet go."""
        if self._subnets is not None and (wait := self._subnets.wait(subnet, monotonic())) > 0:
            await asyncio.sleep(wait)
        if self._all is not None and (wait := self._all.wait(monotonic())) > 0:
            await asyncio.sleep(wait)


def resolve(address: Address) -> tuple[socket.AddressFamily, SockAddr]:
    """The family and the socket address, in the form that `recvfrom` gives. Raises NoAnswer for a name."""
    try:
        parsed = ip_address(address.host)
        if parsed.version == 4:
            return socket.AF_INET, (str(parsed), address.port)
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError) as why:
        raise NoAnswer(str(address), "that is not an IP address") from why
    return found[0][0], found[0][4]
