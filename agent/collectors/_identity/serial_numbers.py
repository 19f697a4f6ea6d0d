"""Cleans serial numbers, UUIDs and MAC addresses, and drops those that only fill the field."""

import re
from collections.abc import Iterable
from itertools import pairwise

_PLACEHOLDER = re.compile(
    r"""
    (?:(?:THE|THIS|NO|PRINTER|PRODUCT|DEVICE|SYSTEM|ENGINE)\ )* S(?:ERIAL|/?N)\b (?:\ (?:NUMBER|NUM|NO))?
    | SERIALN(?:UMBER|O)
    | N/?A | NONE | NULL | NO\ DATA | TBD | EMPTY | INVALID | DEFAULT(?:\ (?:STRING|VALUE))? | PRIVATE
    | NOT?[-\ ]?(?:SET|SPECIFIED|AVAILABLE|APPLICABLE|ASSIGNED|DEFINED|FOUND|PRESENT|PROGRAMMED) (?:\ YET)?
    | UN(?:KNOWN|SPECIFIED|DEFINED|ASSIGNED|SET|AVAILABLE|INITIALI[SZ]ED|PROGRAMMED|BEKANNT)
    | TO\ BE\ (?:FILLED|DETERMINED|DEFINED)\b.*
    | NICHT\ VERF(?:Ü|UE)GBAR | INCONNU | NON\ DISPONIBLE | DESCONOCID[OA] | SCONOSCIUTO
    """,
    re.VERBOSE,
)
"""Words and counting that fill the field, in upper case and without what stands around them."""

_WORDS = re.compile(
    r"(?:THE[ ])?(?:PRINTER|PRODUCT|DEVICE|MODEL|GENERIC|TESTING)S?"
    r"|(?:M(?:Y|FG\.?)[ ]?)?S(?:ERIAL|/N|N)\b.*|(?:NO|MY)SERIAL.*"
    r"|.*\b(?:UNKNOWN|NONE|NULL|N/A|NOT[ ]SET|PLACEHOLDER|DUMMY|SAMPLE)\b.*"
)
"""Texts with a word that no serial number has: "Serial: unknown", "MFG. SERIAL NO.", "NOSERIAL"."""

_LIMITS = frozenset({"4294967295", "4294967294", "2147483647", "65535", "FFFFFFFF", "7FFFFFFF"})
"""Largest numbers of integer types, and -1 and -2 sent unsigned."""

_LABEL = re.compile(r"(?:S/N|SN|SERIAL(?:[ ](?:NO\.?|NUMBER))?)[ ]*[:#=][ ]*")
"""A label in front of the number: "S/N: VNB3C12345"."""

MIN_LENGTHS = {
    "HP": 8,
    "Brother": 9,
    "Ricoh": 8,
    "Kyocera": 7,
    "Lexmark": 7,
    "Xerox": 6,
    "Canon": 6,
    "Epson": 6,
}
"""Signs of a maker's shortest serial number; fewer are a rest or a place that counts the units."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC_AS_TEXT = re.compile(rb"(?:[0-9A-Fa-f]{2}[:. -]?){5}[0-9A-Fa-f]{2}\0*")
_PADDING = " .,;:_-#?*!=+/\\\"'()<>[]{}"
_MIN_SERIAL_LENGTH = 4
_MIN_COUNTED = 6  # signs of a rise or fall
_ORDERS = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "1234567890", "12345678901234567890")
_STEPS = {pair: 1 for order in _ORDERS for pair in pairwise(order)}
_STEPS |= {(after, before): -1 for (before, after) in _STEPS}


def clean_serial(text: str | None, vendor: str | None = None) -> str | None:
    """Trim `text` and put it in upper case; None where it only fills the field: "XXXXXX", "00:00:00",
    "0x00", "(not specified)". Points and quotes around a number are padding (Samsung ends with a point)."""
    cleaned = " ".join((text or "").replace("\0", " ").split()).upper()
    cleaned = _LABEL.sub("", cleaned, count=1) if _LABEL.match(cleaned) else cleaned
    bare = cleaned.strip(_PADDING)
    signs = "".join(filter(str.isalnum, bare.removeprefix("0X")))
    if (
        len(bare) < _MIN_SERIAL_LENGTH
        or _is_too_short(bare, vendor)
        or _PLACEHOLDER.fullmatch(bare)
        or _fills_field(bare, signs)
    ):
        return None
    return cleaned.strip(" .\"'")


def _is_too_short(bare: str, vendor: str | None) -> bool:
    """Report a number with fewer signs than this maker's have."""
    return len(bare) < MIN_LENGTHS.get(vendor or "", 0) and any(map(str.isdigit, bare))


def _fills_field(bare: str, signs: str) -> bool:
    """Report a text that only fills the field: one sign, a rise or fall, a repeat, a limit, or a word."""
    body = signs.removeprefix("SN")
    core = body[2:] if len(body) >= 8 and body[:2].isalpha() else body  # a country in front: "CNXXXXXXXX"
    return (
        len(set(signs)) < 2
        or len(set(core)) < 2
        or signs in _LIMITS
        or _counts_through(signs)
        or _repeats(signs)
        or _WORDS.fullmatch(bare) is not None
    )


def _counts_through(signs: str) -> bool:
    """Report a rise or fall by one through all signs but zeros at the end: "0123456789AB"."""
    body = signs.rstrip("0") if len(signs.rstrip("0")) >= _MIN_COUNTED else signs
    if len(body) < _MIN_COUNTED:
        return False
    steps = {_STEPS.get(pair, 0) for pair in pairwise(body)}
    return steps in ({1}, {-1})


def _repeats(signs: str) -> bool:
    """Report one or two signs over and over: "ABABABAB", "12121212"."""
    return len(signs) >= 2 * _MIN_SERIAL_LENGTH and signs[2:] == signs[:-2]


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
