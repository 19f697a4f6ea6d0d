"""The SNMP endpoint of a simulated device: one UDP socket, v1 and v2c, v3 if it speaks it.

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
from agent.simulator.ber import (
    MessageVersion,
    RequestMessage,
    decode_request,
    encode_response,
    read_version_and_name,
)
from agent.simulator.mib import MibTree, respond
from agent.simulator.quirk import Responder, ScheduledReply

PeerAddress = tuple[str, int]

V3Responder = Callable[[bytes, float], bytes | None]
"""Answers a v3 message that comes so many seconds after the fleet's start."""


class PacketKind(NamedTuple):
    """The kind of a packet, for counting."""

    version: str  # "1", "2c", "3"; "?" for what is no SNMP
    name: str  # the community; for v3, the user
    kind: str = ""  # "GET", "GET_NEXT", "GET_BULK", "SET"; empty for v3 and for what is no request


class MibSource(Protocol):
    """A source of the MIB tree at each moment."""

    def mib_at(self, elapsed: float) -> MibTree | None:
        """The tree `elapsed` seconds after the fleet's start; None: it says nothing now."""


def make_responder(source: MibSource) -> Responder:
    """A well-behaved agent for `source`."""

    def answer_request(request: RequestMessage, now: float) -> list[ScheduledReply]:
        mib = source.mib_at(now)
        return [] if mib is None else [ScheduledReply(content=respond(mib, request))]

    return answer_request


def classify_packet(data: bytes) -> PacketKind:
    """Classify `data`; never raises."""
    try:
        version, name = read_version_and_name(data)
        said = name.decode("latin-1")
        if version == MessageVersion.V3:
            return PacketKind("3", said)
        return PacketKind(str(MessageVersion(version)), said, decode_request(data).kind.name)
    except ValueError:
        return PacketKind("?", "")


class SnmpEndpoint(asyncio.DatagramProtocol):
    """One device's socket."""

    def __init__(
        self,
        answer: Responder,
        *,
        versions: frozenset[str],
        community: str,
        clock: Clock,
        started: float,
        v3: V3Responder | None = None,
    ) -> None:
        self.packets: Counter[PacketKind] = Counter()
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

    def datagram_received(self, data: bytes, addr: PeerAddress) -> None:
        packet = classify_packet(data)
        self.packets[packet] += 1
        elapsed = self._clock.now() - self._started
        if packet.version == "3":
            said = self._v3(data, elapsed) if self._v3 else None
            if said is not None:
                self._send_reply(ScheduledReply(content=said), addr)
            return
        if packet.version not in self._versions or not packet.kind:
            return
        request = decode_request(data)
        if request.community == self._community:
            for reply in self._answer(request, elapsed):
                self._send_later(reply, addr)

    def _send_later(self, reply: ScheduledReply, peer: PeerAddress) -> None:
        if reply.after <= 0:
            self._send_reply(reply, peer)
            return

        def send_now() -> None:
            self._waiting.discard(handle)
            self._send_reply(reply, peer)

        handle = asyncio.get_running_loop().call_later(self._clock.real_seconds(reply.after), send_now)
        self._waiting.add(handle)

    def _send_reply(self, reply: ScheduledReply, peer: PeerAddress) -> None:
        content = reply.content
        transport = self._other if reply.elsewhere else self._transport
        if transport is not None and not transport.is_closing():
            transport.sendto(content if isinstance(content, bytes) else encode_response(content), peer)
