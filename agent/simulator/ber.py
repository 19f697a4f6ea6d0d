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
from typing import NamedTuple

Oid = tuple[int, ...]
"""An object identifier as its arcs; tuples order as the MIB tree does."""


class Tag(IntEnum):
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


class Pdu(IntEnum):
    """Kinds of PDU: RFC 3416, section 3."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    GET_BULK = 0xA5


class Status(IntEnum):
    """error-status: RFC 1157, section 4.1.1, and RFC 3416, section 3."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NOT_WRITABLE = 17


class Version(IntEnum):
    """The number in the message is not the number in the name."""

    V1 = 0
    V2C = 1
    V3 = 3

    def __str__(self) -> str:
        return {Version.V1: "1", Version.V2C: "2c", Version.V3: "3"}[self]


class Value(NamedTuple):
    """One typed value. INTEGER and counters hold an int, OID its arcs, NULL and exceptions None."""

    tag: int
    content: int | bytes | Oid | None


VarBind = tuple[Oid, Value]


class BadPacket(ValueError):
    """The bytes are not an SNMP request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks: v1 or v2c."""

    version: Version
    community: bytes
    kind: Pdu
    request_id: int
    oids: tuple[Oid, ...]
    non_repeaters: int = 0
    max_repetitions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a printer says to it. `index` counts from 1, as error-index does."""

    version: Version
    community: bytes
    request_id: int
    status: int = Status.NO_ERROR
    index: int = 0
    varbinds: tuple[VarBind, ...] = ()


def oid(text: str) -> Oid:
    """The arcs of "1.3.6.1" or ".1.3.6.1". Raises ValueError."""
    return tuple(int(arc) for arc in text.removeprefix(".").split("."))


# ---- reading -------------------------------------------------------------------------------------


def decode_request(packet: bytes) -> Request:
    """The request in a v1 or v2c message. Raises BadPacket for anything else."""
    version, community, (kind, pdu) = _message(packet)
    if version not in {Version.V1, Version.V2C} or kind not in set(Pdu):
        raise BadPacket(f"version {version}, PDU 0x{kind:02x}")
    request_id, second, third, varbinds = _exactly(pdu, 4)
    second_number, third_number = _integer(second), _integer(third)
    bulk = kind == Pdu.GET_BULK
    return Request(
        version=Version(version),
        community=community,
        kind=Pdu(kind),
        request_id=_integer(request_id),
        oids=tuple(_name(item) for item in _parts(_content(varbinds, Tag.SEQUENCE))),
        non_repeaters=max(0, second_number) if bulk else 0,
        max_repetitions=max(0, third_number) if bulk else 0,
    )


def version_and_name(packet: bytes) -> tuple[int, bytes]:
    """(version, community) of a v1 or v2c message, (3, user name) of a v3 one. Raises BadPacket."""
    fields = _exactly(_only(packet, Tag.SEQUENCE), None)
    version = _integer(fields[0])
    if version != Version.V3:
        return version, _content(fields[1], Tag.OCTETS)
    if len(fields) < 3:
        raise BadPacket("a v3 message has four parts")
    # UsmSecurityParameters (RFC 3414, section 2.4): engine id, boots, time, user name, …
    usm = _exactly(_only(_content(fields[2], Tag.OCTETS), Tag.SEQUENCE), 6)
    return version, _content(usm[3], Tag.OCTETS)


def _message(packet: bytes) -> tuple[int, bytes, tuple[int, bytes]]:
    version, community, pdu = _exactly(_only(packet, Tag.SEQUENCE), 3)
    return _integer(version), _content(community, Tag.OCTETS), pdu


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The (tag, content) pairs that `data` is made of."""
    at = 0
    while at < len(data):
        tag, content, at = _take(data, at)
        yield tag, content


def _take(data: bytes, at: int) -> tuple[int, bytes, int]:
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


def _exactly(data: bytes, count: int | None) -> list[tuple[int, bytes]]:
    """All parts of `data`: `count` of them, or at least two where the count is left open."""
    parts = list(_parts(data))
    if len(parts) != count if count is not None else len(parts) < 2:
        raise BadPacket(f"{len(parts)} parts where {count or 'more'} belong")
    return parts


def _only(data: bytes, tag: Tag) -> bytes:
    """The content of the one value of type `tag` that `data` starts with."""
    found, content, _ = _take(data, 0)
    return _content((found, content), tag)


def _content(part: tuple[int, bytes], tag: Tag) -> bytes:
    if part[0] != tag:
        raise BadPacket(f"tag 0x{part[0]:02x} where {tag.name} belongs")
    return part[1]


def _integer(part: tuple[int, bytes]) -> int:
    content = _content(part, Tag.INTEGER)
    if not 1 <= len(content) <= 8:
        raise BadPacket("an INTEGER of no use")
    return int.from_bytes(content, "big", signed=True)


def _name(part: tuple[int, bytes]) -> Oid:
    name, _ = _exactly(_content(part, Tag.SEQUENCE), 2)
    return decode_oid(_content(name, Tag.OID))


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


def encode_response(response: Response) -> bytes:
    """The message of a response."""
    pdu = (
        _encode_integer(Tag.INTEGER, response.request_id)
        + _encode_integer(Tag.INTEGER, response.status)
        + _encode_integer(Tag.INTEGER, response.index)
        + _wrap(Tag.SEQUENCE, b"".join(map(encode_varbind, response.varbinds)))
    )
    return _wrap(
        Tag.SEQUENCE,
        _encode_integer(Tag.INTEGER, response.version)
        + _wrap(Tag.OCTETS, response.community)
        + _wrap(Pdu.RESPONSE, pdu),
    )


def encode_varbind(varbind: VarBind) -> bytes:
    """SEQUENCE { name, value }."""
    name, value = varbind
    return _wrap(Tag.SEQUENCE, _wrap(Tag.OID, encode_oid(name)) + encode_value(value))


def encode_value(value: Value) -> bytes:
    """Tag, length and content of one value."""
    match value.content:
        case int(number):
            return _encode_integer(value.tag, number)
        case bytes(octets):
            return _wrap(value.tag, octets)
        case None:
            return _wrap(value.tag, b"")
        case arcs:
            return _wrap(value.tag, encode_oid(arcs))


def encode_oid(arcs: Sequence[int]) -> bytes:
    """Contents octets (X.690, 8.19). A name of less than two arcs is filled up with noughts."""
    first, second, *rest = (*arcs, 0, 0)[:2] + tuple(arcs[2:])
    return b"".join(map(_base128, (first * 40 + second, *rest)))


def _base128(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(number & 0x7F | 0x80)
    return bytes(reversed(out))


def _encode_integer(tag: int, number: int) -> bytes:
    """Two's complement in as few octets as do (X.690, 8.3)."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return _wrap(tag, number.to_bytes(size, "big", signed=True))


def _wrap(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def size_of(varbinds: Iterable[VarBind]) -> int:
    """How many octets the varbinds take; a message adds less than 60 and its community."""
    return sum(len(encode_varbind(varbind)) for varbind in varbinds)
