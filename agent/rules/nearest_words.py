"""The nearest word of a list, by the trade's synonyms and by parts of words: "paperJam" is near "jammed"."""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from agent.core import toml

SYNONYMS = {
    "toner": "supply", "ink": "supply", "cartridge": "supply", "consumable": "supply",
    "roller": "feed", "rollers": "feed", "tray": "feed", "paperjam": "jam", "jams": "jam",
    "unreachable": "offline", "down": "offline", "door": "cover", "interlock": "cover",
    "meter": "counter", "count": "counter", "pages": "counter", "empty": "no", "reboot": "restarts",
    "reboots": "restarts", "service": "requested", "full": "waste",
}  # fmt: skip
COLOURS = (
    "black", "cyan", "magenta", "yellow", "none", "gray", "lightGray", "lightCyan", "lightMagenta", "red",
    "green", "blue", "white", "orange", "violet", "photoBlack", "matteBlack", "clear",
)  # fmt: skip
COLOUR_WORDS = {
    "k": "black", "bk": "black", "c": "cyan", "m": "magenta", "y": "yellow", "schwarz": "black",
    "gelb": "yellow", "grau": "gray", "rot": "red", "blau": "blue", "noir": "black", "jaune": "yellow",
    "negro": "black", "amarillo": "yellow", "nero": "black", "giallo": "yellow",
}  # fmt: skip
OPERATORS = {
    "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "lt": "<", "le": "<=", "lte": "<=", "gt": ">", "ge": ">=",
    "gte": ">=", "below": "<", "under": "<", "above": ">", "over": ">", "=": "is", "==": "is", "eq": "is",
    "equals": "is", "!=": "is_not", "<>": "is_not", "ne": "is_not", "not": "is_not", "is not": "is_not",
    "not in": "not_in",
}  # fmt: skip
VENDORS = (
    "Brother", "Canon", "Develop", "Dell", "Epson", "FUJIFILM", "Fuji Xerox", "HP", "Konica Minolta",
    "Kyocera", "Lexmark", "OKI", "Olivetti", "Panasonic", "Pantum", "Ricoh", "Samsung", "Sharp", "Toshiba",
    "UTAX", "Xerox", "Zebra",
)  # fmt: skip
MIN_PREFIX = 3  # letters that two parts of words have in common

_PARTS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def suggest_nearest(word: str, known: Collection[str]) -> str:
    """A suggestion for a word that is not known: the nearest one, or the list of all."""
    spelt = toml.suggest_word(word, sorted(known), cutoff=0.8)
    if spelt.startswith("did you mean"):
        return spelt
    if not (close := _share_parts(word, known)):
        return toml.suggest_word(word, sorted(known))
    return "did you mean " + " or ".join(f'"{name}"' for name in close) + "?"


def suggest_operator(word: str, known: Collection[str]) -> str:
    """A suggestion for an operator that is not among the known ones."""
    meant = OPERATORS.get(word.lower())
    return f'did you mean "{meant}"?' if meant in known else f"write one of: {', '.join(known)}"


def find_typo(word: str, known: Collection[str]) -> str | None:
    """The known word that `word` is most likely a misspelling of; None if it is known or like none."""
    if word.lower() in {name.lower() for name in known} or any(sign in word for sign in "*?["):
        return None
    spelt = re.fullmatch(r'did you mean "(.*)"\?', toml.suggest_word(word, sorted(known), cutoff=0.75))
    return spelt[1] if spelt else None


def find_colour(word: str) -> str | None:
    """The usual colour that `word` most likely stands for; colours are compared letter by letter."""
    usual = {name.lower(): name for name in COLOURS} | COLOUR_WORDS
    close = usual.get(word.lower()) or find_typo(word, COLOURS)
    return close if close != word else None


def _share_parts(word: str, known: Collection[str]) -> list[str]:
    """The words with which `word` shares its rarest parts, and that have the fewest others; three at most."""
    wanted = set(_split_parts(word))
    wanted |= {SYNONYMS[part] for part in wanted if part in SYNONYMS}
    parts = {name: set(_split_parts(name)) for name in known}
    common = {
        name: {it for it in wanted if any(_is_alike(it, mine) for mine in parts[name])} for name in known
    }
    times = Counter(part for shared in common.values() for part in shared)
    scores = {
        name: (sum(1 / times[part] for part in shared), len(shared) - len(parts[name]))
        for name, shared in common.items()
        if shared
    }
    best = max(scores.values(), default=(0.0, 0))
    close = sorted(name for name, score in scores.items() if score == best)
    return close if len(close) <= 3 else []


def _split_parts(word: str) -> Iterator[str]:
    """The parts of "supply.low", "paperJam" or "toner-low", in lower case."""
    return (part.lower() for part in _PARTS.findall(word))


def _is_alike(one: str, other: str) -> bool:
    """True if they are the same word or one begins with the other."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= MIN_PREFIX and long.startswith(short))
