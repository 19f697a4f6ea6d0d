"""IEEE 1284 device ids: "MFG:Kyocera;CMD:PCLXL;MDL:ECOSYS P2040dw;CLS:PRINTER;SER:…;"."""

import re
from dataclasses import dataclass

_MAKER = ("MFG", "MANUFACTURER", "MANUFACTURE")
_MODEL = ("MDL", "MODEL")
_SERIAL = ("SN", "SERN", "SER", "SERIALNUMBER", "SERIAL")

_FIRST_KEY = re.compile(
    r"(?:MFG|MANUFACTURER|MDL|MODEL|(?<![A-Z])(?:CMD|COMMAND SET|CLS|CLASS|DES|DESCRIPTION|SN|SERN?))\s*:",
    re.IGNORECASE,
)
"""Where the id begins: two octets of length may stand in front (IEEE 1284-2000, 7.6)."""


_MIN_HEX_SERIAL = 16  # digits: eight characters
_HEX_ASCII = re.compile(r"(?:3\d|4[1-9A-Fa-f]|5[0-9Aa])+")  # the codes of 0 to 9 and A to Z, no others


@dataclass(frozen=True, slots=True)
class DeviceId:
    """The fields of one device id; "" for a missing one."""

    maker: str = ""
    model: str = ""
    serial: str = ""
    describes: str = ""
    is_printer: bool = False


def parse(text: str) -> DeviceId | None:
    """Parse the id in `text`; None if it has neither a maker nor a model."""
    start = _FIRST_KEY.search(text)
    pairs = (part.partition(":") for part in text[start.start() if start else 0 :].split(";"))
    fields = {key.strip().upper(): value.strip() for key, colon, value in pairs if colon}
    found = DeviceId(
        maker=_first_value(fields, _MAKER),
        model=_first_value(fields, _MODEL),
        serial=_decode_hex_serial(_first_value(fields, _SERIAL)),
        describes=_first_value(fields, ("DES", "DESCRIPTION")),
        is_printer=_first_value(fields, ("CLS", "CLASS")).upper() == "PRINTER",
    )
    return found if found.maker or found.model else None


def _decode_hex_serial(serial: str) -> str:
    """Decode a serial that Epson writes in hexadecimal digits of its ASCII: "583434473030…" is "X44G00…"."""
    if len(serial) < _MIN_HEX_SERIAL or len(serial) % 2 or not _HEX_ASCII.fullmatch(serial):
        return serial
    return bytes.fromhex(serial).decode("ascii")


def _first_value(fields: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((fields[key] for key in keys if fields.get(key)), "")
