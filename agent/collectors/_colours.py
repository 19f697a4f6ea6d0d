"""The colour of a supply, from the words that name it: never from its position, never by default.

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

from agent.text import fold

UNKNOWN = "unknown"
TRICOLOUR = "tricolour"


_NAMES = {
    "black": "black schwarz noir noire negro negra nero nera preto preta zwart zwarte czarny czarna czarne "
    "cerna cerny cierna cierny crna svart sort musta fekete siyah negru negre juoda "
    "μαυρο черный черная чорний",
    "cyan": "cyan zyan cian ciano cyaan cyjan cyjanowy cyjanowa azurova azurovy syaani syan turkiz голубой "
    "голубая циан",
    "magenta": "magenta purpurova purpurovy purpur пурпурный пурпурная мадента маджента",
    "yellow": "yellow gelb jaune amarillo amarilla giallo gialla amarelo amarela geel gele zolty zolta zolte "
    "zluta zluty zlta keltainen gul sarga sari galben groc zuta rumena geltona жовтий κιτρινο желтый желтая",
    "grey": "grey gray grau gris grigio cinza cinzento grijs szary szara seda sedy harmaa серый",
    "red": "red rouge rojo roja rosso vermelho rood czerwony czerwona cervena rod punainen красный",
    "green": "green grun vert verde groen zielony zelena gron vihrea зеленый",
    "blue": "blue blau bleu azul blu blauw niebieski modra bla sininen синий",
    "orange": "orange naranja arancione arancio laranja oranje pomaranczowy oranzova",
    "violet": "violet violett violeta viola paars fioletowy fialova",
    "white": "white weiss blanc blanco bianco branco biala bialy bila vit hvid valkoinen белый",
    "clear": "clear klar transparent optimizer gloss",
}
_ASIAN = {
    "black": "ブラック 黒 くろ 黑 블랙 검정",
    "cyan": "シアン 青色 青 시안",
    "magenta": "マゼンタ マジェンタ 品红 洋红 洋紅 마젠타",
    "yellow": "イエロー イエロ 黄 옐로 노랑",
    "grey": "グレー グレイ 灰 회색",
    "white": "ホワイト 白 흰색",
    "clear": "クリア 透明",
}
_KINDS = {
    "light": "light lite hell helles claire clair claro clara chiaro chiara licht jasny jasna svetla lys",
    "photo": "photo foto fotografico fotografica",
    "matte": "matte matt mat mate opaco opaca mattschwarz",
}
_ASIAN_KINDS = {"light": "ライト 淡", "photo": "フォト 照片", "matte": "マット 哑光"}

_COMPOUNDS = ("schwarz", "black", "cyan", "zyan", "magenta", "yellow", "gelb")  # "Schwarztoner"

_LETTERS = {
    "K": "black", "BK": "black", "BLK": "black", "C": "cyan", "CY": "cyan", "M": "magenta",
    "MG": "magenta", "Y": "yellow", "YE": "yellow", "YL": "yellow", "LC": "light cyan",
    "LM": "light magenta", "PC": "photo cyan", "PM": "photo magenta", "PK": "photo black",
    "PBK": "photo black", "MK": "matte black", "MBK": "matte black", "LK": "light black",
    "LLK": "light light black", "GY": "grey", "LGY": "light grey", "PGY": "photo grey",
    "VLM": "vivid light magenta", "CMY": TRICOLOUR,
}  # fmt: skip
_LETTER = re.compile(
    r"""
    (?<![A-Za-z0-9]) [A-Z]{1,3} (?![\w\-])              # alone: "LC", "(K)"; not "C9351A", "C-EXV", "CF237Y"
    | (?<=\bCLT-) [CMYK] (?=\d)                        # Samsung CLT-K404S
    | (?:(?<=\b(?:TK|TN|DR)-\d{3})|(?<=\b(?:TK|TN|DR)-\d{4})|(?<=\b(?:TK|TN|DR)-\d{2})) (?:BK|[CMYK])\b
    """,  # Kyocera TK-8345C, Brother TN-321BK
    re.VERBOSE,
)

_TRICOLOUR = re.compile(
    r"\b(tri-?colou?r|3-?colou?r|(tri|tres|drei|trois|tre)[ -]?(farbig|colores|couleurs|colori))\b"
)


def _words(table: dict[str, str]) -> dict[str, str]:
    return {fold(word): colour for colour, words in table.items() for word in words.split()}


_WORD, _KIND = _words(_NAMES), _words(_KINDS)
_GLYPH, _GLYPH_KIND = _words(_ASIAN), _words(_ASIAN_KINDS)


@lru_cache(maxsize=4096)
def named(text: str) -> str | None:
    """The colour that `text` names in words: "black", "light cyan", "tricolour"; None: none, or several."""
    folded = fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    if _TRICOLOUR.search(folded):
        return TRICOLOUR
    tokens = re.findall(r"[^\W\d_]+", folded)
    colours = {colour for token in tokens if (colour := _of_token(token))}
    colours |= {colour for glyph, colour in _GLYPH.items() if glyph in folded}
    if colours >= {"cyan", "magenta", "yellow"}:
        return TRICOLOUR
    if len(colours) != 1:
        return None
    kinds = {_KIND[token] for token in tokens if token in _KIND}
    kinds |= {kind for glyph, kind in _GLYPH_KIND.items() if glyph in folded}
    return " ".join([*sorted(kinds, reverse=True), *colours])


def _of_token(token: str) -> str | None:
    if token in _WORD:
        return _WORD[token]
    parts = (part for part in _COMPOUNDS if token.startswith(part) or token.endswith(part))
    return next((_WORD[part] for part in parts), None)


def lettered(text: str) -> str | None:
    """The colour whose usual letters stand alone in `text`; None: none, or several."""
    colours = {_LETTERS[letters] for letters in _LETTER.findall(text) if letters in _LETTERS}
    return colours.pop() if len(colours) == 1 else None


def colour_of(description: str, colorant: str, *, coloured: bool) -> str:
    """The colour of one supply; `colorant` is prtMarkerColorantValue, "" where it has none.

    `coloured` says whether a supply of this type has a colour, so that a letter may be one: the "M"
    of a maintenance kit is not magenta.
    """
    if word := named(description):
        return word
    if by_colorant := named(colorant) or (lettered(colorant.upper()) if colorant else None):
        return by_colorant
    return (lettered(description) if coloured else None) or UNKNOWN
