"""Supplies and trays: rows of the Printer MIB with a level (RFC 3805)."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.model.amounts import Amount, Vague, compute_percent, find_vagueness, resolve_capacity


class _Gauge:
    """A row with a level; the rows themselves declare the three columns, in their order."""

    __slots__ = ()
    level: Amount
    max: Amount
    unit: str | None

    @property
    def capacity(self) -> Amount:
        """The level that means 100 %: `max`, or 100 where the level is itself a percentage."""
        return resolve_capacity(self.level, self.max, self.unit)

    @property
    def percent(self) -> int | None:
        return compute_percent(self.level, self.capacity)

    @property
    def vagueness(self) -> Vague | None:
        return find_vagueness(self.level, self.capacity)


SUPPLIES_LEVEL = "1.3.6.1.2.1.43.11.1.1.9"  # prtMarkerSuppliesLevel

RECEPTACLE_TYPES = frozenset({"wasteToner", "wasteInk", "wasteWax", "wasteWater", "wastePaper"})
"""Labels of PrtMarkerSuppliesTypeTC that can only be filled, whatever class the firmware gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply(_Gauge):
    """One row of prtMarkerSuppliesTable, 1.3.6.1.2.1.43.11.1."""

    index: str  # "1.3": hrDeviceIndex, then prtMarkerSuppliesIndex
    type: str | None = None  # label of PrtMarkerSuppliesTypeTC
    kind: str | None = None  # class: "consumed", "receptacle" or None
    colour: str = "unknown"
    level: Amount = None
    max: Amount = None
    unit: str | None = None
    description: str = ""
    part_number: str | None = None
    serial: str | None = None
    marker: int | None = None  # prtMarkerSuppliesMarkerIndex; 0: no particular marker
    raw: str | None = None  # hex of the description's bytes, where they are not plain ASCII
    source: str | None = None  # of the level, where it is not prtMarkerSuppliesLevel of this row

    @property
    def is_receptacle(self) -> bool:
        """True if it is filled, not consumed: by its class, or by a type that can only be filled."""
        return self.kind == "receptacle" or self.type in RECEPTACLE_TYPES

    @property
    def level_source(self) -> str:
        """The source of the level: an OID, an OID with "#record", or "ipp:attribute"."""
        return self.source or f"{SUPPLIES_LEVEL}.{self.index}"

    @property
    def key(self) -> str:
        """ "1.3 toner black": row, type and colour, by which rules, orders and backtests identify it."""
        return f"{self.index} {self.type or 'unknown'} {self.colour}"


def name_colours(supplies: Iterable[Supply]) -> dict[str, str]:
    """Name the colour of each supply, by index, so that type and colour tell supplies of one printer apart.

    The first of a type and colour keeps its colour; another one has its row behind it: "black", "black 2".
    """
    names: dict[str, str] = {}
    seen: set[tuple[str | None, str]] = set()
    for supply in supplies:
        pair = supply.type, supply.colour
        row = supply.index.rpartition(".")[2]
        names[supply.index] = f"{supply.colour} {row}" if pair in seen else supply.colour
        seen.add(pair)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray(_Gauge):
    """One row of prtInputTable (level = what is left) or prtOutputTable (level = room left)."""

    index: str
    name: str = ""
    level: Amount = None
    max: Amount = None
    unit: str | None = None
    status: int | None = None  # PrtSubUnitStatusTC, a sum of parts: see `availability`
    media: str | None = None
    type: str | None = None  # label of PrtInputTypeTC or PrtOutputTypeTC
