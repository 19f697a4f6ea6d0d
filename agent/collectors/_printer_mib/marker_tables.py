"""prtMarkerTable and prtMediaPathTable (RFC 3805), and the meters of the marker rows.

prtMarkerLifeCount counts what the engine did, in the unit of prtMarkerCounterUnit. A printer with
several markers counts the same page in each of them (one marker per colour) or shares the work, and
does not say which: the largest count of one unit is the total, unverified, and each row is kept.

Where the maker tells the total of the panel, that is the total, and the engine's count is its life:
the engine turns for reports and misfeeds, too. A total of the maker's that is far from the engine's
count is believed by nobody.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.collectors._printer_mib import labels
from agent.collectors._printer_mib.mib_reader import Reading, Table
from agent.core.model import Marker, MediaPath, Meter, Trust, Vague
from agent.snmp.oid import dotted

MARKERS = Table.of("markers", "1.3.6.1.2.1.43.10.2.1", technology=2, unit=3, life=4, power_on=5, status=15)
PATHS = Table.of("media_paths", "1.3.6.1.2.1.43.13.4.1", unit=2, speed=4, type=9, description=10, status=11)
BY_THE_HOUR = (7, 8)  # PrtMediaPathMaxSpeedPrintUnitTC: impressionsPerHour, sheetsPerHour


async def markers(reading: Reading) -> tuple[Marker, ...]:
    return tuple(
        Marker(
            index=row.index,
            technology=row.label("technology", labels.MARK_TECHNOLOGY),
            unit=row.label("unit", labels.COUNTER_UNIT),
            life=_count(row.number("life")),
            power_on=_count(row.number("power_on")),
            status=row.number("status"),
        )
        for row in await reading.table(MARKERS)
    )


async def media_paths(reading: Reading) -> tuple[MediaPath, ...]:
    return tuple(
        MediaPath(
            index=row.index,
            type=row.label("type", labels.PATH_TYPE),
            description=row.text("description"),
            status=row.number("status"),
            speed=_count(row.number("speed")) if row.number("unit") in BY_THE_HOUR else None,
        )
        for row in await reading.table(PATHS)
    )


def _count(number: int | None) -> int | None:
    """A Counter32; a number below zero, also one sent unsigned, is no count, but a "not available"."""
    return number if number is None or (number >= 0 and Vague.of(number) is None) else None


def meters(rows: tuple[Marker, ...], sources: Mapping[str, bytes], *, unit: int = 1) -> tuple[Meter, ...]:
    """The total, and a life meter for each marker where there are several. The total is that of the
    printer at hrDeviceIndex `unit`: no other printer's behind the same address."""
    counted = [row for row in rows if row.life is not None]
    if not counted:
        return ()
    if len(counted) == 1:
        return (_meter("total", counted[0], sources, Trust.MEASURED),)
    own = [row for row in counted if row.index.startswith(f"{unit}.")] or counted
    pages = [row for row in own if row.unit == "impressions"] or own
    largest = max(pages, key=lambda row: row.life or 0)
    return (
        _meter("total", largest, sources, Trust.UNVERIFIED),
        *(_meter("life", row, sources, Trust.MEASURED, part=row.index) for row in counted),
        *_sum(counted),
    )


FAR = 2  # times: a panel's total beyond that factor of the engine's count counts something else


def joined(standard: tuple[Meter, ...], own: tuple[Meter, ...]) -> tuple[Meter, ...]:
    """The standard's meters and the maker's own; each name and part once."""
    total = next((meter for meter in standard if meter.name == "total"), None)
    panel = next((meter for meter in own if (meter.name, meter.part) == ("total", None)), None)
    if total is not None and panel is not None:
        if _far(total, panel):
            doubtful = replace(panel, part="panel", trust=Trust.UNVERIFIED)
            own = tuple(doubtful if meter is panel else meter for meter in own)
        elif len(standard) == 1:
            standard = (replace(total, name="life"),)
        else:  # several markers: each row has a life of its own
            standard = tuple(meter for meter in standard if meter is not total)
    return (*standard, *own)


def _far(total: Meter, panel: Meter) -> bool:
    """A panel that starts afresh with a new engine may show less, but never that much more."""
    if total.unit != panel.unit:
        return False
    return not total.value <= FAR * panel.value or not panel.value <= FAR * total.value


def _meter(
    name: str, row: Marker, sources: Mapping[str, bytes], trust: Trust, part: str | None = None
) -> Meter:
    return Meter(
        name=name,
        value=row.life or 0,
        unit=row.unit or "impressions",
        part=part,
        source=dotted(sources[f"{MARKERS.name}.{row.index}.life"]),
        trust=trust,
    )


def _sum(rows: list[Marker]) -> tuple[Meter, ...]:
    """All markers together, where they count in one unit: an estimate to compare with, not to bill."""
    if len({row.unit or "impressions" for row in rows}) > 1:
        return ()
    value = sum(row.life or 0 for row in rows)
    source = dotted(MARKERS.oid("life"))
    unit = rows[0].unit or "impressions"
    return (Meter(name="life.sum", value=value, unit=unit, source=source, trust=Trust.ESTIMATED),)
