"""prtMarkerSuppliesTable (1.3.6.1.2.1.43.11.1, RFC 3805) with the colorants it points at.

The level of a consumed supply is the amount left; of a receptacle, by the MIB, the room left. Firmware
is split on the latter, so the numbers stay as they came: the direction in which a waste box counts is
learned from its history, not decided here.
"""

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import MibReader, MibRow, MibTable
from agent.collectors._vendor.part_numbers import find_supply_ids
from agent.collectors._vendor.supply_colours import detect_colour
from agent.core.model import RECEPTACLE_TYPES, Supply

SUPPLIES = MibTable.from_columns(
    "supplies", "1.3.6.1.2.1.43.11.1.1",
    marker=2, colorant=3, kind=4, type=5, description=6, unit=7, max=8, level=9,
)  # fmt: skip
COLORANTS = MibTable.from_columns("colorants", "1.3.6.1.2.1.43.12.1.1", value=4)

COLOURED_TYPES = frozenset({
    None, "toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "opc",
    "developer", "solidWax", "ribbonWax", "matteToner", "matteInk",
})  # fmt: skip
"""Types of which there is one for each colour."""


async def read_supplies(reading: MibReader) -> tuple[Supply, ...]:
    """Read all supplies, in the order of their numbers; rows with the same text stay separate rows."""
    rows = await reading.read_table(SUPPLIES)
    has_colorants = any(row.read_number("colorant") for row in rows)
    colorants = await reading.read_table(COLORANTS) if has_colorants else []
    values = {(row.unit, row.row_number): row.read_text("value") for row in colorants}
    return tuple(_build_supply(row, values) for row in rows)


def _build_supply(row: MibRow, colorants: dict[tuple[int, int], str]) -> Supply:
    description = row.read_text("description")
    type_ = row.read_label("type", labels.SUPPLY_TYPE)
    found = find_supply_ids(description)
    colorant = colorants.get((row.unit, row.read_number("colorant") or 0), "")
    return Supply(
        index=row.index,
        type=type_,
        kind=_supply_class(row, type_),
        colour=detect_colour(description, colorant, coloured=type_ in COLOURED_TYPES),
        level=row.read_amount("level"),
        max=row.read_amount("max"),
        unit=row.read_label("unit", labels.SUPPLY_UNIT),
        description=description,
        part_number=found.part_number,
        serial=found.serial,
        marker=row.read_number("marker"),
        raw=row.read_raw_text("description"),
    )


def _supply_class(row: MibRow, type_: str | None) -> str | None:
    """Read prtMarkerSuppliesClass; without that column, the types that can only be filled are receptacles."""
    if "kind" in row.cells:
        return row.read_label("kind", labels.SUPPLY_CLASS)
    return "receptacle" if type_ in RECEPTACLE_TYPES else None
