"""Listening for traps and informs: a reason to poll a printer now, and nothing more.

    datagram ── from a known printer? ── pysnmp: community, user, signature ── informs are acknowledged
                                                   └── at most once a minute a printer ──> on_trap(host)

The contents of a trap are not used: the agent reads the printer instead, and judges that reading. A trap
can therefore be forged, lost or repeated without harm; it never opens a ticket by itself.

Port 162 is privileged. Where systemd hands in a bound socket (sd_listen_fds(3)), that one is used,
and the service needs no capability.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from pysnmp.carrier.asyncio.dispatch import AsyncioDispatcher
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.proto.rfc1902 import OctetString

from agent.core.model import Address, Credential
from agent.snmp.counters import DatagramCounters
from agent.snmp.endpoint import SockAddr
from agent.snmp.engine_id import parse_report
from agent.snmp.pysnmp_transport import PysnmpTransport
from agent.snmp.v3 import DOMAINS, add_user

ENGINE_PAUSE = 600.0  # s between two questions for the engine id of one host
PAUSE = 60.0  # s between two polls of one printer after traps
FIRST_INHERITED_FD = 3  # the first descriptor that a service manager passes


@dataclass(slots=True)
class TrapThrottle:
    """Decides which traps to act on. Pure; remembers only hosts that `is_printer` accepts."""

    is_printer: Callable[[str], bool]
    pause: float = PAUSE
    _admitted: dict[str, float] = field(default_factory=dict)

    def admit_trap(self, host: str, now: float) -> bool:
        """Tell if a trap from `host` at `now` is worth a poll; at most one in `pause` seconds is."""
        if not self.is_printer(host) or now - self._admitted.get(host, float("-inf")) < self.pause:
            return False
        self._admitted[host] = now
        return True


class TrapListener:
    """One socket for SNMPv1, v2c and v3 notifications, in any context.

    `is_printer` tells if a host is a watched printer, `find_engine` which engine id it has now: only traps
    that are signed for that one are accepted.
    """

    def __init__(
        self,
        is_printer: Callable[[str], bool],
        on_trap: Callable[[str], None],
        *,
        find_engine: Callable[[str], Awaitable[bytes | None]] | None = None,
        pause: float = PAUSE,
    ) -> None:
        self.counters = DatagramCounters()
        self._is_printer = is_printer
        self._on_trap = on_trap
        self._hints = TrapThrottle(is_printer, pause)
        self._carrier: PysnmpTransport | None = None
        self._engine = SnmpEngine()
        self._find_engine = find_engine
        self._users: list[Credential] = []
        self._engines = {bytes(self._engine.snmpEngineID)}  # informs are signed for this one
        self._asked: dict[str, float] = {}  # when the engine id of a host was asked for
        self._asking: set[asyncio.Task[None]] = set()

    async def start(self, at: Address, credentials: Sequence[Credential]) -> Address:
        """Listen at `at`, or at the socket that the system handed in; returns its address.

        Raises OSError if the port cannot be bound: below 1024 that takes a privilege.
        """
        bound = inherited_socket(os.environ, os.getpid()) or _bind_socket(at)
        self._carrier = PysnmpTransport(bound, self.counters, self._is_printer, self._learn_sender)
        await self._carrier.open()
        self._engine.register_transport_dispatcher(AsyncioDispatcher())
        config.add_transport(self._engine, DOMAINS[bound.family], self._carrier)
        for number, credential in enumerate(credentials):
            if credential.version != "3":
                config.add_v1_system(self._engine, f"community-{number}", credential.community)
            else:
                add_user(self._engine, credential)
                self._users.append(credential)
        ntfrcv.NotificationReceiver(self._engine, self._on_notification)
        host, port = bound.getsockname()[:2]
        return Address(host, port)

    def expect_sender(self, credential: Credential, engine_id: bytes) -> None:
        """Accept signed traps from the printer with this engine ID: it signs with a key of its own.

        Informs need no such step: their sender discovers the engine ID of this agent (RFC 3414, 1.5.1).
        """
        add_user(self._engine, credential, OctetString(engine_id))

    def _learn_sender(self, data: bytes, sender: SockAddr) -> None:
        """Ask a printer for its engine id, if this is a trap of an engine that is not known; now and then."""
        engine, host, now = parse_report(data), sender[0], monotonic()
        if engine is None or engine.raw in self._engines or not self._users or self._find_engine is None:
            return
        if now - self._asked.get(host, float("-inf")) < ENGINE_PAUSE:
            return
        self._asked[host] = now
        task = asyncio.create_task(self._accept_engine(self._find_engine(host), engine.raw, data, sender))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _accept_engine(
        self, asked: Awaitable[bytes | None], engine_id: bytes, data: bytes, sender: SockAddr
    ) -> None:
        """Accept the traps of an engine if the printer has that one, beginning with this trap."""
        if await asked != engine_id or self._carrier is None:
            return
        self._engines.add(engine_id)
        for credential in self._users:
            self.expect_sender(credential, engine_id)
        self._carrier.datagram_received(data, sender)

    def close(self) -> None:
        """Stop listening."""
        for task in self._asking:
            task.cancel()
        if self._carrier is not None:
            self._engine.close_dispatcher()
            self._carrier = None

    def _on_notification(self, _: object, reference: object, *__: Any) -> None:
        """Take a notification that pysnmp found authentic."""
        _, peer = self._engine.message_dispatcher.get_transport_info(reference)
        self.counters.answered += 1
        if self._hints.admit_trap(peer[0], monotonic()):
            self._on_trap(peer[0])


def inherited_socket(environment: Mapping[str, str], pid: int) -> socket.socket | None:
    """Get the datagram socket that the service manager opened for this process, if it did."""
    if environment.get("LISTEN_PID") != str(pid) or environment.get("LISTEN_FDS") != "1":
        return None
    given = socket.socket(fileno=FIRST_INHERITED_FD)
    given.setblocking(False)
    return given


def _bind_socket(at: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind((at.host, at.port))
    except OSError:
        made.close()
        raise
    return made
