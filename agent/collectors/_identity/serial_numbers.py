"""Cleans serial numbers, UUIDs and MAC addresses, and drops those that only fill the field."""

import re
from collections.abc import Iterable
from itertools import groupby, pairwise

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
    r"(?:(?:TEST|SAMPLE|DUMMY|SERIAL|DEMO|QWERTY|ASDF|DEADBEEF)(?:[ _-]?\d{1,5})?)"
    r"|(?:THE[ ])?(?:PRINTER|PRODUCT|DEVICE|MODEL|GENERIC|TESTING)S?"
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
_MIN_COUNTED = 6  # signs of a rise or fall, before zeros
_MIN_REPEATED = 8  # signs of a repeat
_RUN = re.compile(r"[A-Z]{0,4}(.)\1{5,}|(.)\2{7,}.")
"""One sign over and over behind a few letters, or before a last sign: "VNB0000000", "000000001"."""

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
    """Report a text that only fills the field: a word, one sign, a rise or fall, a repeat, or a limit.

    A serial number counts printers: a text without a digit is a word, in whatever language.
    """
    body = signs.removeprefix("SN")
    core = body[2:] if len(body) >= 8 and body[:2].isalpha() else body  # a country in front: "CNXXXXXXXX"
    return (
        not any(map(str.isdigit, signs))
        or len(set(signs)) < 2
        or len(set(core)) < 2
        or signs in _LIMITS
        or any(_counts_through(one) for one in (signs, body, _single_signs(signs)))
        or all(_counts_through(signs[first::2]) for first in (0, 1))
        or _counts_twice(signs)
        or _repeats(signs)
        or _RUN.fullmatch(signs) is not None
        or _WORDS.fullmatch(bare) is not None
    )


def _single_signs(signs: str) -> str:
    """Return each sign once, if all come equally often in a row: "11223344" is "1234"; else ""."""
    runs = ["".join(run) for _, run in groupby(signs)]
    return "".join(run[0] for run in runs) if len({len(run) for run in runs}) == 1 else ""


def _counts_twice(signs: str) -> bool:
    """Report letters from A on and then digits from 1 on: "ABC123", "ABCD1234"."""
    letters = signs.rstrip("0123456789")
    digits = signs[len(letters) :]
    rises = _ORDERS[0][10:].startswith(letters) and _ORDERS[1].startswith(digits)
    return rises and min(len(letters), len(digits)) >= _MIN_SERIAL_LENGTH - 1


def _counts_through(signs: str) -> bool:
    """Report a rise or fall by one through all signs but zeros at the end: "0123456789AB"."""
    body = signs.rstrip("0") if len(signs.rstrip("0")) >= _MIN_COUNTED else signs
    if len(body) < _MIN_SERIAL_LENGTH:
        return False
    steps = {_STEPS.get(pair, 0) for pair in pairwise(body)}
    return steps in ({1}, {-1})


def _repeats(signs: str) -> bool:
    """Report a few signs over and over: "ABABABAB", "123123123", "12341234"."""
    if len(signs) < _MIN_REPEATED:
        return False
    return any(signs[period:] == signs[:-period] for period in range(1, len(signs) // 2 + 1))


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
