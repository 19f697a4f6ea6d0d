"""Fills the levels that one source of a printer leaves vague from another source, supply by supply. Pure.

    SNMP "some left"           <- the maker's own record, then IPP
    IPP printer-supply -2      <- IPP marker-levels

A number is never replaced. Two supplies of two sources are the same cartridge if they are of one kind and one
colour, and if both sources have equally many of these: then the first is the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agent.core.model import Meter, Supply

_COLOURANTS = frozenset({
    None, "unknown", "other", "toner", "tonerCartridge", "matteToner", "ink", "inkCartridge", "matteInk",
    "inkRibbon", "solidWax", "ribbonWax",
})  # fmt: skip
"""Types that one source may use in place of another for the same cartridge."""

_TYPE_BY_PART = {"drum": "opc", "belt": "transferUnit", "fuser": "fuser"}  # parts of meters -> supply types


def is_vague(supply: Supply) -> bool:
    """Tell if a consumed supply has a row but no percentage."""
    return supply.kind != "receptacle" and supply.percent is None


def fill_from_supplies(supplies: Sequence[Supply], others: Sequence[Supply]) -> dict[str, tuple[Supply, str]]:
    """Fill the vague supplies from `others`; by index, the filled supply and the index of its source."""
    filled = {}
    for supply in filter(is_vague, supplies):
        other = _find_twin(supply, supplies, others)
        if other is not None and other.percent is not None:
            level = replace(supply, level=other.level, max=other.max, unit=other.unit)
            filled[supply.index] = (replace(level, serial=supply.serial or other.serial), other.index)
    return filled


def fill_from_meters(supplies: Sequence[Supply], meters: Iterable[Meter]) -> dict[str, tuple[Supply, str]]:
    """Fill the vague supplies from meters in percent; by index, the filled supply and the meter's source."""
    levels = [meter for meter in meters if meter.name == "remaining" and meter.unit == "percent"]
    filled = {}
    for supply in filter(is_vague, supplies):
        fitting = [meter for meter in levels if _is_part(meter.part, supply) and 0 <= meter.value <= 100]
        same = [one for one in supplies if _kind(one) == _kind(supply)]
        if len(fitting) == len(same) == 1:
            level = replace(supply, level=fitting[0].value, max=100, unit="percent")
            filled[supply.index] = (level, fitting[0].source)
    return filled


def replace_supplies(
    supplies: Iterable[Supply], filled: Mapping[str, tuple[Supply, str]]
) -> tuple[Supply, ...]:
    """Put the filled supplies in place of the vague ones."""
    return tuple(filled[one.index][0] if one.index in filled else one for one in supplies)


def _is_part(part: str | None, supply: Supply) -> bool:
    name, _, colour = (part or "").partition(" ")
    if name in _TYPE_BY_PART:
        return supply.type == _TYPE_BY_PART[name] and colour in {"", supply.colour}
    return supply.type in _COLOURANTS and part == supply.colour


def _kind(supply: Supply) -> tuple[str, str]:
    if supply.kind == "receptacle":
        return "waste", supply.colour
    return "colourant" if supply.type in _COLOURANTS else str(supply.type), supply.colour


def _find_twin(supply: Supply, supplies: Sequence[Supply], others: Sequence[Supply]) -> Supply | None:
    own = [one for one in supplies if _kind(one) == _kind(supply)]
    same = [one for one in others if _kind(one) == _kind(supply)]
    return same[own.index(supply)] if len(own) == len(same) else None
