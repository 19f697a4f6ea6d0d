"""An SNMP client that shares nothing with the simulator: pyasn1's codec on a plain socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass

import pytest
from loopback import HOME
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from agent.core.clock import Clock
from agent.core.model import Address
from agent.simulator.device import SimulatedDevice
from agent.simulator.fleet import SimulatedFleet

Arcs = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A response as pyasn1 read it. Values are its objects, so that types can be compared."""

    request_id: int
    status: int
    index: int
    varbinds: list[tuple[Arcs, object]]


class Client:
    """Asks one address; waits for real packets."""

    def __init__(self, address: Address, *, version: int = 1, community: str = "public") -> None:
        self.address = address
        self.api = api.PROTOCOL_MODULES[version]
        self.community = community
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((HOME, 0))

    def packet(self, kind: str, oids: Iterable[Arcs], *, repeat: int = 10, number: int = 77) -> bytes:
        pdu = {
            "get": self.api.GetRequestPDU,
            "next": self.api.GetNextRequestPDU,
            "set": self.api.SetRequestPDU,
            "bulk": getattr(self.api, "GetBulkRequestPDU", self.api.GetRequestPDU),
        }[kind]()
        pdu_api = self.api.apiBulkPDU if kind == "bulk" else self.api.apiPDU
        pdu_api.set_defaults(pdu)
        pdu_api.set_request_id(pdu, number)
        if kind == "bulk":
            pdu_api.set_non_repeaters(pdu, 0)
            pdu_api.set_max_repetitions(pdu, repeat)
        value = self.api.Integer(1) if kind == "set" else self.api.Null("")
        pdu_api.set_varbinds(pdu, [(oid, value) for oid in oids])
        message = self.api.Message()
        self.api.apiMessage.set_defaults(message)
        self.api.apiMessage.set_community(message, self.community)
        self.api.apiMessage.set_pdu(message, pdu)
        return bytes(encoder.encode(message))

    def read(self, data: bytes) -> Said:
        message, rest = decoder.decode(data, asn1Spec=self.api.Message())
        assert not rest, "bytes behind the message"
        pdu = self.api.apiMessage.get_pdu(message)
        return Said(
            request_id=int(self.api.apiPDU.get_request_id(pdu)),
            status=int(self.api.apiPDU.get_error_status(pdu)),
            index=int(self.api.apiPDU.get_error_index(pdu)),
            varbinds=[(tuple(oid), value) for oid, value in self.api.apiPDU.get_varbinds(pdu)],
        )

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendto(self.socket, data, self.address)

    async def receive(self, patience: float = 5.0) -> tuple[bytes, Address]:
        loop = asyncio.get_running_loop()
        data, peer = await asyncio.wait_for(loop.sock_recvfrom(self.socket, 65535), patience)
        return data, Address(*peer)

    async def ask(self, kind: str, *oids: Arcs, repeat: int = 10) -> Said:
        await self.send(self.packet(kind, oids, repeat=repeat))
        return self.read((await self.receive())[0])

    async def silent(self, fleet: SimulatedFleet, kind: str, *oids: Arcs) -> bool:
        """Whether a question that has arrived gets no answer (of those that are sent at once)."""
        before = fleet.count_packets(self.address.host).total()
        await self.send(self.packet(kind, oids))
        while fleet.count_packets(self.address.host).total() == before:
            await asyncio.sleep(0.001)
        try:
            self.socket.recv(65535)
        except BlockingIOError:
            return True
        return False

    async def walk(self, root: Arcs = (1, 3), *, kind: str = "next") -> list[tuple[Arcs, object]]:
        """Everything below `root`, by GETNEXT or by GETBULK."""
        found: list[tuple[Arcs, object]] = []
        at = root
        while True:
            said = await self.ask(kind, at, repeat=25)
            for oid, value in said.varbinds:
                if said.status or value.__class__.__name__ == "EndOfMibView" or oid[: len(root)] != root:
                    return found
                found.append((oid, value))
                at = oid


Play = Callable[..., Awaitable[SimulatedFleet]]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Starts fleets of the given members, and stops them after the test."""
    fleets: list[SimulatedFleet] = []

    async def start(
        *members: SimulatedDevice, clock: Clock | None = None, started: float | None = None
    ) -> SimulatedFleet:
        fleet = SimulatedFleet(members, clock=clock, started=started)
        fleets.append(fleet)
        await fleet.start()
        return fleet

    yield start
    for fleet in fleets:
        await fleet.stop()


@pytest.fixture
def client() -> Iterable[Callable[..., Client]]:
    """Makes clients, and closes them after the test."""
    made: list[Client] = []

    def make(address: Address, *, version: int = 1, community: str = "public") -> Client:
        made.append(Client(address, version=version, community=community))
        return made[-1]

    yield make
    for one in made:
        one.socket.close()


@pytest.fixture
def still_clock() -> Clock:
    """A clock that hardly moves within a test: a state asked for twice is the same."""
    return Clock(speed=1e-9, real_start=0.0, started=1_790_000_000.0)
