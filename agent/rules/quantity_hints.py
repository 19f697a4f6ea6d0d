"""How a number with a unit should have been written: "1,5 hours", "10 percent", "1 month", "1 h 30 min"."""

import re
from collections.abc import Callable
from contextlib import suppress

from agent.core.units import counted

DAYS_OF_LONG_UNITS = {"month": 30, "quarter": 91, "year": 365}

_LONG = re.compile(r"\s*(\d+)\s*(month|quarter|year)s?\s*", re.IGNORECASE)
_PARTS = re.compile(r"\d+(?:\.\d+)?\s*[a-z]+", re.IGNORECASE)


def suggest_quantity(text: str, parse_text: Callable[[str], float]) -> str | None:
    """What was most likely meant, as `parse_text` takes it; None if nothing comes to mind."""
    guesses = [re.sub(r"(\d),(\d)", r"\1.\2", text.strip()), re.sub(r"\s*per ?cent$", " %", text.strip())]
    if found := _LONG.fullmatch(text):
        guesses.append(counted(int(found[1]) * DAYS_OF_LONG_UNITS[found[2].lower()], "day"))
    parts = _PARTS.findall(text)
    if len(parts) > 1 and not _PARTS.sub("", text).strip(" ,"):
        with suppress(ValueError):
            guesses.append(counted(round(sum(map(parse_text, parts)) / 60), "minute"))
    return next((it for it in guesses if it != text and _is_taken(it, parse_text)), None)


def _is_taken(text: str, parse_text: Callable[[str], float]) -> bool:
    try:
        parse_text(text)
    except ValueError:
        return False
    return True
