"""The simulator's BER against pyasn1's, in both directions, and against broken packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api, rfc1902, rfc1905

from agent.simulator.ber import (
    BadPacket,
    BerTag,
    BerValue,
    MessageVersion,
    PduType,
    ResponseMessage,
    decode_oid,
    decode_request,
    encode_oid,
    encode_response,
    encode_value,
    oid,
    read_version_and_name,
)

ARC = st.integers(0, (1 << 32) - 1)
OIDS = st.builds(
    lambda first, second, rest: (first, second, *rest), st.integers(0, 1), st.integers(0, 39), st.lists(ARC)
)

VALUES = (
    (BerValue(BerTag.INTEGER, 0), rfc1902.Integer32(0)),
    (BerValue(BerTag.INTEGER, 127), rfc1902.Integer32(127)),
    (BerValue(BerTag.INTEGER, 128), rfc1902.Integer32(128)),
    (BerValue(BerTag.INTEGER, -1), rfc1902.Integer32(-1)),
    (BerValue(BerTag.INTEGER, -129), rfc1902.Integer32(-129)),
    (BerValue(BerTag.COUNTER32, (1 << 32) - 1), rfc1902.Counter32((1 << 32) - 1)),
    (BerValue(BerTag.GAUGE32, 1 << 31), rfc1902.Gauge32(1 << 31)),
    (BerValue(BerTag.TICKS, 65536), rfc1902.TimeTicks(65536)),
    (BerValue(BerTag.COUNTER64, (1 << 64) - 1), rfc1902.Counter64((1 << 64) - 1)),
    (BerValue(BerTag.OCTETS, b""), rfc1902.OctetString(b"")),
    (BerValue(BerTag.OCTETS, b"x" * 300), rfc1902.OctetString(b"x" * 300)),
    (BerValue(BerTag.OPAQUE, b"\x9f\x78"), rfc1902.Opaque(b"\x9f\x78")),
    (BerValue(BerTag.IP_ADDRESS, b"\xc0\x00\x02\x01"), rfc1902.IpAddress("192.0.2.1")),
    (BerValue(BerTag.OID, (1, 3, 6, 1, 4, 1, 2435)), rfc1902.ObjectIdentifier((1, 3, 6, 1, 4, 1, 2435))),
    (BerValue(BerTag.OID, (0, 0)), rfc1902.ObjectIdentifier((0, 0))),
    (BerValue(BerTag.NULL, None), rfc1902.Null("")),
    (BerValue(BerTag.NO_SUCH_OBJECT, None), rfc1905.noSuchObject),
    (BerValue(BerTag.NO_SUCH_INSTANCE, None), rfc1905.noSuchInstance),
    (BerValue(BerTag.END_OF_MIB_VIEW, None), rfc1905.endOfMibView),
)


@pytest.mark.parametrize(("value", "peer"), VALUES, ids=[str(value) for value, _ in VALUES])
def test_a_value_is_encoded_as_pyasn1_does(value: BerValue, peer: object) -> None:
    assert encode_value(value) == encoder.encode(peer)


@pytest.mark.parametrize(("number", "octets"), [(-128, "020180"), (-(1 << 31), "020480000000")])
def test_negative_powers_of_two_take_the_fewest_octets(number: int, octets: str) -> None:
    # X.690, 8.3.2; pyasn1 spends one more on these
    assert encode_value(BerValue(BerTag.INTEGER, number)).hex() == octets


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_any_integer_comes_back_from_pyasn1(number: int) -> None:
    found, rest = decoder.decode(encode_value(BerValue(BerTag.INTEGER, number)))
    assert (int(found), rest) == (number, b"")


@given(OIDS)
def test_any_oid_comes_back_from_pyasn1_and_from_us(arcs: tuple[int, ...]) -> None:
    found, _ = decoder.decode(encode_value(BerValue(BerTag.OID, arcs)))
    assert tuple(found) == arcs == decode_oid(encode_oid(arcs))


def request_of(version: int, kind: type, community: str, number: int, oids: list[tuple[int, ...]]) -> bytes:
    module = api.PROTOCOL_MODULES[version]
    pdu = kind()
    bulk = kind is rfc1905.GetBulkRequestPDU
    pdu_api = module.apiBulkPDU if bulk else module.apiPDU
    pdu_api.set_defaults(pdu)
    pdu_api.set_request_id(pdu, number)
    if bulk:
        pdu_api.set_non_repeaters(pdu, 1)
        pdu_api.set_max_repetitions(pdu, 25)
    pdu_api.set_varbinds(pdu, [(name, module.Null("")) for name in oids])
    message = module.Message()
    module.apiMessage.set_defaults(message)
    module.apiMessage.set_community(message, community)
    module.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


@given(
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.text(st.characters(codec="ascii"), max_size=200),
    st.lists(OIDS, max_size=40),
)
def test_any_request_of_pyasn1_is_read(number: int, community: str, oids: list[tuple[int, ...]]) -> None:
    request = decode_request(request_of(1, rfc1905.GetNextRequestPDU, community, number, oids))
    assert (request.version, request.kind, request.request_id) == (
        MessageVersion.V2C,
        PduType.GET_NEXT,
        number,
    )
    assert (request.community.decode(), list(request.oids)) == (community, oids)


def test_a_bulk_request_carries_its_two_numbers() -> None:
    request = decode_request(request_of(1, rfc1905.GetBulkRequestPDU, "c", 1, [(1, 3), (1, 3, 6)]))
    assert (request.kind, request.non_repeaters, request.max_repetitions) == (PduType.GET_BULK, 1, 25)


@given(
    st.sampled_from([MessageVersion.V1, MessageVersion.V2C]),
    st.lists(st.tuples(OIDS, st.binary(max_size=300)), min_size=1, max_size=20),
)
def test_any_response_is_read_by_pyasn1(
    version: MessageVersion, pairs: list[tuple[tuple[int, ...], bytes]]
) -> None:
    response = ResponseMessage(
        version=version,
        community=b"private",
        request_id=-5,
        status=2,
        index=1,
        varbinds=tuple((name, BerValue(BerTag.OCTETS, content)) for name, content in pairs),
    )
    module = api.PROTOCOL_MODULES[int(version)]
    message, rest = decoder.decode(encode_response(response), asn1Spec=module.Message())
    pdu = module.apiMessage.get_pdu(message)
    assert rest == b""
    assert bytes(module.apiMessage.get_community(message)) == b"private"
    assert int(module.apiPDU.get_request_id(pdu)) == -5
    assert (int(module.apiPDU.get_error_status(pdu)), int(module.apiPDU.get_error_index(pdu))) == (2, 1)
    assert [(tuple(name), bytes(value)) for name, value in module.apiPDU.get_varbinds(pdu)] == pairs


GOOD = request_of(1, rfc1905.GetRequestPDU, "public", 1, [oid("1.3.6.1.2.1.1.1.0")])


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_request_cut_short_is_no_request(length: int) -> None:
    with pytest.raises(BadPacket):
        decode_request(GOOD[:length])


@given(st.binary(max_size=100))
def test_whatever_comes_in_is_read_or_refused(data: bytes) -> None:
    for read in (decode_request, read_version_and_name):
        try:
            read(data)
        except BadPacket:
            continue


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_request_with_one_wrong_byte_is_read_or_refused(at: int, byte: int) -> None:
    try:
        decode_request(GOOD[:at] + bytes((byte,)) + GOOD[at + 1 :])
    except BadPacket:
        return
