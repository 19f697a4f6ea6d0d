"""prtInputTable and prtOutputTable (RFC 3805): where paper comes from and where it goes."""

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import Reading, Row, Table
from agent.core.model import Tray

INPUTS = Table.of(
    "inputs", "1.3.6.1.2.1.43.8.2.1",
    type=2, unit=8, max=9, level=10, status=11, media=12, name=13, model=15, description=18,
)  # fmt: skip
OUTPUTS = Table.of(
    "outputs", "1.3.6.1.2.1.43.9.2.1",
    type=2, unit=3, max=4, level=5, status=6, name=7, model=9, description=12,
)  # fmt: skip


async def inputs(reading: Reading) -> tuple[Tray, ...]:
    """Input trays; the level is what is left (prtInputCurrentLevel)."""
    return tuple(_tray(row, labels.INPUT_TYPE) for row in await reading.table(INPUTS))


async def outputs(reading: Reading) -> tuple[Tray, ...]:
    """Output bins; the level is the room that is left (prtOutputRemainingCapacity)."""
    return tuple(_tray(row, labels.OUTPUT_TYPE) for row in await reading.table(OUTPUTS))


def _tray(row: Row, types: labels.Labels) -> Tray:
    return Tray(
        index=row.index,
        name=row.text("name") or row.text("description") or row.text("model"),
        level=row.amount("level"),
        max=row.amount("max"),
        unit=row.label("unit", labels.CAPACITY_UNIT),
        status=row.number("status"),
        media=row.text("media") or None,
        type=row.label("type", types),
    )
