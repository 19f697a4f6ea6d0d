"""Cleans serial numbers, UUIDs and MAC addresses, and drops those that only fill the field."""

import re
from collections.abc import Iterable

_PLACEHOLDER = re.compile(
    r"""
    (?:(?:THE|THIS|NO|PRINTER|PRODUCT|DEVICE|SYSTEM|ENGINE)\ )* S(?:ERIAL|/?N)\b (?:\ (?:NUMBER|NUM|NO))?
    | SERIALN(?:UMBER|O)
    | N/?A | NONE | NULL | NO\ DATA | TBD | EMPTY | INVALID | DEFAULT(?:\ (?:STRING|VALUE))? | PRIVATE
    | NOT?[-\ ]?(?:SET|SPECIFIED|AVAILABLE|APPLICABLE|ASSIGNED|DEFINED|FOUND|PRESENT|PROGRAMMED) (?:\ YET)?
    | UN(?:KNOWN|SPECIFIED|DEFINED|ASSIGNED|SET|AVAILABLE|INITIALI[SZ]ED|PROGRAMMED|BEKANNT)
    | TO\ BE\ (?:FILLED|DETERMINED|DEFINED)\b.*
    | NICHT\ VERF(?:Ü|UE)GBAR | INCONNU | NON\ DISPONIBLE | DESCONOCID[OA] | SCONOSCIUTO
    | 0?1234567890? | 12345678
    """,
    re.VERBOSE,
)
"""Words and counting that fill the field, in upper case and without what stands around them."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC_AS_TEXT = re.compile(rb"(?:[0-9A-Fa-f]{2}[:. -]?){5}[0-9A-Fa-f]{2}\0*")
_PADDING = " .,;:_-#?*!=+/\\\"'()<>[]{}"
_MIN_SERIAL_LENGTH = 4


def clean_serial(text: str | None) -> str | None:
    """Trim `text` and put it in upper case; None where it only fills the field: "XXXXXX", "00:00:00",
    "0x00", "(not specified)". Points and quotes around a number are padding (Samsung ends with a point)."""
    cleaned = " ".join((text or "").replace("\0", " ").split()).upper()
    bare = cleaned.strip(_PADDING)
    signs = "".join(filter(str.isalnum, bare.removeprefix("0X")))
    if len(bare) < _MIN_SERIAL_LENGTH or len(set(signs)) < 2 or _PLACEHOLDER.fullmatch(bare):
        return None
    return cleaned.strip(" .\"'")


def clean_uuid(text: str) -> str | None:
    """Write `text` as RFC 9562 does, without "urn:uuid:"; None where it is no UUID, or the nil or max one,
    which many devices share."""
    cleaned = text.casefold().removeprefix("urn:").removeprefix("uuid:").strip("{} ")
    return cleaned if _UUID.fullmatch(cleaned) and len({*cleaned} - {"-"}) > 1 else None


def pick_mac(addresses: Iterable[bytes]) -> str | None:
    """Pick the first universal unicast address, else the first local one, as twelve lower-case hex digits.

    ifPhysAddress has rows without an address, all zero, and of virtual interfaces (second bit of the
    first octet set: locally administered, IEEE 802).
    """
    real = [
        raw
        for raw in map(_decode_mac, addresses)
        if len(raw) == 6 and any(raw) and not raw[0] & 1 and raw != b"\xff" * 6
    ]
    universal = [raw for raw in real if not raw[0] & 2]
    return (universal or real)[0].hex() if real else None


def _decode_mac(address: bytes) -> bytes:
    """Decode the six octets, also where firmware sends them as text: "00:C0:EE:11:22:33"."""
    written = _MAC_AS_TEXT.fullmatch(address)
    return bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", address).decode("ascii")) if written else address
