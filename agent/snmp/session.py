"""The SNMP engine: every printer of the site through one socket, politely.

- At most one request is under way to a printer, and at most `concurrency` in all; fewer where the
  system grants too small a receive buffer for that many answers at once.
- At most `requests_per_second` leave in all, and `requests_per_subnet` into one /24 (IPv6: /64).
- A request is repeated under the same id, so that the late answer to the first copy still counts.
  With the defaults a printer is waited for 2 + 4 + 8 + 16 = 30 s: what one needs to wake up.
- Until a printer has answered, requests of a "2c" credential alternate between v2c and v1.

Time here is real time, also in a demo: a packet takes as long as it takes.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Self

from agent.errors import MalformedReply, NoAnswer, ReadingError
from agent.model import Address
from agent.snmp.budget import Bucket, Subnets, subnet_of
from agent.snmp.counters import Counters
from agent.snmp.endpoint import Endpoint, SockAddr
from agent.snmp.guards import Limits
from agent.snmp.ladder import Ladder, Rung
from agent.snmp.oid import oid
from agent.snmp.reader import Credential, Value
from agent.snmp.reading import DeviceReader, values_of
from agent.snmp.sweep import Sweep
from agent.snmp.wire import Ask, Reply, Request, request

OCTETS_PER_ANSWER = 4096  # what the kernel accounts for one waiting answer, at the most usual sizes
MOST_STATIONS = 50_000
BRIEF = 2  # attempts, where the printer has just answered something else
FIRST_QUESTION = (oid("1.3.6.1.2.1.1.2.0"), oid("1.3.6.1.2.1.1.3.0"))
"""sysObjectID.0 and sysUpTime.0 (RFC 3418): every agent has them, and both are short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How patient and how polite. Seconds are real seconds; a rate of None sets no bound."""

    timeout: float = 2.0  # for the first attempt
    retries: int = 3
    growth: float = 2.0  # each attempt waits this many times as long as the one before
    requests_per_second: float | None = 200.0
    requests_per_subnet: float | None = 20.0  # a second, for each /24 or /64
    sweep_per_second: float | None = 500.0  # packets to strangers; 200 to 500 suit a local network
    sweep_linger: float = 2.0  # how long a pass listens after its last packet
    concurrency: int = 2_000  # requests under way
    receive_buffer: int = 4 << 20  # octets asked for
    limits: Limits = field(default_factory=Limits)
    engine: str = "auto"  # "pysnmp": every version through pysnmp, not only v3

    def waits(self, attempts: int) -> list[float]:
        """How long each of `attempts` waits."""
        return [self.timeout * self.growth**attempt for attempt in range(attempts)]


class Station:
    """A printer as the socket knows it."""

    __slots__ = ("endpoint", "missing", "sockaddr", "subnet", "turn")

    def __init__(self, sockaddr: SockAddr, endpoint: Endpoint, subnet: bytes) -> None:
        self.sockaddr = sockaddr
        self.endpoint = endpoint
        self.subnet = subnet
        self.turn = asyncio.Lock()
        self.missing: set[bytes] = set()


class Engine:
    """All SNMP of one agent. `start` before use, `close` after."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.counters = Counters()
        self._endpoints: dict[socket.AddressFamily, Endpoint] = {}
        self._stations: dict[Address, Station] = {}
        self._all = Bucket(rate, burst=rate / 10) if (rate := self.settings.requests_per_second) else None
        self._subnets = Subnets(rate, burst=rate / 2) if (rate := self.settings.requests_per_subnet) else None

    async def start(self) -> None:
        """Open the sockets. Raises OSError where there is not even IPv4."""
        self._endpoints[socket.AF_INET] = await self._opened(socket.AF_INET)
        if socket.has_ipv6:
            try:
                self._endpoints[socket.AF_INET6] = await self._opened(socket.AF_INET6)
            except OSError:  # a host with IPv6 switched off; its printers are IPv4
                self._endpoints.pop(socket.AF_INET6, None)
        self.waits = self.settings.waits(self.settings.retries + 1)
        self._slots = asyncio.Semaphore(self.concurrency)

    async def _opened(self, family: socket.AddressFamily) -> Endpoint:
        endpoint = Endpoint(family, self.settings.receive_buffer, self.counters)
        await endpoint.open()
        return endpoint

    async def close(self) -> None:
        """Close the sockets. Readers that still wait get NoAnswer."""
        for endpoint in self._endpoints.values():
            endpoint.close()
        self._endpoints.clear()
        await asyncio.sleep(0)  # transports close in the loop's next turn

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def receive_buffer(self) -> int:
        """Octets of receive buffer that the system granted (Linux counts double)."""
        return min((endpoint.receive_buffer for endpoint in self._endpoints.values()), default=0)

    @property
    def concurrency(self) -> int:
        """Requests under way at once: what was configured, or what the receive buffer can hold."""
        return max(8, min(self.settings.concurrency, self.receive_buffer // OCTETS_PER_ANSWER))

    def reader(self, address: Address, credential: Credential, learned: str | None = None) -> DeviceReader:
        """`address` asked with `credential`. `learned` is what `.learned` of an earlier reader said.

        Raises NoAnswer if `address` is no IP address, or of a family that this host does not have.
        """
        station = self._station(address)
        ladder = Ladder.start(credential, learned)
        exchange = PlainExchange(self, address, station, credential)
        return DeviceReader(address, exchange, ladder, self.settings.limits, station.missing)

    async def first_answer(self, address: Address, credentials: Sequence[Credential]) -> DeviceReader | None:
        """A reader with the first of `credentials` that is answered, or None.

        Every credential is tried once, in order and each in v2c and v1, before the next, longer round.
        """
        for wait in self.waits[:BRIEF]:
            for credential in credentials:
                for ladder in _versions(credential):
                    reader = self.reader(address, credential, str(ladder))
                    exchange = PlainExchange(self, address, self._station(address), credential)
                    try:
                        reply = await exchange.once(Ask.GET, FIRST_QUESTION, ladder, wait)
                    except ReadingError:
                        continue
                    if reply is not None:
                        return reader
        return None

    async def ask(
        self, addresses: Iterable[Address], credential: Credential, oids: tuple[bytes, ...]
    ) -> AsyncIterator[tuple[Address, dict[bytes, Value]]]:
        """One GET of `oids` to each of `addresses`, once, at `sweep_per_second`; the answers as they come.

        `credential` is one of v1 or v2c. An answer that is an error is an answer: its values are empty.
        """
        request_id = _new_id()
        packet = request(Ask.GET, credential.version, credential.community, oids).numbered(request_id)
        sweep = Sweep(lambda address: self._send(packet, address), self.counters)
        endpoints = list(self._endpoints.values())
        for endpoint in endpoints:
            endpoint.listeners[request_id] = sweep.heard
        try:
            passing = sweep.run(addresses, self.settings.sweep_per_second, self.settings.sweep_linger)
            async with aclosing(passing) as answers:
                async for address, reply in answers:
                    yield address, values_of(reply, oids)
        finally:
            for endpoint in endpoints:
                del endpoint.listeners[request_id]

    def _send(self, packet: bytes, address: Address) -> SockAddr:
        """Send to a stranger. An IPv4 `Address` is its own socket address."""
        sockaddr: SockAddr = address
        family = socket.AF_INET
        if ":" in address.host:
            family, sockaddr = resolve(address)
        if (endpoint := self._endpoints.get(family)) is not None:
            endpoint.send(packet, sockaddr)
        return sockaddr

    def _station(self, address: Address) -> Station:
        station = self._stations.get(address)
        if station is None:
            if len(self._stations) >= MOST_STATIONS:
                self._stations = {at: kept for at, kept in self._stations.items() if kept.turn.locked()}
            family, sockaddr = resolve(address)
            endpoint = self._endpoints.get(family)
            if endpoint is None:
                raise NoAnswer(str(address), "this host has no network of that address family")
            station = self._stations[address] = Station(sockaddr, endpoint, subnet_of(sockaddr[0]))
        return station

    async def converse(
        self, station: Station, requests: Sequence[Request], waits: Sequence[float]
    ) -> tuple[Reply | None, float]:
        """Send `requests` in turn, as often as there are `waits`, until one is answered.

        Returns the answer, and the seconds spent waiting for it."""
        request_id = _new_id()
        loop = asyncio.get_running_loop()
        waited, reply = 0.0, None
        async with station.turn:
            for attempt, wait in enumerate(waits):
                await self._depart(station.subnet)
                packet = requests[attempt % len(requests)].numbered(request_id)
                async with self._slots:
                    sent = loop.time()
                    reply = await station.endpoint.exchange(station.sockaddr, request_id, packet, wait)
                    waited += loop.time() - sent
                if reply is not None:
                    break
        return reply, waited

    async def _depart(self, subnet: bytes) -> None:
        """Wait until the budgets let one more packet go."""
        now = asyncio.get_running_loop().time
        if self._subnets is not None and (wait := self._subnets.wait(subnet, now())) > 0:
            await asyncio.sleep(wait)
        if self._all is not None and (wait := self._all.wait(now())) > 0:
            await asyncio.sleep(wait)


class PlainExchange:
    """One printer over SNMPv1 or v2c: the `Exchange` of the own codec."""

    def __init__(self, engine: Engine, address: Address, station: Station, credential: Credential) -> None:
        self.waited = 0.0
        self._engine = engine
        self._address = address
        self._station = station
        self._credential = credential

    async def ask(self, ask: Ask, names: Sequence[bytes], ladder: Ladder, *, brief: bool = False) -> Reply:
        """See `Exchange.ask`. Raises NoAnswer, or MalformedReply where only broken datagrams came."""
        waits = self._engine.settings.waits(BRIEF) if brief else self._engine.waits
        station = self._station
        reply, waited = await self._engine.converse(station, self._requests(ask, names, ladder), waits)
        self.waited += waited
        if reply is None:
            raise self._silence(waited)
        return reply

    async def once(self, ask: Ask, names: Sequence[bytes], ladder: Ladder, wait: float) -> Reply | None:
        """One attempt only."""
        reply, _ = await self._engine.converse(self._station, self._requests(ask, names, ladder), [wait])
        return reply

    def _requests(self, ask: Ask, names: Sequence[bytes], ladder: Ladder) -> list[Request]:
        """The same question in each version that the printer may speak."""
        community, made = self._credential.community, []
        for version in ("2c", "1") if ladder.version is None else (ladder.version,):
            fits = Ask.NEXT if version == "1" and ask is Ask.BULK else ask
            repetitions = ladder.repetitions_for(len(names)) if fits is Ask.BULK else 0
            made.append(request(fits, version, community, tuple(names), repetitions))
        return made

    def _silence(self, waited: float) -> ReadingError:
        broken = self._station.endpoint.malformed.pop(self._station.sockaddr, None)
        if broken is not None:
            return MalformedReply(str(self._address), f"only broken answers came: {broken}")
        return NoAnswer(str(self._address), f"no answer within {waited:.0f} s")


def _new_id() -> int:
    """A request-id that an outsider cannot guess, four octets long."""
    return secrets.randbits(30) | 1 << 30


def _versions(credential: Credential) -> list[Ladder]:
    if credential.version == "2c":
        return [Ladder(version="2c"), Ladder(version="1", rung=Rung.NEXT)]
    return [Ladder.start(credential)]


def resolve(address: Address) -> tuple[socket.AddressFamily, SockAddr]:
    """The family and the socket address, in the form that `recvfrom` gives. Raises NoAnswer for a name."""
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError) as why:
        raise NoAnswer(str(address), "that is not an IP address") from why
    return found[0][0], found[0][4]
