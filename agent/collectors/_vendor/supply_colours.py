"""Detects the colour of a supply from the words that name it: never from its position, never by default.

    "Black Toner 1"                      black           a word, in the languages of the panels
    "Toner noir haute capacité"          black
    "フォトブラック"                      photo black     with what kind of black it is
    "Tinte LC (T6365)"                   light cyan      a letter that stands alone
    "C-EXV 34", "TK-1162", "HP C9351A"   unknown         letters of a part number are no colour
    "Tri-color", "Cyan/Magenta/Yellow"   tricolour

A word beats the colorant, and the colorant beats a letter: firmware that numbers its colorants from
the wrong end exists, firmware that writes "Black Toner" on a cyan row does not.
"""

import re
from functools import lru_cache

from agent.collectors._vendor.colour_words import GLYPH_KINDS, GLYPHS, KINDS, NAMES
from agent.core.text import fold_case

UNKNOWN = "unknown"
TRICOLOUR = "tricolour"


_COMPOUNDS = ("schwarz", "black", "cyan", "zyan", "magenta", "yellow", "gelb")  # "Schwarztoner"

_LETTERS = {
    "K": "black", "BK": "black", "BLK": "black", "C": "cyan", "CY": "cyan", "M": "magenta",
    "MG": "magenta", "Y": "yellow", "YE": "yellow", "YL": "yellow", "LC": "light cyan",
    "LM": "light magenta", "PC": "photo cyan", "PM": "photo magenta", "PK": "photo black",
    "PBK": "photo black", "MK": "matte black", "MBK": "matte black", "LK": "light black",
    "LLK": "light light black", "GY": "grey", "LGY": "light grey", "PGY": "photo grey",
    "VLM": "vivid light magenta", "VM": "vivid magenta", "CMY": TRICOLOUR, "PGBK": "black",
    "CYN": "cyan", "YEL": "yellow", "MAG": "magenta",
}  # fmt: skip
_LONE_LETTERS = re.compile(  # "LC", "(K)", "Bk", "K-Toner"; not "C9351A", "C-EXV", "CF237Y"
    r"(?<![A-Za-z0-9])([A-Z]{1,4}|Blk|Bk|Cyn|Yel|Mag)(?!\w|-(?!(?i:toner|ink|tinte|drum)\b))"
)
_IN_A_PART_NUMBER = re.compile(
    r"""\b(?:
        CLT-([CMYK])(?=\d)                                     # Samsung CLT-K404S
      | (?:TK|TN|DR)-?\d{2,4}(BK|[CMYK])\b                    # Kyocera, Brother TN-321BK, Konica TN514C
      | TNP-?\d{2,3}([CMYK])\b                                # Konica TNP-49M
      | T-FC\d{2,3}[A-Z]?-?([CMYK])\b                         # Toshiba T-FC505U-C
      | (?:LC|PFI|PGI|CLI|GI|BCI)-?\d{2,4}(?:XX?L)?(PGBK|MBK|PBK|BK|PC|PM|PGY|GY|[CMY])\b   # Brother, Canon
    )""",
    re.VERBOSE,
)

_TRICOLOUR = re.compile(
    r"\b((?:tri|3|three)-?colou?r|(tri|tres|drei|trois|tre)[ -]?(farbig|colores|couleurs|colori))\b"
)


def _index_words(table: dict[str, str]) -> dict[str, str]:
    return {fold_case(word): colour for colour, words in table.items() for word in words.split()}


_WORD, _KIND = _index_words(NAMES), _index_words(KINDS)
_GLYPH, _GLYPH_KIND = _index_words(GLYPHS), _index_words(GLYPH_KINDS)


@lru_cache(maxsize=4096)
def find_named_colour(text: str) -> str | None:
    """Find the colour named in words: "black", "light cyan", "tricolour"; None for no or several."""
    folded = fold_case(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    if _TRICOLOUR.search(folded):
        return TRICOLOUR
    tokens = re.findall(r"[^\W\d_]+", folded)
    colours = {colour for token in tokens if (colour := _match_token(token))}
    colours |= {colour for glyph, colour in _GLYPH.items() if glyph in folded}
    if colours >= {"cyan", "magenta", "yellow"}:
        return TRICOLOUR
    if len(colours) != 1:
        return None
    kinds = [_KIND[token] for token in tokens if token in _KIND]
    kinds += {kind for glyph, kind in _GLYPH_KIND.items() if glyph in folded}
    lights = ["light"] * min(kinds.count("light"), 2)  # "light light black" is an ink of its own
    return " ".join([*sorted({*kinds} - {"light"}, reverse=True), *lights, *colours])


def _match_token(token: str) -> str | None:
    if token in _WORD:
        return _WORD[token]
    parts = (part for part in _COMPOUNDS if token.startswith(part) or token.endswith(part))
    return next((_WORD[part] for part in parts), None)


def find_lettered_colour(text: str) -> str | None:
    """Find the colour whose usual letters stand alone in `text`; None for no or several colours."""
    found = [*_LONE_LETTERS.findall(text), *map("".join, _IN_A_PART_NUMBER.findall(text))]
    colours = {_LETTERS[letters.upper()] for letters in found if letters.upper() in _LETTERS}
    return colours.pop() if len(colours) == 1 else None


def detect_colour(description: str, colorant: str, *, coloured: bool) -> str:
    """Detect the colour of one supply; `colorant` is prtMarkerColorantValue or "".

    `coloured`: supplies of this type have a colour, so that a letter may be one. The "M" of a maintenance
    kit is not magenta.
    """
    if word := find_named_colour(description):
        return word
    if by_colorant := find_named_colour(colorant) or (
        find_lettered_colour(colorant.upper()) if colorant else None
    ):
        return by_colorant
    return (find_lettered_colour(description) if coloured else None) or UNKNOWN
