"""The face that a simulated device shows on the wire: one UDP socket, v1 and v2c, v3 where it has it.

    packet ── count ── v3? ─────────────── its v3 engine ── reply
                  └─── v1, v2c ── community? ── quirks ── tree ── reply, reply, …

A wrong community, a version it does not speak and anything that is no request get silence, as from
a real printer. Everything that comes in is counted, also what gets no answer.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

from agent.core.clock import Clock
from agent.simulator.ber import Request, Version, decode_request, encode_response, version_and_name
from agent.simulator.mib import Mib, respond
from agent.simulator.quirk import Answer, Reply

Peer = tuple[str, int]

Ask3 = Callable[[bytes, float], bytes | None]
"""Answers a v3 message that comes so many seconds after the fleet's start."""


class Packet(NamedTuple):
    """What a packet was, for counting."""

    version: str  # "1", "2c", "3"; "?" for what is no SNMP
    name: str  # the community; for v3, the user
    kind: str = ""  # "GET", "GET_NEXT", "GET_BULK", "SET"; empty for v3 and for what is no request


class Source(Protocol):
    """Whatever has a MIB tree at each moment."""

    def mib(self, elapsed: float) -> Mib | None:
        """The tree `elapsed` seconds after the fleet's start; None: it says nothing now."""


def answer_from(source: Source) -> Answer:
    """A well-behaved agent for `source`."""

    def answered(request: Request, now: float) -> list[Reply]:
        mib = source.mib(now)
        return [] if mib is None else [Reply(content=respond(mib, request))]

    return answered


def packet_of(data: bytes) -> Packet:
    """What `data` is; never raises."""
    try:
        version, name = version_and_name(data)
        said = name.decode("latin-1")
        if version == Version.V3:
            return Packet("3", said)
        return Packet(str(Version(version)), said, decode_request(data).kind.name)
    except ValueError:
        return Packet("?", "")


class Face(asyncio.DatagramProtocol):
    """One device's socket."""

    def __init__(
        self,
        answer: Answer,
        *,
        versions: frozenset[str],
        community: str,
        clock: Clock,
        started: float,
        v3: Ask3 | None = None,
    ) -> None:
        self.packets: Counter[Packet] = Counter()
        self._answer = answer
        self._versions = versions
        self._community = community.encode()
        self._clock = clock
        self._started = started
        self._v3 = v3
        self._transport: asyncio.DatagramTransport | None = None
        self._other: asyncio.DatagramTransport | None = None
        self._waiting: set[asyncio.TimerHandle] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen; return the port, which the system chooses if `port` is 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(host, 0))
        return int(transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Stop listening; replies still under way are lost."""
        for handle in self._waiting:
            handle.cancel()
        for transport in (self._transport, self._other):
            if transport is not None:
                transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        packet = packet_of(data)
        self.packets[packet] += 1
        elapsed = self._clock.now() - self._started
        if packet.version == "3":
            said = self._v3(data, elapsed) if self._v3 else None
            if said is not None:
                self._send(Reply(content=said), addr)
            return
        if packet.version not in self._versions or not packet.kind:
            return
        request = decode_request(data)
        if request.community == self._community:
            for reply in self._answer(request, elapsed):
                self._later(reply, addr)

    def _later(self, reply: Reply, peer: Peer) -> None:
        if reply.after <= 0:
            self._send(reply, peer)
            return

        def send() -> None:
            self._waiting.discard(handle)
            self._send(reply, peer)

        handle = asyncio.get_running_loop().call_later(self._clock.real(reply.after), send)
        self._waiting.add(handle)

    def _send(self, reply: Reply, peer: Peer) -> None:
        content = reply.content
        transport = self._other if reply.elsewhere else self._transport
        if transport is not None and not transport.is_closing():
            transport.sendto(content if isinstance(content, bytes) else encode_response(content), peer)
