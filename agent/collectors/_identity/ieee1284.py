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


@dataclass(frozen=True, slots=True)
class DeviceId:
    """What one device id says; "" for what it does not say."""

    maker: str = ""
    model: str = ""
    serial: str = ""
    describes: str = ""
    is_printer: bool = False


def parse(text: str) -> DeviceId | None:
    """The id in `text`; None if it has neither a maker nor a model."""
    start = _FIRST_KEY.search(text)
    pairs = (part.partition(":") for part in text[start.start() if start else 0 :].split(";"))
    said = {key.strip().upper(): value.strip() for key, colon, value in pairs if colon}
    found = DeviceId(
        maker=_first_value(said, _MAKER),
        model=_first_value(said, _MODEL),
        serial=_first_value(said, _SERIAL),
        describes=_first_value(said, ("DES", "DESCRIPTION")),
        is_printer=_first_value(said, ("CLS", "CLASS")).upper() == "PRINTER",
    )
    return found if found.maker or found.model else None


def _first_value(said: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((said[key] for key in keys if said.get(key)), "")
