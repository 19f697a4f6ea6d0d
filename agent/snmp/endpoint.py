"""One datagram socket for all printers of one address family, with the requests that await an answer.

    exchange_packet(sockaddr, id, packet) --sendto--> printer
            ^                                            |
            +-- address, port and id agree <-------------+      everything else is counted and dropped

What is promised
- An answer is taken only from the address and port that were asked, with the id that was sent.
- Malformed, late, duplicate and foreign datagrams change nothing but a counter.
- A socket that stopped reading is replaced. Older Pythons' Proactor loop on Windows goes deaf after
  one ICMP "port unreachable" (CPython #91227, #127057).

Only the portable part of asyncio is used (no `add_reader`), so that selector, Proactor and uvloop
loops run the same code. Deadlines are looked after by one timer for all, not one timer a request.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from agent.core.errors import MalformedReply
from agent.snmp.codec import MAX_DATAGRAM, SnmpReply, decode_reply
from agent.snmp.counters import DatagramCounters
from agent.snmp.windows_sockets import keep_reading_after_icmp

SockAddr = tuple[Any, ...]
"""(host, port) or (host, port, flow, scope), as `recvfrom` gives them."""

TICK = 0.025  # s between two looks at the deadlines
MAX_BATCH = 64  # datagrams read in one turn of the loop


PendingRequest = tuple[int, asyncio.Future[SnmpReply | None], float]
"""An attempt under way: its request-id, the future that awaits the answer, and the deadline."""


class Endpoint(asyncio.DatagramProtocol):
    """The socket. Its memory is bounded by the number of printers ever asked."""

    def __init__(self, family: socket.AddressFamily, buffer: int, counters: DatagramCounters) -> None:
        self.family = family
        self.counters = counters
        self.receive_buffer = 0
        self.malformed: dict[SockAddr, str] = {}
        self.listeners: dict[int, Callable[[SockAddr, SnmpReply], None]] = {}
        self._buffer = buffer
        self._heard: dict[SockAddr, int] = {}  # by printer ever asked: the id of its last answer, or 0
        self._pending: dict[SockAddr, PendingRequest] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._drained: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._suspect = False
        self._closed = False
        self._rearming: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the socket and ask for its receive buffer. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        bound = bind_socket(self.family, self._buffer)
        self.receive_buffer = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._transport, _ = await self._loop.create_datagram_endpoint(lambda: self, sock=bound)
        self._drained = bound if os.name == "posix" else None

    def close(self) -> None:
        """Close the socket; open requests end without an answer."""
        transport, self._transport, self._drained = self._transport, None, None
        self._closed = True
        if transport is not None:
            transport.close()
        if self._rearming is not None:
            self._rearming.cancel()
        self._expire_requests(float("inf"))
        if self._timer is not None:
            self._timer.cancel()

    def send(self, packet: bytes, sockaddr: SockAddr) -> None:
        """Send a packet; without a socket it is lost, as in a network."""
        if self._transport is not None:
            self.counters.sent += 1
            self._transport.sendto(packet, sockaddr)

    def exchange_packet(
        self, sockaddr: SockAddr, request_id: int, packet: bytes, wait: float
    ) -> asyncio.Future[SnmpReply | None]:
        """Send `packet`; its answer, or None after `wait` seconds. One at a time for each `sockaddr`."""
        future: asyncio.Future[SnmpReply | None] = self._loop.create_future()
        if self._closed:
            future.set_result(None)
            return future
        self._pending[sockaddr] = request_id, future, self._loop.time() + wait
        if self._timer is None:
            self._timer = self._loop.call_later(TICK, self._check_deadlines)
        self.send(packet, sockaddr)
        return future

    def datagram_received(self, data: bytes, addr: SockAddr) -> None:
        """Process this datagram and, where the loop allows it, those that came in meanwhile."""
        self._suspect = False
        self._process_datagram(data, addr)
        if self._drained is None:
            return
        receive = self._drained.recvfrom
        try:
            for _ in range(MAX_BATCH):
                self._process_datagram(*receive(MAX_DATAGRAM + 1))
        except OSError:  # nothing more for now (BlockingIOError); real errors come back through the loop
            return

    def _process_datagram(self, data: bytes, sockaddr: SockAddr) -> None:
        waiting = self._pending.get(sockaddr)
        try:
            reply = decode_reply(data)
        except MalformedReply as why:
            self.counters.malformed += 1
            if waiting is not None:
                self.malformed[sockaddr] = why.reason
            return
        if waiting is not None and reply.request_id == waiting[0]:
            del self._pending[sockaddr]
            self._heard[sockaddr] = reply.request_id
            self.counters.answered += 1
            if not waiting[1].done():
                waiting[1].set_result(reply)
        elif listener := self.listeners.get(reply.request_id):
            listener(sockaddr, reply)
        else:
            self._count_dropped(sockaddr, reply.request_id)

    def _count_dropped(self, sockaddr: SockAddr, request_id: int) -> None:
        if self._heard.get(sockaddr) == request_id:
            self.counters.duplicate += 1
        elif sockaddr in self._heard or sockaddr in self._pending:
            self.counters.late += 1
        else:
            self.counters.foreign += 1

    def _check_deadlines(self) -> None:
        self._timer = None
        expired = self._expire_requests(self._loop.time())
        if expired and self._suspect and self._rearming is None:
            self._schedule_rearm()
        if self._pending:
            self._timer = self._loop.call_later(TICK, self._check_deadlines)

    def _expire_requests(self, now: float) -> int:
        expired = [key for key, (_, _, deadline) in self._pending.items() if deadline <= now]
        for key in expired:
            _, future, _ = self._pending.pop(key)
            self._heard.setdefault(key, 0)
            self.counters.timeouts += 1
            if not future.done():
                future.set_result(None)
        return len(expired)

    def error_received(self, exc: Exception) -> None:
        """Count an ICMP error or a missing route. It names no printer, so the deadline decides."""
        self.counters.unreachable += 1
        self._suspect = isinstance(exc, ConnectionError)

    def connection_lost(self, exc: Exception | None) -> None:
        """Open another socket if the loop gave this one up on an error."""
        if exc is not None and self._transport is not None and self._rearming is None:
            self._schedule_rearm()

    def _schedule_rearm(self) -> None:
        self.counters.rearmed += 1
        self._suspect = False
        self._rearming = self._loop.create_task(self._replace_socket(), name="snmp-rearm")

    async def _replace_socket(self) -> None:
        old, self._transport, self._drained = self._transport, None, None
        if old is not None:
            old.abort()
        try:
            await self.open()
        except OSError:
            self._suspect = True  # the next deadline tries again
        finally:
            self._rearming = None


def bind_socket(family: socket.AddressFamily, buffer: int) -> socket.socket:
    """Bind a free port, with as much of `buffer` as the system grants (Linux: net.core.rmem_max)."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        keep_reading_after_icmp(made)
        made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104 - asks all networks
    except OSError:
        made.close()
        raise
    return made
