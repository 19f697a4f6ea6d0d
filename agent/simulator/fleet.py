"""A fleet of simulated devices: their addresses, expected tickets and packet counts.

Every member has a UDP socket of its own at its own loopback address. What they show follows from
the clock, the moment the fleet started and the seed alone: stopped and started again with the same
three, it answers the same.
"""

import asyncio
import errno
import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from types import TracebackType
from typing import Self

from agent.core.clock import Clock
from agent.core.errors import Complaint, ConfigError
from agent.core.model import Address
from agent.simulator import quirk
from agent.simulator.device import SimulatedDevice
from agent.simulator.endpoint import PacketKind, SnmpEndpoint, make_responder
from agent.simulator.v3 import V3Engine

_MAX_TRIES = 20


class SimulatedFleet:
    """Members on real sockets. Use it as `async with Fleet(…) as fleet`, or start and stop it."""

    def __init__(
        self,
        members: Iterable[SimulatedDevice],
        *,
        clock: Clock | None = None,
        started: float | None = None,
        seed: int = 0,
        anywhere: bool = False,
    ) -> None:
        """`started`: the clock's time at which all scenarios begin (default: now).

        Raises ConfigError for an address outside loopback, unless `anywhere`.
        """
        self.clock = clock or Clock()
        self.started = self.clock.now() if started is None else started
        self.members = tuple(members)
        self.seed = seed
        self._faces: dict[Address, SnmpEndpoint] = {}
        if not anywhere:
            _require_loopback(member.address.host for member in self.members)

    @property
    def elapsed(self) -> float:
        """Seconds of the clock since the fleet's start."""
        return self.clock.now() - self.started

    @property
    def printers(self) -> tuple[SimulatedDevice, ...]:
        """The devices that are printers moved by scenarios."""
        return tuple(member for member in self.members if member.make is not None)

    def count_packets(self, host: str | None = None) -> Counter[PacketKind]:
        """Count the packets by kind, at one host or at all, answered or not."""
        faces = (face for address, face in self._faces.items() if host in {None, address.host})
        return sum((face.packets for face in faces), Counter())

    async def start(self) -> None:
        """Open all sockets, or none. Raises OSError if an address is not available."""
        for last in reversed(range(_MAX_TRIES)):
            try:
                await self._open_sockets()
            except OSError as error:
                await self.stop()
                if error.errno != errno.EADDRINUSE or not last or all(m.address.port for m in self.members):
                    raise
            else:
                return

    async def stop(self) -> None:
        """Close all sockets. What was counted stays."""
        for face in self._faces.values():
            face.close()
        await asyncio.sleep(0)  # transports let go of their sockets in the loop's next turn

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _open_sockets(self) -> None:
        """Open one socket after the other; the first port 0 decides for the others."""
        self._faces, chosen, opened = {}, 0, []
        for member in self.members:
            host, port = member.address
            face = self._build_endpoint(member)
            self._faces[member.address] = face
            bound = await face.open(host, port or chosen)
            chosen = chosen if port else bound
            opened.append(replace(member, address=Address(host, bound)))
        self._faces = dict(zip((member.address for member in opened), self._faces.values(), strict=True))
        self.members = tuple(opened)

    def _build_endpoint(self, member: SimulatedDevice) -> SnmpEndpoint:
        luck = Random(f"{self.seed}:{member.address.host}")  # noqa: S311 no secret hangs on it
        answer = make_responder(member.source)
        for written in member.quirks:
            answer = quirk.apply_quirk(written, answer, luck)
        return SnmpEndpoint(
            answer,
            versions=member.versions,
            community=member.community,
            clock=self.clock,
            started=self.started,
            v3=_build_v3_engine(member) if member.user else None,
        )


def _build_v3_engine(member: SimulatedDevice) -> V3Engine:
    """Build the engine of a device with a user; its id names the maker, as its sysObjectID does."""
    assert member.user is not None  # noqa: S101 - checked by the caller
    maker = {"enterprise": member.make.object_id[6]} if member.make else {}
    contexts = {"context": member.context, "other_contexts": member.other_contexts}
    return V3Engine(member.source, member.user, _device_mac(member), **maker, **contexts)  # type: ignore[arg-type]


def _device_mac(member: SimulatedDevice) -> str:
    """Its own MAC, or one made from its address: the same after each start, for its engine id."""
    made = f"0200{ipaddress.ip_address(member.address.host).packed[-4:].hex()}"
    return member.make.mac if member.make else made


def _require_loopback(hosts: Iterable[str]) -> None:
    outside = [host for host in hosts if not ipaddress.ip_address(host).is_loopback]
    if outside:
        raise ConfigError(
            [
                Complaint(
                    file="simulator",
                    key="--base",
                    reason=f"{outside[0]} is not a loopback address; simulated printers stay on this machine",
                    suggestion="choose an address in 127.0.0.0/8, or say --anywhere if you mean it",
                )
            ]
        )
