"""A small SNMP agent on a real socket, and an engine that is quick to give up.

The agent knows a dictionary of OIDs and answers as RFC 3416 says. Tests bend it by handing it a
`bend(request, response) -> datagrams` function, which is where misbehaviour comes from.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from loopback import HOME
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from agent.core.model import Address
from agent.snmp.engine import SnmpClient, SnmpSettings
from agent.snmp.walk_guards import WalkLimits

Mib = dict[tuple[int, ...], object]
QUICK = SnmpSettings(
    timeout=0.15,
    retries=1,
    requests_per_second=None,
    requests_per_subnet=None,
    sweep_linger=0.3,
    limits=WalkLimits(seconds=5.0),
)


@dataclass
class Question:
    """A request as the small agent read it."""

    version: int
    community: bytes
    tag: str
    names: list[tuple[int, ...]]
    repetitions: int
    module: object
    message: object
    pdu: object


@dataclass
class SmallAgent(asyncio.DatagramProtocol):
    """Answers with pysnmp's own encoder: it shares nothing with the codec under test."""

    mib: Mib
    versions: tuple[int, ...] = (0, 1)
    community: bytes = b"public"
    bend: Callable[[Question, bytes], Sequence[bytes]] | None = None
    delay: float = 0.0
    asked: list[Question] = field(default_factory=list)
    address: Address | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport
        self.address = Address(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = read_question(data)
        self.asked.append(question)
        if question.version not in self.versions or question.community != self.community:
            return
        answer = self.answer(question)
        packets = [answer] if self.bend is None else self.bend(question, answer)
        for packet in packets:
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.reply, packet, addr)
            else:
                self.reply(packet, addr)

    def reply(self, packet: bytes, addr: tuple[str, int]) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(packet, addr)

    def next_name(self, name: tuple[int, ...]) -> tuple[int, ...] | None:
        return min((known for known in self.mib if known > name), default=None)

    def answer(self, question: Question) -> bytes:
        """The response that RFC 1157 or RFC 3416 asks for."""
        pairs: list[tuple[tuple[int, ...], object]] = []
        error = (0, 0)
        if question.tag == "GetBulkRequestPDU":
            at: list[tuple[int, ...] | None] = list(question.names)
            for _ in range(question.repetitions):
                at = [self.next_name(name) if name else None for name in at]
                pairs += [(name or question.names[i], self.value(name)) for i, name in enumerate(at)]
        else:
            for position, name in enumerate(question.names, 1):
                found = name if question.tag == "GetRequestPDU" else self.next_name(name)
                if question.version == 0 and (found is None or found not in self.mib):
                    error = (2, position)  # noSuchName
                    break
                pairs.append((found or name, self.value(found)))
        return respond(question, pairs, *error)

    def value(self, name: tuple[int, ...] | None) -> object:
        if name is None:
            return "endOfMibView"
        return self.mib.get(name, "noSuchInstance")


def read_question(data: bytes) -> Question:
    version = int(api.decodeMessageVersion(data))
    module = api.PROTOCOL_MODULES[version]
    message, rest = decoder.decode(data, asn1Spec=module.Message())
    assert not rest
    pdu = module.apiMessage.get_pdu(message)
    tag = type(pdu).__name__
    bulk = tag == "GetBulkRequestPDU"
    part = module.apiBulkPDU if bulk else module.apiPDU
    return Question(
        version=version,
        community=bytes(module.apiMessage.get_community(message)),
        tag=tag,
        names=[tuple(name) for name, _ in part.get_varbinds(pdu)],
        repetitions=int(part.get_max_repetitions(pdu)) if bulk else 0,
        module=module,
        message=message,
        pdu=pdu,
    )


def respond(
    question: Question, pairs: Sequence[tuple[tuple[int, ...], object]], status: int = 0, index: int = 0
) -> bytes:
    """A response to `question`, encoded by pysnmp. Strings name the exceptions of RFC 3416."""
    v2 = api.PROTOCOL_MODULES[1]
    module = question.module
    special = {
        "noSuchObject": v2.NoSuchObject(""),
        "noSuchInstance": v2.NoSuchInstance(""),
        "endOfMibView": v2.EndOfMibView(""),
    }
    message = module.apiMessage.get_response(question.message)
    pdu = module.apiMessage.get_pdu(message)
    part = module.apiPDU
    if status:
        part.set_varbinds(pdu, [(name, module.Null("")) for name in question.names])
        part.set_error_status(pdu, status)
        pdu.setComponentByPosition(2, index)
    else:
        part.set_varbinds(
            pdu,
            [
                (name, special[value] if isinstance(value, str) else _typed(module, value))
                for name, value in pairs
            ],
        )
    return encoder.encode(message)


def _typed(module: object, value: object) -> object:
    if isinstance(value, int):
        return module.Integer(value)
    return module.OctetString(value) if isinstance(value, bytes) else value


Start = Callable[..., Awaitable[SmallAgent]]


@pytest.fixture
async def agent() -> AsyncIterator[Start]:
    """Starts small agents: `await agent(mib, host=…, bend=…)`."""
    started: list[SmallAgent] = []

    async def start(mib: Mib, host: str = HOME, **kind: object) -> SmallAgent:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_datagram_endpoint(lambda: SmallAgent(mib, **kind), local_addr=(host, 0))
        started.append(made)
        return made

    yield start
    for each in started:
        each.transport.close()
    await asyncio.sleep(0)


@pytest.fixture
async def engine() -> AsyncIterator[SnmpClient]:
    async with SnmpClient(QUICK) as made:
        yield made


@pytest.fixture
def answer_with() -> Callable[[int], Callable[[Question, bytes], list[bytes]]]:
    """`answer_with(5)`: every request fails with this error-status, without an index."""
    return lambda status: lambda question, _: [respond(question, [], status, 0)]


def _in_order_of_text(mib: Mib) -> Callable[[Question, bytes], Sequence[bytes]]:
    """Bends an agent so that row 10 follows row 1, as firmware does that compares OIDs as texts."""
    known = sorted(mib, key=lambda name: [str(arc) for arc in name])

    def after(name: tuple[int, ...]) -> tuple[int, ...] | None:
        later = [one for one in known if [*map(str, one)] > [*map(str, name)]]
        return later[0] if later else None

    def bend(question: Question, response: bytes) -> Sequence[bytes]:
        if question.tag == "GetRequestPDU":
            return [response]
        at, pairs = list(question.names), []
        for _ in range(question.repetitions or 1):
            at = [after(name) if name else None for name in at]
            pairs += [(name or (1, 3), mib.get(name, "endOfMibView")) for name in at]
        return [respond(question, pairs)]

    return bend


@pytest.fixture
def in_order_of_text() -> Callable[[Mib], Callable[[Question, bytes], Sequence[bytes]]]:
    return _in_order_of_text
