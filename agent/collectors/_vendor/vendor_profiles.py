"""Vendor profiles: `profiles/*.toml`, one maker a file; a new maker is a new file and nothing else.

    vendor = "Ricoh"
    enterprises = [367]                      # under 1.3.6.1.4.1: the maker of the firmware
    printers = ["1.3.6.1.4.1.367.1.1"]       # sysObjectIDs below are printers, whatever else is missing
    others = []                              # sysObjectIDs below are the maker's switches and the like
    prints_only = false                      # every device of this name is a printer
    words = ["ricoh"]                        # the name on the lid, as texts have it
    families = ["aficio"]                    # names of models that only this maker uses
    ink = '^MFC-J'                            # models that print with ink, where a record tells levels alone
    contexts = []                            # SNMPv3 contexts of its printers, besides the default one

    [[brand]]                                # the same firmware under another name
    name = "Lanier"
    words = ["lanier"]

    [[describes]]                            # a pattern for sysDescr; groups: model, firmware, serial
    pattern = '^(?P<model>.+?) (?P<firmware>\\d+\\.\\d+) /'

    [[row]]                                  # one private object
    field = "serial"
    oid = "1.3.6.1.4.1.367.3.2.1.2.1.4.0"
    source = "GLPI Ricoh.pm, Zabbix template"
    confidence = "A"                         # two independent sources; B: one kept up; C: one weak

    [[meter]]                                # one private counter; see `meter_definitions`
    [[packed]]                               # several in one reply, or in a table with words; see there
    [[supply]]                               # the maker's own table of supplies; see `supply_definitions`

The name on the lid makes the vendor; the firmware's number makes the rows: rebadged printers answer
with their maker's tree.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from agent.collectors._vendor.meter_definitions import MeterRow, PackedReply
from agent.collectors._vendor.strict_records import OidText, ProfileModel, RegexText, SourceConfidence
from agent.collectors._vendor.supply_definitions import SupplyTable
from agent.core import toml
from agent.core.errors import Complaint, ConfigError

FOLDER = Path(__file__).parent.parent / "profiles"

ContextName = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[!-~]+$")]
IdentityField = Literal["model", "serial", "firmware", "device_id"]


class ProfileRow(ProfileModel):
    """One private object and the field of the identity that it holds."""

    field: IdentityField
    oid: OidText
    source: str = Field(min_length=3)
    confidence: SourceConfidence
    pattern: RegexText | None = None  # its first group is the value

    def extract_value(self, text: str) -> str | None:
        """Extract the value from the object's `text`."""
        if self.pattern is None:
            return text or None
        found = re.search(self.pattern, text)
        return found[1] if found else None


class DescriptionPattern(ProfileModel):
    """A pattern for the sysDescr of these printers."""

    pattern: RegexText
    first: bool = False  # its model is better than hrDeviceDescr


class Brand(ProfileModel):
    name: str
    words: tuple[str, ...] = Field(min_length=1, strict=False)


class Profile(ProfileModel):
    """One maker's firmware."""

    vendor: str
    enterprises: tuple[int, ...] = Field(default=(), strict=False)
    printers: tuple[OidText, ...] = Field(default=(), strict=False)
    others: tuple[OidText, ...] = Field(default=(), strict=False)
    prints_only: bool = False
    words: tuple[str, ...] = Field(default=(), strict=False)
    families: tuple[str, ...] = Field(default=(), strict=False)
    ink: RegexText | None = None
    contexts: tuple[ContextName, ...] = Field(default=(), max_length=4, strict=False)
    brand: tuple[Brand, ...] = Field(default=(), strict=False)
    describes: tuple[DescriptionPattern, ...] = Field(default=(), strict=False)
    row: tuple[ProfileRow, ...] = Field(default=(), strict=False)
    meter: tuple[MeterRow, ...] = Field(default=(), strict=False)
    packed: tuple[PackedReply, ...] = Field(default=(), strict=False)
    supply: tuple[SupplyTable, ...] = Field(default=(), strict=False)
    file: str = Field("", exclude=True, description="The file's name without .toml. Set by `load`.")

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.vendor, *(brand.name for brand in self.brand))


