"""prtMarkerTable and prtMediaPathTable (RFC 3805), and the meters of the marker rows.

prtMarkerLifeCount counts what the engine did, in the unit of prtMarkerCounterUnit. A printer with
several markers counts the same page in each of them (one marker per colour) or shares the work, and
does not say which: the largest count of one unit is the total, unverified, and each row is kept.

Where the maker's objects have the panel's total, that is the total, and the engine's count is its life:
the engine also turns for reports and misfeeds. A maker's total that is far from the engine's count is
kept as unverified.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import MibReader, MibTable
from agent.core.model import Marker, MediaPath, Meter, Trust, Vague
from agent.snmp.oid import format_oid

MARKERS = MibTable.from_columns(
    "markers", "1.3.6.1.2.1.43.10.2.1", technology=2, unit=3, life=4, power_on=5, status=15
)
PATHS = MibTable.from_columns(
    "media_paths", "1.3.6.1.2.1.43.13.4.1", unit=2, speed=4, type=9, description=10, status=11
)
HOURLY_UNITS = (7, 8)  # PrtMediaPathMaxSpeedPrintUnitTC: impressionsPerHour, sheetsPerHour


async def read_markers(reading: MibReader) -> tuple[Marker, ...]:
    return tuple(
        Marker(
            index=row.index,
            technology=row.read_label("technology", labels.MARK_TECHNOLOGY),
            unit=row.read_label("unit", labels.COUNTER_UNIT),
            life=_valid_count(row.read_number("life")),
            power_on=_valid_count(row.read_number("power_on")),
            status=row.read_number("status"),
        )
        for row in await reading.read_table(MARKERS)
    )


async def read_media_paths(reading: MibReader) -> tuple[MediaPath, ...]:
    return tuple(
        MediaPath(
            index=row.index,
            type=row.read_label("type", labels.PATH_TYPE),
            description=row.read_text("description"),
            status=row.read_number("status"),
            speed=_valid_count(row.read_number("speed")) if row.read_number("unit") in HOURLY_UNITS else None,
        )
        for row in await reading.read_table(PATHS)
    )


def _valid_count(number: int | None) -> int | None:
    """Check a Counter32: None for a number below zero, also sent unsigned, which means "not available"."""
    return number if number is None or (number >= 0 and Vague.from_raw(number) is None) else None


def build_meters(
    rows: tuple[Marker, ...], sources: Mapping[str, bytes], *, unit: int = 1
) -> tuple[Meter, ...]:
    """Build the total, and a life meter for each marker where there are several. The total is that of the
    printer at hrDeviceIndex `unit`, not of another one behind the same address."""
    counted = [row for row in rows if row.life is not None]
    if not counted:
        return ()
    if len(counted) == 1:
        return (_build_meter("total", counted[0], sources, Trust.MEASURED),)
    own = [row for row in counted if row.index.startswith(f"{unit}.")] or counted
    pages = [row for row in own if row.unit == "impressions"] or own
    largest = max(pages, key=lambda row: row.life or 0)
    return (
        _build_meter("total", largest, sources, Trust.UNVERIFIED),
        *(_build_meter("life", row, sources, Trust.MEASURED, part=row.index) for row in counted),
        *_sum_markers(counted),
    )


MAX_FACTOR = 2  # times: a panel's total beyond that factor of the engine's count counts something else


def merge_meters(standard: tuple[Meter, ...], own: tuple[Meter, ...]) -> tuple[Meter, ...]:
    """Merge the standard's meters with the maker's; each name and part once."""
    total = next((meter for meter in standard if meter.name == "total"), None)
    panel = next((meter for meter in own if (meter.name, meter.part) == ("total", None)), None)
    if total is not None and panel is not None:
        if _is_far_off(total, panel):
            doubtful = replace(panel, part="panel", trust=Trust.UNVERIFIED)
            own = tuple(doubtful if meter is panel else meter for meter in own)
        elif len(standard) == 1:
            standard = (replace(total, name="life"),)
        else:  # several markers: each row has a life of its own
            standard = tuple(meter for meter in standard if meter is not total)
    return (*standard, *own)


def _is_far_off(total: Meter, panel: Meter) -> bool:
    """Tell if the two totals differ by more than MAX_FACTOR; a smaller difference is normal.

    An engine that counts nothing is no measure of the panel's total.
    """
    if total.unit != panel.unit or total.value == 0 < panel.value:
        return False
    return not total.value <= MAX_FACTOR * panel.value or not panel.value <= MAX_FACTOR * total.value


def _build_meter(
    name: str, row: Marker, sources: Mapping[str, bytes], trust: Trust, part: str | None = None
) -> Meter:
    return Meter(
        name=name,
        value=row.life or 0,
        unit=row.unit or "impressions",
        part=part,
        source=format_oid(sources[f"{MARKERS.name}.{row.index}.life"]),
        trust=trust,
    )


def _sum_markers(rows: list[Marker]) -> tuple[Meter, ...]:
    """Sum all markers, where they count in one unit: an estimate to compare with, not to bill."""
    if len({row.unit or "impressions" for row in rows}) > 1:
        return ()
    value = sum(row.life or 0 for row in rows)
    source = format_oid(MARKERS.cell_oid("life"))
    unit = rows[0].unit or "impressions"
    return (Meter(name="life.sum", value=value, unit=unit, source=source, trust=Trust.ESTIMATED),)
