"""SNMPv1 and SNMPv2c messages in BER, as far as reading needs them.

    Message ::= SEQUENCE { version, community, PDU }                                RFC 1157, 4; RFC 1901, 3
    PDU     ::= [tag] { request-id, error-status, error-index, SEQUENCE OF VarBind }       RFC 3416, 3
    VarBind ::= SEQUENCE { name OBJECT IDENTIFIER, value }

What is promised
- `encode_request` makes GET, GETNEXT and GETBULK, always with NULL values. No code here can encode a SET.
- `decode_reply` and `decode_trap` return a whole, well-formed message or raise `MalformedReply`, and
  no other error. They go once over the bytes, without recursion, and keep nothing.
- The result is bounded: 8 KiB, 64 varbinds, numbers from -2^63 to 2^64-1, OIDs of 128 arcs
  of 32 bits. Lengths are definite and agree with each other to the byte.
- A value that cannot be decoded (a number too long, an unknown type) costs that value only: it is
  None, as NULL is. Octets after a whole message are ignored, as some agents pad their datagrams.

Numbers of unsigned types are read as unsigned even where firmware forgot the leading zero octet, and
an OID without octets, as a value, as 0.0.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from agent.core.errors import MalformedReply
from agent.snmp.reader import IpAddress, MissingValue, ObjectId, SnmpValue, VarBind

MAX_DATAGRAM = 8192
MAX_VARBINDS = 64
MAX_NUMBER = 9  # octets; from here on a number has to begin with zeros
VERSIONS = {"1": 0, "2c": 1}

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
RESPONSE, TRAP_V1, INFORM, TRAP_V2 = 0xA2, 0xA4, 0xA6, 0xA7

NO_ERROR, TOO_BIG, NO_SUCH_NAME, GEN_ERR, AUTHORIZATION_ERROR = 0, 1, 2, 5, 16
"""Values of error-status (RFC 3416, section 3) that a reader acts on."""


class RequestType(IntEnum):
    """The three requests that can be sent, by tag."""

    GET = 0xA0
    NEXT = 0xA1
    BULK = 0xA5

    __hash__ = int.__hash__  # of the tag, not of the name: it is hashed for every request


class RequestTemplate(NamedTuple):
    """An encoded request with a gap of two octets where its id goes."""

    head: bytes
    tail: bytes

    def with_id(self, request_id: int) -> bytes:
        """Build the datagram. `request_id` is 2^7 to 2^15-1, so that two octets are its shortest form."""
        return self.head + request_id.to_bytes(2, "big") + self.tail


class SnmpReply(NamedTuple):
    """A response. `version` is 0 for SNMPv1 and 1 for SNMPv2c; `size` is its length in octets."""

    version: int
    request_id: int
    error_status: int
    error_index: int
    varbinds: list[VarBind]
    size: int = 0


class Trap(NamedTuple):
    """A notification. SNMPv1 ones carry `enterprise`, `generic` and `specific` (RFC 1157, 4.1.6)."""

    version: int
    community: bytes
    request_id: int
    varbinds: list[VarBind]
    enterprise: bytes = b""
    source: bytes = b""
    generic: int = 0
    specific: int = 0
    ticks: int = 0


@lru_cache(maxsize=8192)
def encode_request(
    ask: RequestType,
    version: str,
    community: str,
    oids: tuple[bytes, ...],
    repetitions: int = 0,
    non_repeaters: int = 0,
) -> RequestTemplate:
    """Encode a request for `oids`. `repetitions` and `non_repeaters`: of GETBULK, 0 for the others."""
    names = b"".join(encode_element(SEQUENCE, encode_element(OID, name) + b"\x05\x00") for name in oids)
    after_id = (
        encode_element(INTEGER, bytes((non_repeaters,)))
        + encode_element(INTEGER, bytes((repetitions,)))
        + encode_element(SEQUENCE, names)
    )
    pdu = bytes((RequestType(ask),)) + _encode_length(4 + len(after_id)) + b"\x02\x02"
    front = (
        encode_element(INTEGER, bytes((VERSIONS[version],)))
        + encode_element(OCTETS, community.encode())
        + pdu
    )
    return RequestTemplate(b"\x30" + _encode_length(len(front) + 2 + len(after_id)) + front, after_id)


_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"
"""error-status and error-index without an error, as in nearly every response."""


def decode_reply(data: bytes) -> SnmpReply:
    """Decode the response in one datagram. Raises MalformedReply."""
    try:
        version, _, at, data = _decode_message(data)
        start, stop = open_element(data, at, RESPONSE)
        if stop != len(data):
            raise MalformedReply(reason="the response does not end with its message")
        request_id, at = _decode_number(data, start)
        status = index = 0
        if data[at : at + 6] == _NO_ERROR:
            at += 6
        else:
            status, at = _decode_number(data, at)
            index, at = _decode_number(data, at)
        return SnmpReply(version, request_id, status, index, _decode_varbinds(data, at, stop), stop)
    except IndexError:
        raise MalformedReply(reason="the message ends early") from None


def decode_trap(data: bytes) -> Trap:
    """Decode the trap or inform in one datagram. Raises MalformedReply."""
    try:
        version, community, at, data = _decode_message(data)
        tag = data[at]
        if tag not in ((TRAP_V1,) if version == 0 else (TRAP_V2, INFORM)):
            raise MalformedReply(reason=f"{tag:#04x} is not the tag of a trap")
        start, stop = open_element(data, at, tag)
        if stop != len(data):
            raise MalformedReply(reason="the trap does not end with its message")
        return (_decode_trap_v1 if version == 0 else _decode_trap_v2)(data, start, stop, community)
    except IndexError:
        raise MalformedReply(reason="the message ends early") from None


def _decode_trap_v2(data: bytes, at: int, stop: int, community: bytes) -> Trap:
    request_id, at = _decode_number(data, at)
    _, at = _decode_number(data, at)
    _, at = _decode_number(data, at)
    return Trap(1, community, request_id, _decode_varbinds(data, at, stop))


def _decode_trap_v1(data: bytes, at: int, stop: int, community: bytes) -> Trap:
    start, at = open_element(data, at, OID)
    enterprise = _decode_object_id(data[start:at])
    start, at = open_element(data, at, IP_ADDRESS)
    source = _decode_ip_address(data[start:at])
    generic, at = _decode_number(data, at)
    specific, at = _decode_number(data, at)
    ticks, at = _decode_number(data, at, TICKS)
    found = _decode_varbinds(data, at, stop)
    return Trap(0, community, 0, found, enterprise, source, generic, specific, ticks)


def _decode_message(data: bytes) -> tuple[int, bytes, int, bytes]:
    """Decode version and community; also where the PDU begins, and the octets of the message alone."""
    if len(data) > MAX_DATAGRAM:
        raise MalformedReply(reason=f"longer than {MAX_DATAGRAM} octets")
    at, stop = open_element(data, 0, SEQUENCE)
    if stop > len(data):
        raise MalformedReply(reason="the message is longer than its datagram")
    data = data[:stop]
    version, at = _decode_number(data, at)
    if version not in (0, 1):
        raise MalformedReply(reason=f"message version {version} is neither SNMPv1 nor SNMPv2c")
    start, at = open_element(data, at, OCTETS)
    return version, data[start:at], at, data


def _decode_varbinds(data: bytes, at: int, end: int) -> list[VarBind]:
    """Decode the list of varbinds at `at`, which must end at `end`."""
    at, stop = open_element(data, at, SEQUENCE)
    if stop != end:
        raise MalformedReply(reason="the varbinds do not end with their PDU")
    found: list[VarBind] = []
    while at < end:
        if len(found) == MAX_VARBINDS:
            raise MalformedReply(reason=f"more than {MAX_VARBINDS} varbinds")
        length = data[at + 1]
        stop = at + 2 + length if length < 0x80 else open_element(data, at, SEQUENCE)[1]
        octets = data[at:stop]
        found.append(_varbind_cache.get(octets) or _decode_varbind(octets))
        at = stop
    return found


_varbind_cache: dict[bytes, VarBind] = {}
"""Varbinds decoded before. Printers repeat most of their values: six of seven in a poll came before, from
this printer or a similar one, and the same octets mean the same. Only those of up to 129 octets are kept,
and only so many: less than 8 MB in all."""

MAX_CACHED_VARBINDS = 16384


def _decode_varbind(octets: bytes) -> VarBind:
    """Decode one varbind, from its tag to the end of its value. Short lengths are read in place."""
    at, end, start = 2, 2 + octets[1], 4
    if octets[0] != SEQUENCE or octets[1] > 0x7F:
        at, end = open_element(octets, 0, SEQUENCE)
        start = at + 2
    at, length = start + octets[at + 1], octets[at + 1]
    if octets[start - 2] != OID or length > 0x7F:
        start, at = open_element(octets, start - 2, OID)
    name = octets[start:at]
    if not 0 < length < 0x80 or not name.isascii():  # otherwise each arc is one octet, and all is well
        _decode_object_id(name)
    tag, length, start = octets[at], octets[at + 1], at + 2
    at = start + length
    if length > 0x7F:
        start, at = open_element(octets, start - 2, tag)
    if not at == end == len(octets):
        raise MalformedReply(reason="a varbind does not end with its value")
    found = name, decode_value(tag, octets[start:at])
    if end < 0x82:
        if len(_varbind_cache) >= MAX_CACHED_VARBINDS:
            _varbind_cache.clear()
        _varbind_cache[octets] = found
    return found


def decode_value(tag: int, contents: bytes) -> SnmpValue:
    """Decode one value; None for one that makes no sense, which costs no other value of the reply."""
    decode = _VALUE_DECODERS.get(tag)
    try:
        return decode(contents) if decode else None
    except MalformedReply:
        return None


def open_element(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Find the begin and end of the contents of the element at `at` (X.690, 8.1.3: definite lengths only).

    The end may lie beyond that of the message: then an outer end disagrees, or the next octet is missing.
    """
    if data[at] != tag:
        raise MalformedReply(reason=f"tag {data[at]:#04x} where {tag:#04x} belongs")
    length = data[at + 1]
    if length < 0x80:
        return at + 2, at + 2 + length
    octets = length & 0x7F
    if not 0 < octets <= 4:
        raise MalformedReply(reason="a length is indefinite, or longer than four octets")
    at += 2 + octets
    return at, at + int.from_bytes(data[at - octets : at], "big")


