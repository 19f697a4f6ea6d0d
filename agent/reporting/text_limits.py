"""Fits texts into the lengths of the contract, so that no event is refused for a long title.

a text of at most 2,000 characters     cut, with "…" at its end
a name or a key                        cut, with "…" and a fingerprint of the whole: two stay two
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from uplink.events.base import Record

MAX_TEXT = 2000  # characters, also where the contract sets no limit
KEY_LENGTHS = range(1, 1001)  # limits of names and keys
FINGERPRINT = 12  # hex digits


def fit_texts(data: dict[str, Any], model: type[Record]) -> dict[str, Any]:
    """Return `data` with every text as long as `model` allows at most; other mistakes stay as they are."""
    fitted = {key: _fit_value(value) for key, value in data.items()}
    for place, most in model.find_long_texts(fitted):
        _shorten_at(fitted, place, most)
    return fitted


def shorten_text(text: str, most: int) -> str:
    """Shorten `text` to `most` characters, with a mark where it was cut."""
    if len(text) <= most:
        return text
    mark = "…"
    if most in KEY_LENGTHS:
        mark += hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:FINGERPRINT]
    return text[: most - len(mark)] + mark


def _fit_value(value: Any) -> Any:
    if isinstance(value, str):
        return shorten_text(value, MAX_TEXT)
    if isinstance(value, Mapping):
        return {key: _fit_value(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_fit_value(inner) for inner in value]
    return value


def _shorten_at(data: Any, place: Sequence[int | str], most: int) -> None:
    """Shorten the text at `place`, a path of keys and indexes, if it is there."""
    *path, last = place
    try:
        for step in path:
            data = data[step]
        data[last] = shorten_text(data[last], most)
    except (KeyError, IndexError, TypeError):
        return
