"""The nearest word for a pattern of a rule's scope that fits no printer of a site.

"ECOSIS*" is near "ECOSYS*", "ECOSYS P2400dw" near "ECOSYS P2040dw"; "P2040dw" lacks a * before it.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from agent.core import toml
from agent.core.model import Device
from agent.rules.rule import Scope

FIELDS = ("vendors", "models", "locations", "tags", "contracts")  # sites: a site knows no others
CLOSE = 0.75  # 1: the same letters


def find_unfit_patterns(scope: Scope, devices: Iterable[Device]) -> Iterator[tuple[str, str, str]]:
    """(key, pattern, what was most likely meant) of patterns that fit no printer and are near one."""
    devices = list(devices)
    for name in FIELDS:
        texts = {text for device in devices for text in _list_texts(device, name) if text}
        for key in (name, f"not_{name}"):
            for pattern in getattr(scope, key):
                if meant := _find_meant(pattern, texts):
                    yield f"scope.{key}", pattern, meant


def _list_texts(device: Device, name: str) -> Iterable[str | None]:
    return device.tags if name == "tags" else (getattr(device, name.removesuffix("s")),)


def _find_meant(pattern: str, texts: Iterable[str]) -> str | None:
    """The nearest pattern that fits one of `texts`; None if this one does, or none is near."""
    known = {text.lower(): text for text in texts}
    low = pattern.lower()
    if not low.strip("*") or any(fnmatchcase(text, low) for text in known):
        return None
    for wider in (f"{pattern}*", f"*{pattern}", f"*{pattern}*"):
        if any(fnmatchcase(text, wider.lower()) for text in known):
            return wider
    fixed = low.strip("*")
    if any(sign in fixed for sign in "*?["):
        return None
    if low.endswith("*"):
        known = {text: whole for it in known.values() for text, whole in _list_beginnings(it, fixed)}
    close = toml.find_closest(fixed, known, cutoff=CLOSE)
    return close and f"{'*' * low.startswith('*')}{known[close]}{'*' * low.endswith('*')}"


def _list_beginnings(text: str, fixed: str) -> Iterator[tuple[str, str]]:
    """The beginning of a text with as many words or letters as `fixed`: in lower case, as written."""
    for begin in (" ".join(text.split()[: len(fixed.split())]), text[: len(fixed)]):
        yield begin.lower(), begin
