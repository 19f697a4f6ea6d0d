"""The values that decoders return, and helpers to parse them."""

from collections.abc import Mapping
from typing import NamedTuple

from agent.snmp.reader import IpAddress, ObjectId, SnmpValue

RowIndex = tuple[int, ...]
DecoderInput = Mapping[str, Mapping[RowIndex, SnmpValue]]

SCALAR_INDEX: RowIndex = ()  # the index of an object that is no column


class DecodedCount(NamedTuple):
    """One number: the key that the profile maps, and where it was read."""

    key: str
    value: int
    name: str  # which of the objects or columns
    place: RowIndex = SCALAR_INDEX  # the row of a column
    row: int | None = None  # the row's own number, where rows have meanings of their own


def as_octets(value: SnmpValue) -> bytes | None:
    """Convert an octet string to bytes; None for anything else."""
    plain = isinstance(value, bytes) and not isinstance(value, (ObjectId, IpAddress))
    return bytes(value) if plain else None  # type: ignore[arg-type]  # plain: an octet string


def parse_count(value: SnmpValue) -> int | None:
    """Parse a count, also sent as digits in a text; None for anything else (below zero: "not available")."""
    if (raw := as_octets(value)) is not None:
        text = raw.strip(b"\0 ").decode("ascii", "replace")
        value = int(text) if text.isascii() and text.isdigit() else None
    return value if isinstance(value, int) and 0 <= value < NOT_AVAILABLE else None


NOT_AVAILABLE = 0xFFFFFFFF
"""Makers fill a counter that a model lacks with ones."""
