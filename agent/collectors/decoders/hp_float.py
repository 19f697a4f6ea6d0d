"""HP's A4-equivalent impressions: an IEEE 754 number inside an octet string.

FutureSmart firmware counts large paper as more than one page, so these are fractions; a meter is whole
pages, rounded half up. Four bytes are a float, eight a double, both big-endian; some firmware writes
the digits as text. The key is the object's place in its table: "2.1" is colour, printed.
"""

import math
import struct
from collections.abc import Iterator

from agent.collectors.decoders._count import DecodedCount, DecoderInput, as_octets

MAX_PAGES = 2**40  # pages: beyond any printer, and a sign of other bytes


def decode(replies: DecoderInput) -> Iterator[DecodedCount]:
    """Decode one count for each object below the column."""
    for name, column in replies.items():
        for index, value in column.items():
            amount = float(value) if isinstance(value, int) else _parse_amount(as_octets(value))
            if amount is None:
                continue
            if not math.isfinite(amount) or not 0 <= amount < MAX_PAGES:
                raise ValueError(f"{amount} is no count")
            yield DecodedCount(
                ".".join(map(str, _strip_scalar_zero(index))), math.floor(amount + 0.5), name, index
            )


def _strip_scalar_zero(index: tuple[int, ...]) -> tuple[int, ...]:
    """Strip the 0 at the end that marks a scalar."""
    return index[:-1] if len(index) > 1 and index[-1] == 0 else index


def _parse_amount(raw: bytes | None) -> float | None:
    if not raw:
        return None
    if len(raw) in {4, 8} and not _is_decimal_text(raw):
        number: float = struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0]
        return number
    try:
        return float(raw.strip(b"\0 ").decode("ascii"))
    except ValueError:
        raise ValueError(f"neither a number nor 4 or 8 bytes of one: {raw[:12].hex(' ')}") from None


def _is_decimal_text(raw: bytes) -> bool:
    return all(byte in b"0123456789." for byte in raw.strip(b"\0 "))
