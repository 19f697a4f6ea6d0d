"""A datagram socket in the shape that pysnmp's transport dispatcher expects.

pysnmp's own carrier opens sockets with the system's default receive buffer, and lets any error that its
decoder raises over malformed bytes fall into the event loop. This one does neither.
"""

import asyncio
import logging
import socket
from collections.abc import Callable

from agent.snmp.codec import MAX_DATAGRAM
from agent.snmp.counters import DatagramCounters
from agent.snmp.endpoint import SockAddr
from agent.snmp.v3_repair import cut_padding

log = logging.getLogger(__name__)

ReceiveCallback = Callable[["PysnmpTransport", SockAddr, bytes], None]


class PysnmpTransport(asyncio.DatagramProtocol):
    """The socket `bound` as a pysnmp transport. `open` it before it is added to an engine.

    Datagrams from hosts that `accepts` refuses are dropped unread; the others pass `on_accepted` first.
    """

    def __init__(
        self,
        bound: socket.socket,
        counters: DatagramCounters,
        accepts: Callable[[str], bool] | None = None,
        on_accepted: Callable[[bytes, SockAddr], None] | None = None,
    ) -> None:
        self._bound = bound
        self._counters = counters
        self._accepts = accepts
        self._on_accepted = on_accepted
        self._receive: ReceiveCallback | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._lives: dict[SockAddr, int] = {}

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._bound)

    def peer_address(self, sockaddr: SockAddr) -> SockAddr:
        """Extend `sockaddr` by a number that changes when pysnmp must discover the engine afresh."""
        return (*sockaddr, self._lives.get(sockaddr, 0))

    def forget_peer(self, sockaddr: SockAddr) -> None:
        """Make pysnmp treat `sockaddr` as a new peer, whose engine it must discover (RFC 3414, 4)."""
        self._lives[sockaddr] = self._lives.get(sockaddr, 0) + 1

    def is_compatible_with_dispatcher(self, _: object) -> bool:
        return True

    def register_callback(self, receive: ReceiveCallback) -> None:
        self._receive = receive

    def unregister_callback(self) -> None:
        self._receive = None

    def send_message(self, message: bytes, peer: SockAddr) -> None:
        if self._transport is not None:
            self._counters.sent += 1
            self._transport.sendto(message, peer[:-1])

    def close_transport(self) -> None:
        self.unregister_callback()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: SockAddr) -> None:
        if self._receive is None:
            return
        if self._accepts is not None and not self._accepts(addr[0]):
            self._counters.foreign += 1
            return
        try:
            if len(data) > MAX_DATAGRAM:
                raise ValueError(f"longer than {MAX_DATAGRAM} octets")  # noqa: TRY301 - counted like the rest
            if self._on_accepted is not None:
                self._on_accepted(data, addr)
            self._receive(self, self.peer_address(addr), cut_padding(data))
        except Exception as why:  # noqa: BLE001 - pysnmp and pyasn1 raise a great many kinds
            self._counters.malformed += 1
            log.debug("dropped a datagram from %s: %r", addr[0], why)

    def error_received(self, _: Exception) -> None:
        self._counters.unreachable += 1