def _decode_number(data: bytes, at: int, tag: int = INTEGER) -> tuple[int, int]:
    """Decode the number at `at`; also where the next element begins."""
    start, stop = open_element(data, at, tag)
    return _decode_signed(data[start:stop]), stop


def _decode_signed(octets: bytes) -> int:
    if not 0 < len(octets) < MAX_NUMBER:
        return _decode_wide(octets)
    return int.from_bytes(octets, "big", signed=True)


def _decode_unsigned(octets: bytes) -> int:
    if not 0 < len(octets) < MAX_NUMBER:
        return _decode_wide(octets)
    return int.from_bytes(octets, "big")


def _decode_wide(octets: bytes) -> int:
    """Decode a number with zeros before its last eight octets: one keeps it positive (X.690, 8.3), some
    agents send more."""
    if not octets or any(octets[:-8]):
        raise MalformedReply(reason=f"a number of {len(octets)} octets")
    return int.from_bytes(octets[-8:], "big")


_ARCS = re.compile(
    rb"(?:[\x00-\x7f]|[\x81-\xff][\x80-\xff]{0,2}[\x00-\x7f]|[\x81-\x8f][\x80-\xff]{3}[\x00-\x7f]){1,127}+"
)
"""1 to 127 arcs of at most 32 bits in their shortest form (X.690, 8.19.2); the first one stands for two."""


