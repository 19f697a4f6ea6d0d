"""SNMP messages as the simulated printers read and write them: the agent's side of BER.

Reads requests (v1: RFC 1157, v2c: RFC 1901 and RFC 3416), writes responses, and lets a v3 message
(RFC 3412) be recognised. It shares nothing with the codec that the product asks with, so that a
mistake in one cannot hide behind the same mistake in the other.

    Message  ::= SEQUENCE { version, community, PDU }
    PDU      ::= [kind] { request-id, error-status | non-repeaters, error-index | max-repetitions, varbinds }
    varbinds ::= SEQUENCE OF SEQUENCE { name OBJECT IDENTIFIER, value }
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

Oid = tuple[int, ...]
"""An object identifier as its arcs; tuples order as the MIB tree does."""

NAMES = 8192  # object identifiers that are kept, decoded and encoded: the same ones are asked again and again


class BerTag(IntEnum):
    """Types of values: RFC 2578, section 2, and the three exceptions of RFC 3416, section 3."""

    INTEGER = 0x02
    OCTETS = 0x04
    NULL = 0x05
    OID = 0x06
    SEQUENCE = 0x30
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    GAUGE32 = 0x42
    TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


class PduType(IntEnum):
    """Kinds of PDU: RFC 3416, section 3."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    GET_BULK = 0xA5


class ErrorStatus(IntEnum):
    """error-status: RFC 1157, section 4.1.1, and RFC 3416, section 3."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NOT_WRITABLE = 17


class MessageVersion(IntEnum):
    """The number in the message is not the number in the name."""

    V1 = 0
    V2C = 1
    V3 = 3

    def __str__(self) -> str:
        return {MessageVersion.V1: "1", MessageVersion.V2C: "2c", MessageVersion.V3: "3"}[self]


class BerValue(NamedTuple):
    """One typed value. INTEGER and counters hold an int, OID its arcs, NULL and exceptions None."""

    tag: int
    content: int | bytes | Oid | None


BerVarBind = tuple[Oid, BerValue]


class BadPacket(ValueError):
    """The bytes are not an SNMP request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMessage:
    """A request: v1 or v2c."""

    version: MessageVersion
    community: bytes
    kind: PduType
    request_id: int
    oids: tuple[Oid, ...]
    non_repeaters: int = 0
    max_repetitions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMessage:
    """The printer's response. `index` counts from 1, as error-index does."""

    version: MessageVersion
    community: bytes
    request_id: int
    status: int = ErrorStatus.NO_ERROR
    index: int = 0
    varbinds: tuple[BerVarBind, ...] = ()


def oid(text: str) -> Oid:
    """The arcs of "1.3.6.1" or ".1.3.6.1". Raises ValueError."""
    return tuple(int(arc) for arc in text.removeprefix(".").split("."))


# ---- reading -------------------------------------------------------------------------------------


@lru_cache(maxsize=4)  # each packet is classified first, and answered then
def decode_request(packet: bytes) -> RequestMessage:
    """The request in a v1 or v2c message. Raises BadPacket for anything else."""
    version, community, (kind, pdu) = _split_message(packet)
    if version not in {MessageVersion.V1, MessageVersion.V2C} or kind not in set(PduType):
        raise BadPacket(f"version {version}, PDU 0x{kind:02x}")
    request_id, second, third, varbinds = _expect_parts(pdu, 4)
    second_number, third_number = _decode_integer(second), _decode_integer(third)
    bulk = kind == PduType.GET_BULK
    return RequestMessage(
        version=MessageVersion(version),
        community=community,
        kind=PduType(kind),
        request_id=_decode_integer(request_id),
        oids=tuple(_decode_name(item) for item in _iter_parts(_expect_content(varbinds, BerTag.SEQUENCE))),
        non_repeaters=max(0, second_number) if bulk else 0,
        max_repetitions=max(0, third_number) if bulk else 0,
    )


def read_version_and_name(packet: bytes) -> tuple[int, bytes]:
    """(version, community) of a v1 or v2c message, (3, user name) of a v3 one. Raises BadPacket."""
    fields = _expect_parts(_expect_one(packet, BerTag.SEQUENCE), None)
    version = _decode_integer(fields[0])
    if version != MessageVersion.V3:
        return version, _expect_content(fields[1], BerTag.OCTETS)
    if len(fields) < 3:
        raise BadPacket("a v3 message has four parts")
    # UsmSecurityParameters (RFC 3414, section 2.4): engine id, boots, time, user name, …
    usm = _expect_parts(_expect_one(_expect_content(fields[2], BerTag.OCTETS), BerTag.SEQUENCE), 6)
    return version, _expect_content(usm[3], BerTag.OCTETS)


