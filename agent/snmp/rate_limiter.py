"""Limits the rate of requests: the waits before a packet may leave.

    one request at a time to a printer -> the budget of its subnet -> the budget of all -> a free slot

Slots bound the requests under way, so that the answers fit the receive buffer. Time spent here is the
agent's, not the printer's: it counts towards no timeout and no guard.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from time import monotonic

from agent.core.errors import NoAnswer
from agent.core.model import Address
from agent.snmp.codec import SnmpReply
from agent.snmp.endpoint import SockAddr
from agent.snmp.slots import Slots
from agent.snmp.token_bucket import SubnetBuckets, TokenBucket, subnet_prefix

MAX_HOSTS = 50_000

Attempt = Callable[[int, float], Awaitable[SnmpReply | None]]
"""`(number, wait)`: sends once; the awaitable gives an answer, or None after `wait` seconds."""


class RateLimitedHost:
    """A printer's socket address, and the turn to send a request to it."""

    __slots__ = ("family", "sockaddr", "subnet", "turn")

    def __init__(self, family: socket.AddressFamily, sockaddr: SockAddr) -> None:
        self.family = family
        self.sockaddr = sockaddr
        self.subnet = subnet_prefix(sockaddr[0])
        self.turn = Slots(1)


class RateLimiter:
    """The budgets, and the turns of all hosts. A rate is in requests a second; None sets no bound."""

    def __init__(self, rate: float | None, subnet_rate: float | None) -> None:
        self._all = TokenBucket(rate, burst=max(1.0, rate / 10)) if rate else None
        self._subnets = SubnetBuckets(subnet_rate, burst=max(1.0, subnet_rate / 2)) if subnet_rate else None
        self.bounded = bool(rate or subnet_rate)
        self._hosts: dict[Address, RateLimitedHost] = {}

    def get_host(self, address: Address) -> RateLimitedHost:
        """Get the one host record of `address`. Raises NoAnswer if that is no IP address."""
        host = self._hosts.get(address)
        if host is None:
            if len(self._hosts) >= MAX_HOSTS:
                self._hosts = {at: kept for at, kept in self._hosts.items() if not kept.turn.has_free}
            host = self._hosts[address] = RateLimitedHost(*resolve_address(address))
        return host

    async def run_attempts(
        self, host: RateLimitedHost, attempt: Attempt, waits: Sequence[float], slots: Slots
    ) -> tuple[SnmpReply | None, float]:
        """Make attempts until one is answered; returns the answer, and the seconds spent waiting for it."""
        waited, reply = 0.0, None
        if not host.turn.try_acquire():
            await host.turn.acquire()
        try:
            for number, wait in enumerate(waits):
                if self.bounded:
                    await self.wait_for_budget(host.subnet)
                if not slots.try_acquire():
                    await slots.acquire()
                sent = monotonic()
                try:
                    reply = await attempt(number, wait)
                finally:
                    slots.release()
                waited += monotonic() - sent
                if reply is not None:
                    break
        finally:
            host.turn.release()
        return reply, waited

    async def wait_for_budget(self, subnet: bytes) -> None:
        """Wait until the budgets let one more packet go."""
        if self._subnets is not None and (wait := self._subnets.take_token(subnet, monotonic())) > 0:
            await asyncio.sleep(wait)
        if self._all is not None and (wait := self._all.take_token(monotonic())) > 0:
            await asyncio.sleep(wait)


def resolve_address(address: Address) -> tuple[socket.AddressFamily, SockAddr]:
    """Resolve to family and socket address, in the form that `recvfrom` gives. Raises NoAnswer for a name."""
    try:
        parsed = ip_address(address.host)
        if parsed.version == 4:
            return socket.AF_INET, (str(parsed), address.port)
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError) as why:
        raise NoAnswer(str(address), "that is not an IP address") from why
    return found[0][0], found[0][4]
