"""prtMarkerSuppliesTable (1.3.6.1.2.1.43.11.1, RFC 3805) with the colorants it points at.

The level of a supply that is consumed is what is left; of a receptacle, by the MIB, the room that is
left. Firmware is split on the latter, so the numbers stay as they came: which way a waste box counts
is learned from its history, not decided here.
"""

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import Reading, Row, Table
from agent.collectors._vendor.part_numbers import marks
from agent.collectors._vendor.supply_colours import colour_of
from agent.core.model import Supply

SUPPLIES = Table.of(
    "supplies", "1.3.6.1.2.1.43.11.1.1",
    marker=2, colorant=3, kind=4, type=5, description=6, unit=7, max=8, level=9,
)  # fmt: skip
COLORANTS = Table.of("colorants", "1.3.6.1.2.1.43.12.1.1", value=4)

COLOURED = frozenset({
    None, "toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "opc",
    "developer", "solidWax", "ribbonWax", "matteToner", "matteInk",
})  # fmt: skip
"""Types of which there is one for each colour."""


async def read(reading: Reading) -> tuple[Supply, ...]:
    """All supplies, in the order of their numbers; rows that share a text stay rows of their own."""
    rows = await reading.table(SUPPLIES)
    asked = any(row.number("colorant") for row in rows)
    colorants = await reading.table(COLORANTS) if asked else []
    values = {(row.unit, row.own): row.text("value") for row in colorants}
    return tuple(_supply(row, values) for row in rows)


def _supply(row: Row, colorants: dict[tuple[int, int], str]) -> Supply:
    description = row.text("description")
    type_ = row.label("type", labels.SUPPLY_TYPE)
    found = marks(description)
    colorant = colorants.get((row.unit, row.number("colorant") or 0), "")
    return Supply(
        index=row.index,
        type=type_,
        kind=_kind(row, type_),
        colour=colour_of(description, colorant, coloured=type_ in COLOURED),
        level=row.amount("level"),
        max=row.amount("max"),
        unit=row.label("unit", labels.SUPPLY_UNIT),
        description=description,
        part_number=found.part_number,
        serial=found.serial,
        marker=row.number("marker"),
        raw=row.raw_text("description"),
    )


def _kind(row: Row, type_: str | None) -> str | None:
    """prtMarkerSuppliesClass; without that column, the types that can only be filled."""
    if "kind" in row.cells:
        return row.label("kind", labels.SUPPLY_CLASS)
    return "receptacle" if type_ in labels.RECEPTACLES else None
