"""Repairs the values of an SNMPv3 response that pysnmp would drop as a whole: one bad value costs that value.

    message    SEQUENCE { version, header, security, ScopedPDU }                                RFC 3412, 6
    ScopedPDU  SEQUENCE { contextEngineID, contextName, PDU }
    PDU        [tag] { request-id, error-status, error-index, SEQUENCE OF VarBind }             RFC 3416, 3

A number beyond its type is read as the own codec reads it for v1 and v2c, and carried as a Counter64; a value
that cannot be decoded becomes NULL. Signatures are checked over the octets as they came.
"""

from collections.abc import Iterable, Iterator

from agent.core.errors import MalformedReply
from agent.snmp.codec import (
    COUNTER64,
    INTEGER,
    MAX_DATAGRAM,
    MAX_VARBINDS,
    NULL,
    OCTETS,
    OID,
    RESPONSE,
    SEQUENCE,
    decode_value,
    encode_element,
    open_element,
)

REPORT = 0xA8
Element = tuple[int, bytes]  # tag and contents


def cut_padding(datagram: bytes) -> bytes:
    """Cut the octets behind a whole message: they are ignored, and no part of what is signed."""
    try:
        _, stop = open_element(datagram, 0, SEQUENCE)
    except (MalformedReply, IndexError):
        return datagram
    return datagram[:stop]


def repair_message(data: bytes) -> bytes | None:
    """Repair a message, or a ScopedPDU; None if nothing is to be repaired, or nothing can be."""
    if len(data) > MAX_DATAGRAM:
        return None
    try:
        ((tag, contents),) = _split_elements(cut_padding(data))
        parts = list(_split_elements(contents))
        if tag != SEQUENCE or len(parts) < 3:
            return None
        whole = parts[0][0] == INTEGER
        parts[-1] = _repair_scoped(parts[-1]) if whole else _repair_pdu(parts[-1])
    except (MalformedReply, IndexError, ValueError):
        return None
    repaired = encode_element(SEQUENCE, _join_elements(parts))
    return repaired if repaired != data else None


def _repair_scoped(scoped: Element) -> Element:
    engine, name, pdu = _split_elements(scoped[1])
    if (scoped[0], engine[0], name[0]) != (SEQUENCE, OCTETS, OCTETS):
        raise ValueError("no ScopedPDU in clear text")
    return SEQUENCE, _join_elements([engine, name, _repair_pdu(pdu)])


def _repair_pdu(pdu: Element) -> Element:
    *head, (tag, varbinds) = _split_elements(pdu[1])
    if pdu[0] not in {RESPONSE, REPORT} or len(head) != 3 or tag != SEQUENCE:
        raise ValueError("not a response")
    repaired = [_repair_varbind(varbind) for varbind in _split_elements(varbinds)]
    if len(repaired) > MAX_VARBINDS:
        raise ValueError("too many varbinds")
    return pdu[0], _join_elements([*head, (SEQUENCE, _join_elements(repaired))])


def _repair_varbind(varbind: Element) -> Element:
    name, (tag, contents) = _split_elements(varbind[1])
    if (varbind[0], name[0]) != (SEQUENCE, OID):
        raise ValueError("not a varbind")
    return SEQUENCE, _join_elements([name, _repair_value(tag, contents)])


def _repair_value(tag: int, contents: bytes) -> Element:
    value = decode_value(tag, contents)
    if value is None:
        return NULL, b""
    if not isinstance(value, int):
        return (tag, contents) if contents or tag != OID else (OID, b"\0")
    if tag == INTEGER and -(1 << 31) <= value < 1 << 31:
        return INTEGER, _encode_number(value)
    return (COUNTER64, _encode_number(value)) if value >= 0 else (NULL, b"")


def _encode_number(value: int) -> bytes:
    """The shortest form (X.690, 8.3)."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)


def _split_elements(data: bytes) -> Iterator[Element]:
    at = 0
    while at < len(data):
        start, stop = open_element(data, at, data[at])
        if stop > len(data):
            raise ValueError("an element is longer than its octets")
        yield data[at], data[start:stop]
        at = stop


def _join_elements(parts: Iterable[Element]) -> bytes:
    return b"".join(encode_element(tag, contents) for tag, contents in parts)
