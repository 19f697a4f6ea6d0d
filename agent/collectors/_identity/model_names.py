"""Extracts the model from a printer's description: without the brand, the revision, the serial after it.

"HP HP LaserJet 400 M401dn"                            LaserJet 400 M401dn
"KONICA MINOLTA bizhub 4050 701634HHABC12 LW41.SB4.P630"   bizhub 4050
"Xerox WorkCentre 5335 v 65. 10. 21 Multifunction System"  WorkCentre 5335
"Phaser 8560DN;PS 4.10.0,Net 37.55.04.07.2008"         Phaser 8560DN
"""

import re
from collections.abc import Iterable

NETWORK_CARD_PREFIX = re.compile(
    r"HP ETHERNET|JETDIRECT|Brother NC-|.*\bprint(?:ing)? ?(?:server|system)\b", re.IGNORECASE
)
"""How the sysDescr of a network card begins."""

GENERIC_NAME = re.compile(
    r"generic\b.*|.*\bprint(?:ing)? (?:server|system)|printer|network printer", re.IGNORECASE
)
"""Names that any printer may have, which name no model."""

_NETWORK_NAME = re.compile(r"[A-Z]{2,6}[-_]?(?:[\dA-F]{12}|[\dA-F]{6})", re.IGNORECASE)
_REGISTERED = re.compile(r"\((?:R|TM|C)\)|[®™©]", re.IGNORECASE)
_SERIES = re.compile(r"\s+series$", re.IGNORECASE)
_REVISION = re.compile(
    r"""
    \s* ;.*
    | ,?\s+ (?:v|ver|version|rev|revision)\b [.:]?\ ? \d+\. .*
    | ,?\s+ (?:ver|version|rev|revision|firmware)\b [.:]?\ ? \S*\d .*
    | (?:\s+ [A-Z\d-]{7,})? \s+ [A-Z]{2,5}\d*\.[A-Z\d]{2,4}\.[A-Z]?\d{3}   # Lexmark: serial, code revision
    """,
    re.VERBOSE | re.IGNORECASE,
)


def clean_model(text: str, brands: Iterable[str], serial: str) -> str:
    """Extract the model from `text`; "" where there is only a brand.

    `brands` are patterns of the names on the lid, `serial` is the printer's.
    """
    model = " ".join(_REGISTERED.sub(" ", text).split())
    model = _strip_serial(_strip_brand(model, brands), serial)  # the brand first: no model is behind it
    return _SERIES.sub("", _REVISION.sub("", model) or model).strip(" ;,")


def is_generic_name(text: str) -> bool:
    """Tell if a printer's name is a default and not given by a person: "Printer", or made of the MAC by the
    network card, as "RNP00267312AB4F" and "NPI8F2C1A"."""
    return bool(GENERIC_NAME.fullmatch(text) or _NETWORK_NAME.fullmatch(text))


def _strip_brand(model: str, brands: Iterable[str]) -> str:
    """Strip the brand in front, also where it is repeated."""
    names = "|".join(sorted(brands, key=len, reverse=True))
    return re.sub(rf"^(?:(?:{names})(?:[\s_:-]+|$))+", "", model, flags=re.IGNORECASE) if names else model


def _strip_serial(model: str, serial: str) -> str:
    """Strip the serial, or a piece of it, that Lexmark's firmware puts after the model, and the rest."""
    words = model.split(" ")
    for place, word in enumerate(words[1:], start=1):
        if len(word) >= 5 and any(map(str.isdigit, word)) and word.upper() in serial:
            return " ".join(words[:place])
    return model
