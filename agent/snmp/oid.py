"""OIDs in their raw BER encoding, because that compares, prefixes and hashes without decoding.

`oid("1.3.6.1.2.1.1.1.0")` is made once and kept; `format_oid(raw)` is for people, at the edge. The raw
form orders tables only among siblings (one arc may take several bytes): compare `decode_arcs()` where
order matters.
"""

from functools import lru_cache

MAX_ARC = 0xFFFFFFFF
MAX_ARCS = 128  # RFC 3416, section 4.1 (SNMPv2-SMI: at most 128 sub-identifiers)


@lru_cache(maxsize=4096)
def oid(text: str) -> bytes:
    """Encode a dotted OID as contents octets (X.690, 8.19). Raises ValueError."""
    numbers = [int(part) for part in text.strip(".").split(".")]
    if (
        not 2 <= len(numbers) <= MAX_ARCS
        or not 0 <= numbers[0] <= 2
        or numbers[1] > 39 + 40 * (numbers[0] == 2)
    ):
        raise ValueError(f"not an OID: {text}")
    return encode_arcs(numbers[0] * 40 + numbers[1], *numbers[2:])


def encode_arcs(*numbers: int) -> bytes:
    """Encode arcs (below the first two) in base 128, high bit set on all but the last byte of each."""
    out = bytearray()
    for number in numbers:
        if not 0 <= number <= MAX_ARC:
            raise ValueError(f"an arc must be 0 to 2^32-1, not {number}")
        out += bytes(0x80 | number >> shift & 0x7F for shift in (28, 21, 14, 7) if number >> shift)
        out.append(number & 0x7F)
    return bytes(out)


def decode_arcs(raw: bytes) -> tuple[int, ...]:
    """Decode a raw piece of an OID that starts at an arc's first byte: a table index, usually."""
    found, number = [], 0
    for byte in raw:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            found.append(number)
            number = 0
    return tuple(found)


def format_oid(raw: bytes) -> str:
    """Format the text form, "1.3.6.1.…"."""
    first, *rest = decode_arcs(raw)
    top = min(first // 40, 2)
    return ".".join(map(str, (top, first - 40 * top, *rest)))
