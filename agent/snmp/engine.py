"""The SNMP client: reads every printer of the site through one socket, within limits.

- At most one request is under way to a printer, and at most `concurrency` in all; fewer where the
  system grants too small a receive buffer for that many answers at once.
- At most `requests_per_second` leave in all, and `requests_per_subnet` into one /24 (IPv6: /64);
  sweeps are included.
- A request is repeated under the same id, so that the late answer to the first copy still counts.
  With the defaults the agent waits 2 + 4 + 8 + 16 = 30 s for a printer: long enough to wake up.
- Until a printer has answered, requests of a "2c" credential alternate between v2c and v1.

Time here is real time, also in a demo: a packet takes as long as it takes.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from agent.core.model import Address, Credential
from agent.snmp.codec import RequestType, encode_request
from agent.snmp.counters import DatagramCounters
from agent.snmp.endpoint import Endpoint, SockAddr
from agent.snmp.engine_id import EngineId, ask_engine_id
from agent.snmp.printer_session import DeviceReader, Exchange, extract_values
from agent.snmp.rate_limiter import RateLimiter, resolve_address
from agent.snmp.reader import SnmpValue
from agent.snmp.request_strategy import RequestStrategy
from agent.snmp.slots import Slots
from agent.snmp.sweep import AddressSweep
from agent.snmp.token_bucket import subnet_prefix
from agent.snmp.v1v2c import CommunityExchange, next_request_id
from agent.snmp.walk_guards import WalkLimits

if TYPE_CHECKING:
    from agent.snmp.v3 import PysnmpEngine

OCTETS_PER_ANSWER = 4096  # what the kernel accounts for one waiting answer, at the most usual sizes
BRIEF_ATTEMPTS = 2  # attempts, where the printer has just answered another request


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpSettings:
    """Timeouts, rates and limits. Seconds are real seconds; a rate of None sets no bound."""

    timeout: float = 2.0  # for the first attempt
    retries: int = 3
    growth: float = 2.0  # each attempt waits this many times as long as the one before
    requests_per_second: float | None = 200.0
    requests_per_subnet: float | None = 20.0  # a second, for each /24 or /64
    sweep_linger: float = 2.0  # how long a pass listens after its last packet
    concurrency: int = 2_000  # requests under way
    receive_buffer: int = 4 << 20  # octets asked for
    limits: WalkLimits = field(default_factory=WalkLimits)
    contexts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # of SNMPv3, by enterprise number
    engine: str = "auto"  # "pysnmp": every version through pysnmp, not only v3

    def attempt_waits(self, attempts: int) -> list[float]:
        """List the timeout of each of `attempts`, in seconds."""
        return [self.timeout * self.growth**attempt for attempt in range(attempts)]


class SnmpClient:
    """All SNMP of one agent. `start` before use, `close` after; or use it as a context manager."""

    def __init__(self, settings: SnmpSettings | None = None) -> None:
        self.settings = settings or SnmpSettings()
        self.counters = DatagramCounters()
        self._waits = self.settings.attempt_waits(self.settings.retries + 1)
        self._limiter = RateLimiter(self.settings.requests_per_second, self.settings.requests_per_subnet)
        self._endpoints: dict[socket.AddressFamily, Endpoint] = {}
        self._missing: dict[Address, set[bytes]] = {}
        self._rows: dict[Address, dict[bytes, int]] = {}
        self._pysnmp: list[PysnmpEngine] = []

    async def start(self) -> None:
        """Open the sockets. Raises OSError if IPv4 is not available."""
        self._endpoints[socket.AF_INET] = await self._open_endpoint(socket.AF_INET)
        if socket.has_ipv6:
            try:
                self._endpoints[socket.AF_INET6] = await self._open_endpoint(socket.AF_INET6)
            except OSError:  # a host with IPv6 switched off; its printers are IPv4
                self._endpoints.pop(socket.AF_INET6, None)
        self._slots = Slots(self.concurrency)

    async def _open_endpoint(self, family: socket.AddressFamily) -> Endpoint:
        endpoint = Endpoint(family, self.settings.receive_buffer, self.counters)
        await endpoint.open()
        return endpoint

    async def close(self) -> None:
        """Close the sockets. Readers with an open request get NoAnswer."""
        for endpoint in self._endpoints.values():
            endpoint.close()
        for engine in self._pysnmp:
            engine.close()
        self._endpoints.clear()
        self._pysnmp.clear()
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
        """Requests under way at once: as configured, or as many answers as the receive buffer can hold."""
        return max(8, min(self.settings.concurrency, self.receive_buffer // OCTETS_PER_ANSWER))

    def create_reader(
        self,
        address: Address,
        credential: Credential,
        learned: str | None = None,
        attempts: int | None = None,
    ) -> DeviceReader:
        """Return a reader of `address`. `learned` is the `.learned` of an earlier reader; `attempts`: how
        often the first question is sent until there is an answer, if not as configured.

        Never raises; an address or a credential that cannot be used shows when something is read.
        """
        return self._create_reader(
            address,
            credential,
            RequestStrategy.for_credential(credential, learned),
            self._waits,
            self._waits[:attempts],
            first_time=not (learned or "").startswith(credential.version),
        )

    def _create_reader(
        self,
        address: Address,
        credential: Credential,
        strategy: RequestStrategy,
        waits: Sequence[float],
        opening_waits: Sequence[float],
        *,
        first_time: bool,
    ) -> DeviceReader:
        exchange = self._create_exchange(address, credential, waits, opening_waits)
        missing = self._missing.setdefault(address, set())
        rows = self._rows.setdefault(address, {})
        limits = self.settings.limits
        return DeviceReader(address, exchange, strategy, limits, missing, rows, first_time=first_time)

    def _create_exchange(
        self,
        address: Address,
        credential: Credential,
        waits: Sequence[float],
        opening_waits: Sequence[float],
    ) -> Exchange:
        if credential.version == "3" or self.settings.engine == "pysnmp":
            from agent.snmp.v3 import PysnmpExchange  # noqa: PLC0415 - costs 30 MB that few sites need

            return PysnmpExchange(
                address=address,
                credential=credential,
                limiter=self._limiter,
                engine=lambda: self._pysnmp_for(credential),
                waits=opening_waits,
                brief_waits=waits[:BRIEF_ATTEMPTS],
                contexts=self.settings.contexts,
            )
        return CommunityExchange(
            address=address,
            credential=credential,
            limiter=self._limiter,
            endpoints=self._endpoints,
            slots=self._slots,
            waits=waits,
            brief_waits=waits[:BRIEF_ATTEMPTS],
            opening_waits=opening_waits,
        )

    def _pysnmp_for(self, credential: Credential) -> "PysnmpEngine":
        """Find the pysnmp engine for `credential`; a user name with other secrets gets another one."""
        from agent.snmp.v3 import PysnmpEngine  # noqa: PLC0415 - see above

        for engine in self._pysnmp:
            if engine.can_serve(credential):
                return engine
        self._pysnmp.append(PysnmpEngine(self.settings.receive_buffer, self.counters))
        return self._pysnmp[-1]

    async def probe_addresses(
        self, addresses: Iterable[Address], credential: Credential, oids: tuple[bytes, ...]
    ) -> AsyncIterator[tuple[Address, dict[bytes, SnmpValue]]]:
        """Send one GET of `oids` to each of `addresses`, within the budgets; yield answers as they come.

        `credential` is one of v1 or v2c. An answer that is an error is an answer: its values are empty.
        Raises NoAnswer if one of `addresses` is no IP address.
        """
        request_id = next_request_id()
        packet = encode_request(RequestType.GET, credential.version, credential.community, oids).with_id(
            request_id
        )
        sweep = AddressSweep(self._make_sender(packet), self.wait_for_turn, self.counters)
        endpoints = list(self._endpoints.values())
        for endpoint in endpoints:
            endpoint.listeners[request_id] = sweep.receive_reply
        try:
            async with aclosing(sweep.run(addresses, self.settings.sweep_linger)) as answers:
                async for address, reply in answers:
                    yield address, extract_values(reply, oids)
        finally:
            for endpoint in endpoints:
                del endpoint.listeners[request_id]

    async def ask_engine_id(self, address: Address) -> EngineId | None:
        """Ask for the SNMPv3 engine id with one packet that holds no secret; None without an answer."""
        await self.wait_for_turn(address)
        return await ask_engine_id(address)

    async def wait_for_turn(self, address: Address) -> None:
        """Wait until the budgets let one more packet go to `address`. Raises NoAnswer if that is a name."""
        if self._limiter.bounded:
            _, sockaddr = resolve_address(address)
            await self._limiter.wait_for_budget(subnet_prefix(sockaddr[0]))

    def _make_sender(self, packet: bytes) -> Callable[[Address], SockAddr]:
        """Make the function that sends `packet`. An IPv4 `Address` is its own socket address."""
        ipv4 = self._endpoints.get(socket.AF_INET)

        def send_packet(address: Address) -> SockAddr:
            endpoint = ipv4
            sockaddr: SockAddr = address
            if not address.host.replace(".", "").isdecimal():  # IPv6, or a name, which must not be looked up
                family, sockaddr = resolve_address(address)
                endpoint = self._endpoints.get(family)
            if endpoint is not None:
                endpoint.send(packet, sockaddr)
            return sockaddr

        return send_packet