def _split_message(packet: bytes) -> tuple[int, bytes, tuple[int, bytes]]:
    version, community, pdu = _expect_parts(_expect_one(packet, BerTag.SEQUENCE), 3)
    return _decode_integer(version), _expect_content(community, BerTag.OCTETS), pdu


def _iter_parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The (tag, content) pairs that `data` is made of."""
    at = 0
    while at < len(data):
        tag, content, at = _take_part(data, at)
        yield tag, content


def _take_part(data: bytes, at: int) -> tuple[int, bytes, int]:
    """One tag, length and content from `at` on (X.690, 8.1), and where the next begins."""
    if at + 2 > len(data):
        raise BadPacket("cut off within a header")
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or at + size > len(data):
            raise BadPacket("impossible length")
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    if at + length > len(data):
        raise BadPacket("cut off within a value")
    return tag, data[at : at + length], at + length


def _expect_parts(data: bytes, count: int | None) -> list[tuple[int, bytes]]:
    """All parts of `data`: `count` of them, or at least two where the count is left open."""
    parts = list(_iter_parts(data))
    if len(parts) != count if count is not None else len(parts) < 2:
        raise BadPacket(f"{len(parts)} parts where {count or 'more'} belong")
    return parts


def _expect_one(data: bytes, tag: BerTag) -> bytes:
    """The content of the one value of type `tag` that `data` starts with."""
    found, content, _ = _take_part(data, 0)
    return _expect_content((found, content), tag)


def _expect_content(part: tuple[int, bytes], tag: BerTag) -> bytes:
    if part[0] != tag:
        raise BadPacket(f"tag 0x{part[0]:02x} where {tag.name} belongs")
    return part[1]


def _decode_integer(part: tuple[int, bytes]) -> int:
    content = _expect_content(part, BerTag.INTEGER)
    if not 1 <= len(content) <= 8:
        raise BadPacket("an INTEGER of no use")
    return int.from_bytes(content, "big", signed=True)


def _decode_name(part: tuple[int, bytes]) -> Oid:
    name, _ = _expect_parts(_expect_content(part, BerTag.SEQUENCE), 2)
    return decode_oid(_expect_content(name, BerTag.OID))


@lru_cache(maxsize=NAMES)
def decode_oid(content: bytes) -> Oid:
    """Arcs of the contents octets (X.690, 8.19). Raises BadPacket."""
    if not content or content[-1] & 0x80:
        raise BadPacket("an OBJECT IDENTIFIER that does not end")
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    top = min(numbers[0] // 40, 2)
    return (top, numbers[0] - 40 * top, *numbers[1:])


# ---- writing -------------------------------------------------------------------------------------


def encode_response(response: ResponseMessage) -> bytes:
    """The message of a response."""
    pdu = (
        _encode_integer(BerTag.INTEGER, response.request_id)
        + _encode_integer(BerTag.INTEGER, response.status)
        + _encode_integer(BerTag.INTEGER, response.index)
        + _encode_element(BerTag.SEQUENCE, b"".join(map(encode_varbind, response.varbinds)))
    )
    return _encode_element(
        BerTag.SEQUENCE,
        _encode_integer(BerTag.INTEGER, response.version)
        + _encode_element(BerTag.OCTETS, response.community)
        + _encode_element(PduType.RESPONSE, pdu),
    )


def encode_varbind(varbind: BerVarBind) -> bytes:
    """SEQUENCE { name, value }."""
    name, value = varbind
    return _encode_element(
        BerTag.SEQUENCE, _encode_element(BerTag.OID, encode_oid(name)) + encode_value(value)
    )


def encode_value(value: BerValue) -> bytes:
    """Tag, length and content of one value."""
    match value.content:
        case int(number):
            return _encode_integer(value.tag, number)
        case bytes(octets):
            return _encode_element(value.tag, octets)
        case None:
            return _encode_element(value.tag, b"")
        case arcs:
            return _encode_element(value.tag, encode_oid(arcs))


def encode_oid(arcs: Sequence[int]) -> bytes:
    """Contents octets (X.690, 8.19). A name of less than two arcs is filled up with noughts."""
    return _encode_arcs(tuple(arcs))


@lru_cache(maxsize=NAMES)
def _encode_arcs(arcs: Oid) -> bytes:
    first, second, *rest = (*arcs, 0, 0)[:2] + tuple(arcs[2:])
    return b"".join(map(_encode_base128, (first * 40 + second, *rest)))


def _encode_base128(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(number & 0x7F | 0x80)
    return bytes(reversed(out))


def _encode_integer(tag: int, number: int) -> bytes:
    """Two's complement in as few octets as do (X.690, 8.3)."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return _encode_element(tag, number.to_bytes(size, "big", signed=True))


def _encode_element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def encoded_size(varbinds: Iterable[BerVarBind]) -> int:
    """Return the octets of the varbinds; a message adds less than 60 and its community."""
    return sum(len(encode_varbind(varbind)) for varbind in varbinds)
