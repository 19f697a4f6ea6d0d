"""Takes for each supply the level from the best of a printer's sources; makes supplies where none is listed.

    SNMP "some left"           <- the maker's own record, then IPP
    IPP printer-supply -2      <- IPP marker-levels
    no row in the Printer MIB  <- one supply for each level of the maker's record

Pure. A number of a known capacity is never replaced, and of two words the maker's "low" says more than "some
left". Two supplies of two sources are the same cartridge if they are of one kind and one colour, and if both
sources have equally many of these: then the first is the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agent.core.model import Meter, Supply, Vague

_COLOURANTS = frozenset({
    None, "unknown", "other", "toner", "tonerCartridge", "matteToner", "ink", "inkCartridge", "matteInk",
    "inkRibbon", "solidWax", "ribbonWax",
})  # fmt: skip
"""Types that one source may use in place of another for the same cartridge."""

_COLOURS = ("black", "cyan", "magenta", "yellow")
_TYPE_BY_PART = {"drum": "opc", "belt": "transferUnit", "fuser": "fuser"}  # parts of meters -> supply types
_PLACES = (
    *_COLOURS, "drum", *(f"drum {colour}" for colour in _COLOURS), "belt", "fuser",
)  # fmt: skip
"""Parts of meters that are supplies, each at its own number, so that a missing one moves none."""

Filled = dict[str, Supply]


def is_vague(supply: Supply) -> bool:
    """Tell if a consumed supply has a row but no sure percentage: none, or a 0 of an unknown capacity."""
    return not supply.is_receptacle and not _is_sure(supply)


def _is_sure(supply: Supply) -> bool:
    """Tell if the level is a number of a known capacity; 0 of an unknown one may be a code of firmware."""
    known = isinstance(supply.capacity, int) and supply.capacity > 0
    return supply.percent is not None and (known or supply.level != 0)


def fill_from_supplies(
    supplies: Sequence[Supply], others: Sequence[Supply], *, by_row: bool = False
) -> Filled:
    """Fill the vague supplies from `others`, each with its source; by index, those that were filled."""
    filled = {}
    for supply in filter(is_vague, supplies):
        other = _find_twin(supply, supplies, others, by_row=by_row)
        if other is not None and _says_more(other, supply):
            level = replace(
                supply, level=other.level, max=other.max, unit=other.unit, source=other.level_source
            )
            filled[supply.index] = replace(level, serial=supply.serial or other.serial)
    return filled


def fill_from_meters(supplies: Sequence[Supply], meters: Iterable[Meter]) -> Filled:
    """Fill the vague supplies from meters in percent, each with its source; the filled ones, by index."""
    levels = _list_levels(meters)
    filled = {}
    for supply in filter(is_vague, supplies):
        fitting = [meter for meter in levels if _is_part(meter.part, supply)]
        same = [one for one in supplies if _kind(one) == _kind(supply)]
        if len(fitting) == len(same) == 1:
            filled[supply.index] = replace(
                supply, level=fitting[0].value, max=100, unit="percent", source=fitting[0].source
            )
    return filled


def fill_marks(supplies: Sequence[Supply], others: Sequence[Supply], *, by_row: bool = False) -> Filled:
    """Fill missing serials and part numbers from `others`; by index, the supplies that were filled."""
    filled = {}
    for supply in supplies:
        other = _find_twin(supply, supplies, others, by_row=by_row)
        if other is not None:
            serial, part = supply.serial or other.serial, supply.part_number or other.part_number
            marked = replace(supply, serial=serial, part_number=part)
            if marked != supply:
                filled[supply.index] = marked
    return filled


def make_supplies(meters: Iterable[Meter], unit: int, *, ink: bool) -> tuple[Supply, ...]:
    """Make the supplies of the printer at hrDeviceIndex `unit` out of the levels of its maker's record.

    `ink`: it prints with ink, so that its colours are no toner.
    """
    by_part = {meter.part: meter for meter in _list_levels(meters)}
    return tuple(
        _make_supply(part, by_part[part], f"{unit}.{place}", "ink" if ink else "toner")
        for place, part in enumerate(_PLACES, start=1)
        if part in by_part
    )


def _make_supply(part: str, meter: Meter, index: str, colourant: str) -> Supply:
    name, _, colour = part.partition(" ")
    return Supply(
        index=index,
        type=_TYPE_BY_PART.get(name, colourant),
        kind="consumed",
        colour=part if part in _COLOURS else colour or "unknown",
        level=meter.value,
        max=100,
        unit="percent",
        source=meter.source,
    )


def replace_supplies(supplies: Iterable[Supply], filled: Mapping[str, Supply]) -> tuple[Supply, ...]:
    """Put the filled supplies in place of the vague ones."""
    return tuple(filled.get(one.index, one) for one in supplies)


def _list_levels(meters: Iterable[Meter]) -> list[Meter]:
    """List the meters that are levels in percent."""
    return [
        one for one in meters if (one.name, one.unit) == ("remaining", "percent") and 0 <= one.value <= 100
    ]


def _says_more(other: Supply, supply: Supply) -> bool:
    """Tell if the level of `other` is a number, or the maker's "low" where this one has not even that."""
    if _is_sure(other):
        return True
    return supply.percent is None and (
        other.percent is not None or Vague.LOW == other.vagueness != supply.vagueness
    )


def _is_part(part: str | None, supply: Supply) -> bool:
    name, _, colour = (part or "").partition(" ")
    if name in _TYPE_BY_PART:
        return supply.type == _TYPE_BY_PART[name] and colour in {"", supply.colour}
    return supply.type in _COLOURANTS and part == supply.colour


def _kind(supply: Supply) -> tuple[str, str]:
    if supply.is_receptacle:
        return "waste", supply.colour
    return "colourant" if supply.type in _COLOURANTS else str(supply.type), supply.colour


def _find_twin(
    supply: Supply, supplies: Sequence[Supply], others: Sequence[Supply], *, by_row: bool
) -> Supply | None:
    """Find the same supply among `others`: of this row, or of this kind and colour."""
    if by_row:
        row = supply.index.rpartition(".")[2]
        return next((one for one in others if one.index.rpartition(".")[2] == row), None)
    own = [one for one in supplies if _kind(one) == _kind(supply)]
    same = [one for one in others if _kind(one) == _kind(supply)]
    return same[own.index(supply)] if len(own) == len(same) else None
