"""Brother's blobs: records of seven bytes, ended by FF and, in newer firmware, a checksum.

    [id] 01 04 [value: 4 bytes, big-endian]   63 01 04 00000001 11 01 04 00000138 … ff
    [id] 01 02 [level] [full]                 a1 01 02 04 14: the older form, a level of so many steps

The second byte is the number of values, the third their length in bytes. A level of the older form is
returned in hundredths of a percent, as the newer form has it: 4 of 20 steps are 2000. All ones mean
"not available". Some firmware, and some tools on the way, hand the blob over as hex digits.

Source: BROTHER-MIB (brInfoMaintenance and its neighbours); bieniu/brother; replies of ten models.
"""

import re
from collections.abc import Iterator

from agent.collectors.decoders._count import (
    NOT_AVAILABLE,
    SCALAR_INDEX,
    DecodedCount,
    DecoderInput,
    as_octets,
)

END = 0xFF
LONG, SHORT = (0x01, 0x04), (0x01, 0x02)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}[ :]?){5,}")


def decode(replies: DecoderInput) -> Iterator[DecodedCount]:
    """Decode one count for each record; its key is the id in two hex digits."""
    for name, column in replies.items():
        raw = as_octets(column.get(SCALAR_INDEX))
        for key, value in _parse_records(_decode_hex(raw)) if raw else ():
            if value != NOT_AVAILABLE:
                yield DecodedCount(f"{key:02x}", value, name)


def _decode_hex(raw: bytes) -> bytes:
    text = raw.strip(b"\0 \r\n")
    return bytes.fromhex(text.decode("ascii").replace(":", " ")) if _HEX.fullmatch(text) else raw


def _parse_records(raw: bytes) -> Iterator[tuple[int, int]]:
    """Parse (id, value) of each record. Raises ValueError at the first that is no record."""
    at = 0
    while at < len(raw) and raw[at] != END and any(raw[at:]):
        head = tuple(raw[at + 1 : at + 3])
        size = 7 if head == LONG else 5 if head == SHORT else 0
        if not size:
            raise ValueError(f"byte {at} of {len(raw)} begins no record: {raw[at : at + 7].hex(' ')}")
        if len(raw) < at + size:
            raise ValueError(f"it ends inside the record that begins at byte {at} of {len(raw)}")
        if head == LONG:
            yield raw[at], int.from_bytes(raw[at + 3 : at + 7], "big")
        else:
            yield raw[at], _to_hundredths(raw[at + 3], raw[at + 4], at)
        at += size


def _to_hundredths(level: int, full: int, at: int) -> int:
    if not full or level > full:
        raise ValueError(f"the record at byte {at} says {level} steps of {full}")
    return 10_000 * level // full
