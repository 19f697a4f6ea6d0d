"""IPP messages as bytes (RFC 8010): a request out, a response in. Pure, strict and bounded.

    request    version operation-id request-id groups… end
    response   version status-code  request-id groups… end

A malformed message (a length beyond the end, a missing end, a value before any attribute) raises
MalformedReply with the position of the error. A value that breaks its syntax is left out and noted:
firmware that sends a broken date still sends a good level.

Own code, because the maintained libraries for IPP bring an HTTP client of their own (pyipp: aiohttp, yarl and
more), and this is the smaller part.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from agent.core.errors import MalformedReply
from agent.core.text import clean_text, decode_cut_utf8

MAX_BYTES = 1 << 20  # of a response; the longest of real printers has 18 KiB
MAX_DEPTH = 8  # collections inside collections
MAX_PROBLEMS = 20

IppVersion = tuple[int, int]


class Operation(IntEnum):
    GET_PRINTER_ATTRIBUTES = 0x000B  # RFC 8011, 4.2.5
    CUPS_GET_PRINTERS = 0x4002  # cups.org, IPP extensions


class AttributeGroup(IntEnum):
    """Delimiter tags (RFC 8010, 3.5.1)."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05


class ValueTag(IntEnum):
    """Value tags (RFC 8010, 3.5.2)."""

    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTETS = 0x30
    DATE = 0x31
    RESOLUTION = 0x32
    RANGE = 0x33
    COLLECTION = 0x34
    TEXT_IN = 0x35  # textWithLanguage
    NAME_IN = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MEMBER = 0x4A


_OUT_OF_BAND = range(0x10, 0x20)  # unsupported, unknown, no-value
_WORDS = range(0x40, 0x60)

IppValue = int | bool | str | bytes | Mapping[str, "IppValues"]
IppValues = tuple[IppValue, ...]
Attributes = dict[str, IppValues]


@dataclass(frozen=True, slots=True, kw_only=True)
class IppResponse:
    """A response: its status, and the attributes of each group in the order of the message."""

    version: IppVersion
    status: int
    request_id: int
    groups: tuple[tuple[int, Attributes], ...] = ()
    problems: tuple[str, ...] = ()

    def attributes_in(self, group: AttributeGroup) -> list[Attributes]:
        return [attributes for tag, attributes in self.groups if tag == group]


def encode_request(
    operation: Operation,
    version: IppVersion,
    request_id: int,
    attributes: Sequence[tuple[ValueTag, str, Sequence[str]]],
) -> bytes:
    """Encode a request; `attributes` follow charset and language (RFC 8011, 4.1.4)."""
    first = [
        (ValueTag.CHARSET, "attributes-charset", ["utf-8"]),
        (ValueTag.LANGUAGE, "attributes-natural-language", ["en"]),
    ]
    out = bytearray(
        (*version, *operation.to_bytes(2, "big"), *request_id.to_bytes(4, "big"), AttributeGroup.OPERATION)
    )
    for tag, name, values in (*first, *attributes):
        for place, value in enumerate(values):
            out.append(tag)
            out += _encode_sized("" if place else name) + _encode_sized(value)
    out.append(AttributeGroup.END)
    return bytes(out)


def _encode_sized(text: str) -> bytes:
    raw = text.encode("utf-8")
    return len(raw).to_bytes(2, "big") + raw


def decode_response(raw: bytes) -> IppResponse:
    """Decode the response in `raw`. Raises MalformedReply."""
    if len(raw) > MAX_BYTES:
        raise MalformedReply(reason=f"the IPP answer has {len(raw)} bytes, more than {MAX_BYTES}")
    if len(raw) < 9:
        raise MalformedReply(reason=f"the IPP answer has {len(raw)} bytes; the shortest possible has 9")
    reading = _ResponseParser(raw)
    groups = tuple(reading.parse_groups())
    return IppResponse(
        version=(raw[0], raw[1]),
        status=int.from_bytes(raw[2:4], "big"),
        request_id=int.from_bytes(raw[4:8], "big"),
        groups=groups,
        problems=tuple(reading.problems),
    )


