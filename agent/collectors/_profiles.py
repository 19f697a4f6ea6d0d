"""Vendor profiles: `profiles/*.toml`, one maker a file; a new maker is a new file and nothing else.

    vendor = "Ricoh"
    enterprises = [367]                      # under 1.3.6.1.4.1: whose firmware it is
    printers = ["1.3.6.1.4.1.367.1.1"]       # sysObjectIDs below are printers, whatever else is missing
    others = []                              # sysObjectIDs below are the maker's switches and the like
    prints_only = false                      # whoever bears the name is a printer
    words = ["ricoh"]                        # the name on the lid, as texts have it
    families = ["aficio"]                    # names of models that only this maker uses

    [[brand]]                                # the same firmware under another name
    name = "Lanier"
    words = ["lanier"]

    [[describes]]                            # what sysDescr tells; groups: model, firmware, serial
    pattern = '^(?P<model>.+?) (?P<firmware>\\d+\\.\\d+) /'

    [[row]]                                  # one private object
    field = "serial"
    oid = "1.3.6.1.4.1.367.3.2.1.2.1.4.0"
    source = "GLPI Ricoh.pm, Zabbix template"
    confidence = "A"                         # two independent sources; B: one kept up; C: one weak

The name on the lid makes the vendor; the firmware's number makes the rows: rebadged printers answer
with their maker's tree.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent import toml
from agent.snmp.oid import oid

FOLDER = Path(__file__).parent / "profiles"

What = Literal["model", "serial", "firmware", "device_id"]


def _an_oid(text: str) -> str:
    oid(text)
    return text


def _a_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as why:
        raise ValueError(f"not a regular expression: {why}") from None
    return text


Oid = Annotated[str, AfterValidator(_an_oid)]
Pattern = Annotated[str, AfterValidator(_a_pattern)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProfileRow(_Strict):
    """One private object and what it tells."""

    field: What
    oid: Oid
    source: str = Field(min_length=3)
    confidence: Literal["A", "B", "C"]
    pattern: Pattern | None = None  # its first group is the value

    def value(self, text: str) -> str | None:
        """What of the object's `text` is the value."""
        if self.pattern is None:
            return text or None
        found = re.search(self.pattern, text)
        return found[1] if found else None


class Describes(_Strict):
    """What sysDescr tells of these printers."""

    pattern: Pattern
    first: bool = False  # its model is better than hrDeviceDescr


class Brand(_Strict):
    name: str
    words: tuple[str, ...] = Field(min_length=1, strict=False)


class Profile(_Strict):
    """One maker's firmware."""

    vendor: str
    enterprises: tuple[int, ...] = Field(default=(), strict=False)
    printers: tuple[Oid, ...] = Field(default=(), strict=False)
    others: tuple[Oid, ...] = Field(default=(), strict=False)
    prints_only: bool = False
    words: tuple[str, ...] = Field(default=(), strict=False)
    families: tuple[str, ...] = Field(default=(), strict=False)
    brand: tuple[Brand, ...] = Field(default=(), strict=False)
    describes: tuple[Describes, ...] = Field(default=(), strict=False)
    row: tuple[ProfileRow, ...] = Field(default=(), strict=False)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.vendor, *(brand.name for brand in self.brand))


class Profiles(tuple[Profile, ...]):
    """All profiles, and how to find the fitting ones."""

    __slots__ = ()

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Self:
        """Every profile in `folder`. Raises ConfigError with file, line and key."""
        return cls(toml.validate(toml.read(path), Profile) for path in sorted(folder.glob("*.toml")))

    def brand_in(self, text: str) -> str | None:
        """The brand whose name comes first in `text`; of two at one place, the longer name."""
        return _first(self._brands(), text)

    def family_in(self, text: str) -> str | None:
        """The vendor of whose models one is named in `text`."""
        return _first(((word, profile.vendor) for profile in self for word in profile.families), text)

    def of_enterprise(self, number: int | None) -> list[Profile]:
        return [profile for profile in self if number is not None and number in profile.enterprises]

    def of_vendor(self, name: str | None) -> list[Profile]:
        return [profile for profile in self if name in profile.names]

    def is_printer(self, object_id: str) -> bool | None:
        """Whether only printers have such a sysObjectID, or no printer (False)."""
        for verdict, branches in (
            (True, (branch for profile in self for branch in profile.printers)),
            (False, (branch for profile in self for branch in profile.others)),
        ):
            if any(f"{object_id}.".startswith(f"{branch}.") for branch in branches):
                return verdict
        return None

    def _brands(self) -> Iterator[tuple[str, str]]:
        for profile in self:
            yield from ((word, profile.vendor) for word in profile.words)
            for brand in profile.brand:
                yield from ((word, brand.name) for word in brand.words)


def _first(words: Iterator[tuple[str, str]], text: str) -> str | None:
    folded = text.casefold()
    found = [
        (match.start(), -len(word), name) for word, name in words if (match := _whole(word).search(folded))
    ]
    return min(found)[2] if found else None


@cache
def _whole(word: str) -> re.Pattern[str]:
    """`word` as no part of a longer one; a word that ends in "-" or a digit class may go on."""
    return re.compile(rf"(?<![a-z0-9]){word}(?![a-z])")


@cache
def shipped() -> Profiles:
    """The profiles that come with the agent, read once."""
    return Profiles.load()
