"""Accepts connections, and keeps slow and many ones from costing others anything.

    accept ──► TLS handshake ──► a request arrives ──► it is answered ──► the next one …
               ≤ 10 s            ≤ 30 s

- At most `max_connections` are open: a share of the descriptors that the process may have. For one more, the
  connection that has waited longest for its request is closed; each has a moment to send it.
- The connection of a request that has not arrived whole in time is closed, and one whose answer is not read.
- A connection whose request is being answered is never closed by these rules while its answer is read.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

HANDSHAKE_TIMEOUT = 10.0  # seconds
REQUEST_TIMEOUT = 30.0  # seconds from the first byte that is awaited to the last one of the request
MIN_WAIT = 0.5  # seconds that a connection has at least
ACCEPT_PAUSE = 0.05  # seconds after the system has refused a descriptor
RESERVED_DESCRIPTORS = 64  # for the database, log files and what is closing
MAX_CONNECTIONS = 4096


class Connection(Protocol):
    """What the listener needs of a connection's protocol."""

    closed: "asyncio.Future[None]"
    waiting_since: float  # by the clock of the loop

    def is_waiting(self) -> bool:
        """Check whether the other side is to send, or to read."""
        ...

    def abort(self) -> None:
        """Close the connection at once."""
        ...


@dataclass(slots=True)
class _Accepted:
    """An accepted connection; without a protocol while its handshake lasts."""

    socket: socket.socket
    accepted_at: float
    protocol: Connection | None = None
    ending: bool = False

    @property
    def waiting_since(self) -> float:
        return self.protocol.waiting_since if self.protocol else self.accepted_at


def count_allowed_connections() -> int:
    """Return how many connections the descriptors of this process allow; raises its own limit if it may."""
    limit = MAX_CONNECTIONS + RESERVED_DESCRIPTORS
    if sys.platform != "win32":
        limit = _raise_descriptor_limit(limit)
    return max(8, min(MAX_CONNECTIONS, limit - RESERVED_DESCRIPTORS))


if sys.platform != "win32":
    import resource

    def _raise_descriptor_limit(wanted: int) -> int:
        """Allow this process `wanted` descriptors if the system lets it; return how many it has."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if 0 <= soft < allowed:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
                soft = allowed
        return wanted if soft == resource.RLIM_INFINITY else soft


class Listener:
    """Accepts connections on one socket; `build_protocol` makes the protocol of each."""

    def __init__(
        self,
        sock: socket.socket,
        build_protocol: Callable[[], Any],
        tls: ssl.SSLContext | None,
        max_connections: int | None = None,
    ) -> None:
        self._socket, self._build_protocol, self._tls = sock, build_protocol, tls
        self._max = max_connections or count_allowed_connections()
        self._open: dict[asyncio.Task[None], _Accepted] = {}  # oldest first

    async def accept_connections(self) -> None:
        """Accept until cancelled."""
        loop = asyncio.get_running_loop()
        self._socket.setblocking(False)
        while True:
            if len(self._open) >= self._max:
                self._close_oldest()  # if all are being answered, the system's queue holds the others
                await asyncio.wait(self._open, timeout=MIN_WAIT, return_when=asyncio.FIRST_COMPLETED)
                continue
            try:
                connection, _ = await loop.sock_accept(self._socket)
            except OSError:  # no descriptor is left, or the other side is gone already
                self._close_oldest()
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            task = asyncio.create_task(self._serve_connection(connection))
            self._open[task] = _Accepted(connection, loop.time())
            task.add_done_callback(self._forget)

    def close(self) -> None:
        """Stop listening; connections whose handshake is not done are closed."""
        for task, accepted in self._open.items():
            if accepted.protocol is None:
                task.cancel()

    async def _serve_connection(self, connection: socket.socket) -> None:
        """Attach a protocol to an accepted socket; return when the connection is closed."""
        loop = asyncio.get_running_loop()
        timeout = HANDSHAKE_TIMEOUT if self._tls else None
        try:
            _, protocol = await loop.connect_accepted_socket(
                self._build_protocol, connection, ssl=self._tls, ssl_handshake_timeout=timeout
            )
        except (OSError, TimeoutError, ssl.SSLError):
            return
        task = asyncio.current_task()
        if task in self._open:
            self._open[task].protocol = protocol
        await protocol.closed

    def _forget(self, task: "asyncio.Task[None]") -> None:
        """Remove a connection that is over; close the socket of one that never came to a protocol."""
        accepted = self._open.pop(task)
        if accepted.protocol is None:
            accepted.socket.close()

    def _close_oldest(self) -> bool:
        """Close the connection that has waited longest for its request; False if none has waited a moment."""
        since = asyncio.get_running_loop().time() - MIN_WAIT
        waiting = [
            (accepted.waiting_since, task)
            for task, accepted in self._open.items()
            if not accepted.ending
            and accepted.waiting_since <= since
            and (accepted.protocol is None or accepted.protocol.is_waiting())
        ]
        if not waiting:
            return False
        _, oldest = min(waiting, key=lambda it: it[0])
        accepted = self._open[oldest]
        accepted.ending = True
        if accepted.protocol is None:
            oldest.cancel()
        else:
            accepted.protocol.abort()
        return True
