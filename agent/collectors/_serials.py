"""Which serial numbers are numbers, and which MAC addresses belong to a device."""

import re
from collections.abc import Iterable

_PLACEHOLDERS = {
    "N/A", "NA", "NONE", "NULL", "UNKNOWN", "SERIAL", "SERIALNUMBER", "SERIAL NUMBER", "SN", "S/N",
    "DEFAULT", "NOT SET", "NOT AVAILABLE", "NO SERIAL", "TBD", "TO BE FILLED", "EMPTY", "INVALID",
    "0123456789", "1234567890", "123456789", "12345678", "<PRIVATE>", "PRIVATE",
}  # fmt: skip
_SAME = re.compile(r"([A-Z0-9*?.#_-])\1*")
_SHORTEST = 4


def serial(text: str | None) -> str | None:
    """`text` trimmed and in upper case, or None where it only fills the field: "XXXXXX", "0000"."""
    said = " ".join((text or "").replace("\0", " ").split()).upper()
    if len(said) < _SHORTEST or said in _PLACEHOLDERS or _SAME.fullmatch(said):
        return None
    return said


def mac(addresses: Iterable[bytes]) -> str | None:
    """The first universal unicast address, else the first local one, as twelve lower-case hex digits.

    ifPhysAddress has rows without an address, all zero, and of virtual interfaces (second bit of the
    first octet set: locally administered, IEEE 802).
    """
    real = [raw for raw in addresses if len(raw) == 6 and any(raw) and not raw[0] & 1 and raw != b"\xff" * 6]
    universal = [raw for raw in real if not raw[0] & 2]
    return (universal or real)[0].hex() if real else None