@dataclass(slots=True)
class _ResponseParser:
    raw: bytes
    at: int = 8
    problems: list[str] = field(default_factory=list)

    def parse_groups(self) -> Iterator[tuple[int, Attributes]]:
        tag = self._read_byte()
        while tag != AttributeGroup.END:
            if tag >= _OUT_OF_BAND.start:
                raise self._parse_error(f"a value ({tag:#04x}) stands before any group")
            attributes: Attributes = {}
            following = self._parse_attributes(attributes)
            yield tag, attributes
            tag = following

    def _parse_attributes(self, into: Attributes) -> int:
        """Parse the attributes up to the next delimiter, and return that. A repeated name adds its values."""
        name = ""
        while (tag := self._read_byte()) >= _OUT_OF_BAND.start:
            named = self._read_chunk().decode("utf-8", "replace")
            if not (name := named or name):
                raise self._parse_error("a further value stands before any attribute")
            value = self._parse_value(tag, name, depth=0)
            into[name] = into.get(name, ()) + (() if value is None else (value,))
        return tag

    def _parse_value(self, tag: int, name: str, depth: int) -> IppValue | None:
        content = self._read_chunk()
        if tag == ValueTag.COLLECTION:
            return self._parse_collection(name, depth + 1)
        try:
            return _decode_value(tag, content)
        except (ValueError, UnicodeDecodeError):
            if len(self.problems) < MAX_PROBLEMS:
                self.problems.append(
                    f"{clean_text(name)}: not a value of syntax {tag:#04x}: {content[:16].hex()}"
                )
            return None

    def _parse_collection(self, name: str, depth: int) -> IppValue:
        """Parse the members up to endCollection (RFC 8010, 3.1.6); a member's name is a value of its own."""
        if depth > MAX_DEPTH:
            raise self._parse_error(
                f"{clean_text(name)} holds more than {MAX_DEPTH} collections inside each other"
            )
        members: Attributes = {}
        member = ""
        while (tag := self._read_byte()) != ValueTag.END_COLLECTION:
            if tag < _OUT_OF_BAND.start:
                raise self._parse_error(f"the collection {clean_text(name)} does not end")
            self._read_chunk()
            if tag == ValueTag.MEMBER:
                member = self._read_chunk().decode("utf-8", "replace")
                continue
            value = self._parse_value(tag, member, depth)
            members[member] = members.get(member, ()) + (() if value is None else (value,))
        self._read_chunk()
        self._read_chunk()
        return members

    def _read_byte(self) -> int:
        if self.at >= len(self.raw):
            raise self._parse_error("it ends without an end-of-attributes tag")
        self.at += 1
        return self.raw[self.at - 1]

    def _read_chunk(self) -> bytes:
        """Read a length of two bytes and as many bytes after it."""
        size = int.from_bytes(self.raw[self.at : self.at + 2], "big")
        begin = self.at + 2
        if begin + size > len(self.raw):
            raise self._parse_error(
                f"{size} bytes are announced where {max(0, len(self.raw) - begin)} are left"
            )
        self.at = begin + size
        return self.raw[begin : self.at]

    def _parse_error(self, why: str) -> MalformedReply:
        return MalformedReply(reason=f"the IPP answer is broken at byte {self.at}: {why}")


def _decode_value(tag: int, content: bytes) -> IppValue | None:
    """Decode one value by its syntax (RFC 8010, 3.9); None for out-of-band ones. Raises ValueError."""
    if tag in _OUT_OF_BAND:
        return None
    if tag in {ValueTag.INTEGER, ValueTag.ENUM}:
        return int.from_bytes(_check_size(content, 4), "big", signed=True)
    if tag == ValueTag.BOOLEAN:
        return _check_size(content, 1) != b"\0"
    if tag in {ValueTag.TEXT_IN, ValueTag.NAME_IN}:
        return _decode_text(_strip_language(content))
    return _decode_text(content) if tag in _WORDS else content


def _check_size(content: bytes, size: int) -> bytes:
    if len(content) != size:
        raise ValueError(f"{len(content)} bytes, not {size}")
    return content


def _strip_language(content: bytes) -> bytes:
    """Extract the text of a textWithLanguage: a sized language, then a sized text."""
    begin = 2 + int.from_bytes(content[:2], "big")
    size = int.from_bytes(_check_size(content[begin : begin + 2], 2), "big")
    return _check_size(content[begin + 2 :], size)


def _decode_text(content: bytes) -> str:
    """Decode text as UTF-8, as requested; firmware that answers in another charset is shown as Latin-1."""
    try:
        return clean_text(content.decode("utf-8"))
    except UnicodeDecodeError:
        cut = decode_cut_utf8(content)
        return clean_text(content.decode("latin-1") if cut is None else cut)