def _decode_object_id(octets: bytes) -> ObjectId:
    if not _ARCS.fullmatch(octets):
        raise MalformedReply(reason="not an OID of at most 128 arcs of 32 bits")
    return ObjectId(octets)


def _decode_oid_value(octets: bytes) -> ObjectId:
    """Decode an OID as a value. Some agents send no octets in place of 0.0 (zeroDotZero, RFC 2578)."""
    return _decode_object_id(octets or b"\0")


def _decode_ip_address(octets: bytes) -> IpAddress:
    if len(octets) != 4:
        raise MalformedReply(reason=f"an IP address of {len(octets)} octets")
    return IpAddress(octets)


def _null_decoder(meaning: MissingValue | None) -> Callable[[bytes], MissingValue | None]:
    """Make the decoder of a value without contents; contents are ignored."""
    return lambda _octets: meaning


_VALUE_DECODERS: dict[int, Callable[[bytes], SnmpValue]] = {
    INTEGER: _decode_signed,
    OCTETS: bytes,
    NULL: _null_decoder(None),
    OID: _decode_oid_value,
    IP_ADDRESS: _decode_ip_address,
    COUNTER32: _decode_unsigned,
    GAUGE32: _decode_unsigned,
    TICKS: _decode_unsigned,
    OPAQUE: bytes,
    COUNTER64: _decode_unsigned,
    **{meaning.value: _null_decoder(meaning) for meaning in MissingValue},
}


def encode_element(tag: int, contents: bytes) -> bytes:
    return bytes((tag,)) + _encode_length(len(contents)) + contents


def _encode_length(octets: int) -> bytes:
    """The shortest form of a length (X.690, 8.1.3)."""
    if octets < 0x80:
        return bytes((octets,))
    return b"\x81" + bytes((octets,)) if octets < 0x100 else b"\x82" + octets.to_bytes(2, "big")