class Profiles(tuple[Profile, ...]):
    """All profiles, with look-ups by brand, firmware and file."""

    __slots__ = ()

    @classmethod
    def load(cls, *folders: Path) -> Self:
        """Load every profile in `folders` (the shipped ones by default); a file in a later one replaces its
        namesake in an earlier one. Raises ConfigError with file, line and key, and every complaint."""
        files = {path.name: path for folder in folders or (FOLDER,) for path in sorted(folder.glob("*.toml"))}
        return cls(load_files([files[name] for name in sorted(files)]))

    def find_brand(self, text: str) -> str | None:
        """Find the brand whose name comes first in `text`; of two at one position, the longer name."""
        return _find_first(self._iter_brands(), text)

    def find_family_vendor(self, text: str) -> str | None:
        """Find the vendor by a model family that is named in `text`."""
        return _find_first(((word, profile.vendor) for profile in self for word in profile.families), text)

    def find_by_files(self, files: Sequence[str]) -> list[Profile]:
        """Find the profiles of these files."""
        return [profile for profile in self if profile.file in files]

    @property
    def enterprises(self) -> frozenset[int]:
        """The enterprise numbers of all makers of printers."""
        return frozenset(number for profile in self for number in profile.enterprises)

    @property
    def snmp_contexts(self) -> dict[int, tuple[str, ...]]:
        """The SNMPv3 contexts in which a maker's printers answer, by its enterprise number."""
        return {number: profile.contexts for profile in self for number in profile.enterprises}

    def find_by_enterprise(self, number: int | None) -> list[Profile]:
        return [profile for profile in self if number is not None and number in profile.enterprises]

    def find_by_vendor(self, name: str | None) -> list[Profile]:
        return [profile for profile in self if name in profile.all_names]

    def brand_patterns(self, name: str | None) -> list[str]:
        """List the patterns of the vendor or brand `name` as it may come before a model."""
        own = self.find_by_vendor(name)
        words = [word for profile in own for word in profile.words]
        words += [
            word for profile in own for brand in profile.brand if brand.name == name for word in brand.words
        ]
        return [*words, re.escape(name)] if name else words

    def is_printer(self, object_id: str) -> bool | None:
        """Tell if only printers (True) or no printers (False) have such a sysObjectID; None for unknown."""
        for verdict, branches in (
            (True, (branch for profile in self for branch in profile.printers)),
            (False, (branch for profile in self for branch in profile.others)),
        ):
            if any(f"{object_id}.".startswith(f"{branch}.") for branch in branches):
                return verdict
        return None

    def _iter_brands(self) -> Iterator[tuple[str, str]]:
        for profile in self:
            yield from ((word, profile.vendor) for word in profile.words)
            for brand in profile.brand:
                yield from ((word, brand.name) for word in brand.words)


def load_files(paths: Sequence[Path]) -> list[Profile]:
    """Load the profiles in these files. Raises ConfigError with every complaint about any of them."""
    profiles, complaints = [], []
    for path in paths:
        try:
            profiles.append(load_file(path))
        except ConfigError as why:
            complaints += why.complaints
    if complaints:
        raise ConfigError(complaints)
    return profiles


def load_file(path: Path) -> Profile:
    """Load the profile in one file. Raises ConfigError."""
    document = toml.load_document(path)
    if "file" in document.data:
        raise ConfigError(
            [document.build_complaint(("file",), "unknown key", "the file's own name is its name")]
        )
    return toml.validate_document(document, Profile).model_copy(update={"file": path.stem})


def check_files(paths: Sequence[Path]) -> list[Complaint]:
    """Check these files as the agent would load them beside the shipped ones; every complaint."""
    try:
        added = load_files(paths)
    except ConfigError as why:
        return why.complaints
    names = {profile.file for profile in added}
    others = [profile for profile in load_shipped() if profile.file not in names]
    found = []
    for number, (profile, path) in enumerate(zip(added, paths, strict=True)):
        owned = {one: other for other in (*others, *added[:number]) for one in other.enterprises}
        found += [
            Complaint(
                file=str(path),
                key="enterprises",
                reason=f"{one} belongs to {owned[one].file}.toml",
                suggestion=f"name the file {owned[one].file}.toml to replace it, or leave the number out",
            )
            for one in profile.enterprises
            if one in owned
        ]
    return found


def _find_first(words: Iterator[tuple[str, str]], text: str) -> str | None:
    folded = text.casefold()
    found = [
        (match.start(), -len(word), name)
        for word, name in words
        if (match := _word_pattern(word).search(folded))
    ]
    return min(found)[2] if found else None


@cache
def _word_pattern(word: str) -> re.Pattern[str]:
    """Match `word` but not as a part of a longer one; a word that ends in "-" or a digit class may go on."""
    return re.compile(rf"(?<![a-z0-9]){word}(?![a-z])")


@cache
def load_shipped() -> Profiles:
    """Load the profiles that come with the agent, once."""
    return Profiles.load()
