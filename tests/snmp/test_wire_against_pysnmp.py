"""The own codec and pysnmp's read each other's packets, and mean the same by them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from agent.snmp import codec
from agent.snmp.codec import RequestType
from agent.snmp.oid import oid
from agent.snmp.reader import IpAddress, MissingValue, ObjectId

V1, V2C = api.PROTOCOL_MODULES[0], api.PROTOCOL_MODULES[1]

arc = some.one_of(some.integers(0, 300), some.integers(0, 2**32 - 1))
dotted = some.tuples(
    some.sampled_from(["1.3", "0.0", "2.39", "1.3.6.1.2.1.43"]), some.lists(arc, max_size=20)
).map(lambda parts: ".".join([parts[0], *map(str, parts[1])]))
community = some.text(max_size=200).filter(lambda text: len(text.encode()) < 255)
names = some.lists(dotted, min_size=1, max_size=20)

int32, unsigned32 = some.integers(-(2**31), 2**31 - 1), some.integers(0, 2**32 - 1)
ours_and_theirs = some.one_of(
    int32.map(lambda n: (n, V2C.Integer32(n))),
    unsigned32.map(lambda n: (n, V2C.Counter32(n))),
    unsigned32.map(lambda n: (n, V2C.Gauge32(n))),
    unsigned32.map(lambda n: (n, V2C.TimeTicks(n))),
    some.integers(0, 2**64 - 1).map(lambda n: (n, V2C.Counter64(n))),
    some.binary(max_size=300).map(lambda octets: (octets, V2C.OctetString(octets))),
    some.binary(max_size=30).map(lambda octets: (octets, V2C.Opaque(octets))),
    some.binary(min_size=4, max_size=4).map(lambda octets: (IpAddress(octets), V2C.IpAddress(octets))),
    dotted.map(lambda text: (ObjectId(oid(text)), V2C.ObjectIdentifier(text))),
    some.sampled_from(
        [
            (MissingValue.NO_SUCH_OBJECT, NoSuchObject("")),
            (MissingValue.NO_SUCH_INSTANCE, NoSuchInstance("")),
            (MissingValue.END_OF_MIB_VIEW, EndOfMibView("")),
        ]
    ),
)
pairs = some.lists(some.tuples(dotted, ours_and_theirs), max_size=12)


def encoded(module: Any, pdu: Any, community: str) -> bytes:
    message = module.Message()
    module.apiMessage.set_defaults(message)
    module.apiMessage.set_community(message, community.encode())
    module.apiMessage.set_pdu(message, pdu)
    return encoder.encode(message)


def check_request(
    ask: RequestType, version: str, community: str, names: list[str], number: int, times: int
) -> None:
    """What we ask is what pysnmp reads."""
    version = "2c" if ask is RequestType.BULK else version  # SNMPv1 has no GETBULK
    module = V1 if version == "1" else V2C
    repetitions = times if ask is RequestType.BULK else 0
    made = codec.encode_request(ask, version, community, tuple(map(oid, names)), repetitions).with_id(number)
    message, rest = decoder.decode(made, asn1Spec=module.Message())
    pdu = module.apiMessage.get_pdu(message)
    assert rest == b""
    assert bytes(module.apiMessage.get_community(message)) == community.encode()
    assert [str(name) for name, _ in module.apiPDU.get_varbinds(pdu)] == names
    assert int(module.apiPDU.get_request_id(pdu)) == number
    assert (
        type(pdu).__name__
        == {
            RequestType.GET: "GetRequestPDU",
            RequestType.NEXT: "GetNextRequestPDU",
            RequestType.BULK: "GetBulkRequestPDU",
        }[ask]
    )
    if ask is RequestType.BULK:
        assert int(V2C.apiBulkPDU.get_non_repeaters(pdu)) == 0
        assert int(V2C.apiBulkPDU.get_max_repetitions(pdu)) == times


def check_reply(pairs: list[tuple[str, tuple[Any, Any]]], number: int, status: int, index: int) -> None:
    """What pysnmp answers is what we read."""
    pdu = V2C.GetResponsePDU()
    V2C.apiPDU.set_defaults(pdu)
    V2C.apiPDU.set_request_id(pdu, number)
    V2C.apiPDU.set_error_status(pdu, status)
    pdu.setComponentByPosition(2, index)
    V2C.apiPDU.set_varbinds(pdu, [(name, theirs) for name, (_, theirs) in pairs])
    read = codec.decode_reply(encoded(V2C, pdu, "public"))
    assert (read.version, read.request_id, read.error_status, read.error_index) == (1, number, status, index)
    assert read.varbinds == [(oid(name), ours) for name, (ours, _) in pairs]
    assert [type(value) for _, value in read.varbinds] == [type(ours) for _, (ours, _) in pairs]


def check_trap(pairs: list[tuple[str, tuple[Any, Any]]], enterprise: str, specific: int, ticks: int) -> None:
    """Notifications of both versions, as pysnmp sends them."""
    pdu = V2C.SNMPv2TrapPDU()
    V2C.apiPDU.set_defaults(pdu)
    V2C.apiPDU.set_varbinds(pdu, [(name, theirs) for name, (_, theirs) in pairs])
    assert codec.decode_trap(encoded(V2C, pdu, "traps")).varbinds == [
        (oid(name), ours) for name, (ours, _) in pairs
    ]
    pdu = V1.TrapPDU()
    V1.apiTrapPDU.set_defaults(pdu)
    V1.apiTrapPDU.set_enterprise(pdu, enterprise)
    V1.apiTrapPDU.set_agent_address(pdu, "10.1.2.3")
    V1.apiTrapPDU.set_generic_trap(pdu, 6)
    V1.apiTrapPDU.set_specific_trap(pdu, specific)
    V1.apiTrapPDU.set_timestamp(pdu, ticks)
    V1.apiTrapPDU.set_varbinds(pdu, [(name, V1.Integer(7)) for name, _ in pairs])
    read = codec.decode_trap(encoded(V1, pdu, "traps"))
    assert read == codec.Trap(
        0, b"traps", 0, [(oid(name), 7) for name, _ in pairs], oid(enterprise), b"\x0a\x01\x02\x03", 6,
        specific, ticks,
    )  # fmt: skip


number = some.integers(2**8, 2**15 - 1)
REQUESTS = (
    some.sampled_from(RequestType),
    some.sampled_from(["1", "2c"]),
    community,
    names,
    number,
    some.integers(1, 60),
)
REPLIES = (pairs, number, some.integers(0, 18), some.integers(0, 20))
TRAPS = (pairs, dotted, some.integers(0, 2**31 - 1), unsigned32)


def test_requests_agree() -> None:
    _agree(700, REQUESTS, check_request)


def test_replies_agree() -> None:
    _agree(1000, REPLIES, check_reply)


def test_traps_agree() -> None:
    _agree(300, TRAPS, check_trap)


@pytest.mark.long
def test_twenty_thousand_packets_agree() -> None:
    _agree(6000, REQUESTS, check_request)
    _agree(11000, REPLIES, check_reply)
    _agree(3000, TRAPS, check_trap)


def _agree(times: int, given_by: tuple[some.SearchStrategy[Any], ...], check: Any) -> None:
    settings(max_examples=times, deadline=None, database=None)(given(*given_by)(check))()
