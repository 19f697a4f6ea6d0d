"""prtInputTable and prtOutputTable (RFC 3805): where paper comes from and where it goes."""

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import MibReader, MibRow, MibTable
from agent.core.model import Tray

INPUTS = MibTable.from_columns(
    "inputs", "1.3.6.1.2.1.43.8.2.1",
    type=2, unit=8, max=9, level=10, status=11, media=12, name=13, model=15, description=18,
)  # fmt: skip
OUTPUTS = MibTable.from_columns(
    "outputs", "1.3.6.1.2.1.43.9.2.1",
    type=2, unit=3, max=4, level=5, status=6, name=7, model=9, description=12,
)  # fmt: skip


async def read_inputs(reading: MibReader) -> tuple[Tray, ...]:
    """Read the input trays; the level is the amount left (prtInputCurrentLevel)."""
    return tuple(_build_tray(row, labels.INPUT_TYPE) for row in await reading.read_table(INPUTS))


async def read_outputs(reading: MibReader) -> tuple[Tray, ...]:
    """Read the output bins; the level is the room left (prtOutputRemainingCapacity)."""
    return tuple(_build_tray(row, labels.OUTPUT_TYPE) for row in await reading.read_table(OUTPUTS))


def _build_tray(row: MibRow, types: labels.Labels) -> Tray:
    return Tray(
        index=row.index,
        name=row.read_text("name") or row.read_text("description") or row.read_text("model"),
        level=row.read_amount("level"),
        max=row.read_amount("max"),
        unit=row.read_label("unit", labels.CAPACITY_UNIT),
        status=row.read_number("status"),
        media=row.read_text("media") or None,
        type=row.read_label("type", types),
    )
