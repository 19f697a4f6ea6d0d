"""Reads the makers' own tables of supplies, as the fitting profiles list them, into supplies of the model.

    profiles ──► SupplyTable ──walk──► rows ──► Supply, Supply, …    with the source of each level

A row without a word for its colour takes the one that the profile gives to its number. A level that is a code
of the maker ("-100") is what the profile says; any other number below zero is unknown, and a problem.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from agent.collectors import _supply_levels
from agent.collectors._identity.serial_numbers import clean_serial
from agent.collectors._printer_mib.mib_reader import MibReader
from agent.collectors._printer_mib.supply_table import COLOURED_TYPES
from agent.collectors._vendor import vendor_meters
from agent.collectors._vendor.meter_definitions import fits_model
from agent.collectors._vendor.part_numbers import find_supply_ids
from agent.collectors._vendor.supply_colours import UNKNOWN, detect_colour
from agent.collectors._vendor.supply_definitions import SupplyTable
from agent.collectors._vendor.vendor_profiles import Profile
from agent.core.model import RECEPTACLE_TYPES, Amount, Supply, Vague
from agent.core.text import drop_placeholder
from agent.snmp.oid import encode_arcs, format_oid, oid
from agent.snmp.reader import SnmpValue

Cells = Mapping[str, SnmpValue]
RowIndex = tuple[int, ...]

UNSIGNED = 1 << 32  # firmware sends -2 as 4294967294


def list_tables(
    profiles: Iterable[Profile], model: str | None, *, levels: bool, marks: bool
) -> list[SupplyTable]:
    """List the tables that fit `model`: those with levels, those that name cartridges, or both."""
    return [
        table
        for profile in profiles
        for table in profile.supply
        if fits_model(table.models, model) and ((levels and table.has_levels) or (marks and table.has_marks))
    ]


async def complete_supplies(
    reading: MibReader,
    supplies: tuple[Supply, ...],
    profiles: Sequence[Profile],
    model: str | None,
    *,
    marks: bool,
) -> tuple[Supply, ...]:
    """Complete the standard's supplies from the maker's objects, and make them where there are none.

    Nothing is asked for levels while all have a number; `marks`: ask for serials and part numbers, too.
    """
    vague = not supplies or any(map(_supply_levels.is_vague, supplies))
    meters = await vendor_meters.read_vendor_levels(reading, profiles, model) if vague else ()
    tables = await read_supply_tables(
        reading, list_tables(profiles, model, levels=vague, marks=marks and bool(supplies))
    )
    if not supplies:
        found = next((rows for table, rows in tables if table.has_levels), ())
        return found or _supply_levels.make_supplies(meters, reading.unit, ink=_prints_ink(profiles, model))
    supplies = _supply_levels.replace_supplies(supplies, _supply_levels.fill_from_meters(supplies, meters))
    for table, rows in tables:
        by_row = table.join == "row"
        levels = _supply_levels.fill_from_supplies(supplies, rows, by_row=by_row) if table.has_levels else {}
        supplies = _supply_levels.replace_supplies(supplies, levels)
        named = _supply_levels.fill_marks(supplies, rows, by_row=by_row) if table.has_marks else {}
        supplies = _supply_levels.replace_supplies(supplies, named)
    return supplies


def _prints_ink(profiles: Iterable[Profile], model: str | None) -> bool:
    return any(one.ink is not None and re.search(one.ink, model or "", re.IGNORECASE) for one in profiles)


async def read_supply_tables(
    reading: MibReader, tables: Sequence[SupplyTable]
) -> list[tuple[SupplyTable, tuple[Supply, ...]]]:
    """Read the tables, each with its rows; a table that the printer does not have is left out."""
    found = []
    for table in tables:
        columns = await reading.walk_columns(*(oid(column) for column in table.columns.values()))
        named = {name: columns[oid(column)] for name, column in table.columns.items()}
        rows = tuple(
            _build_supply(reading, table, index, {name: cells.get(index) for name, cells in named.items()})
            for index in sorted({index for cells in named.values() for index in cells})
        )
        if rows:
            found.append((table, rows))
    return found


def _build_supply(reading: MibReader, table: SupplyTable, index: RowIndex, cells: Cells) -> Supply:
    row = _row_number(index)
    words = ("description", "colour", "part_number", "serial")
    texts = {name: reading.decode_text(cells.get(name), f"supply {row} {name}") for name in words}
    description = texts["description"]
    type_ = _find_type(reading, table, cells)
    colour = detect_colour(description, texts["colour"], coloured=type_ in COLOURED_TYPES)
    found = find_supply_ids(description)
    return Supply(
        index=f"{reading.unit}.{row}",
        type=type_,
        kind="receptacle" if type_ in RECEPTACLE_TYPES else "consumed",
        colour=table.colours.get(str(row), UNKNOWN) if colour == UNKNOWN else colour,
        level=_read_level(reading, table, cells.get("level"), row),
        max=100 if table.unit == "percent" else _read_level(reading, table, cells.get("capacity"), row),
        unit=table.unit,
        description=description,
        part_number=drop_placeholder(texts["part_number"]) or found.part_number,
        serial=clean_serial(texts["serial"]) or found.serial,
        source=_level_source(table, index),
    )


def _row_number(index: RowIndex) -> int:
    """Find the row's own number; some makers end each cell like a scalar, with a 0."""
    arcs = index[:-1] if len(index) > 1 and index[-1] == 0 else index
    return arcs[-1] if arcs else 0


def _find_type(reading: MibReader, table: SupplyTable, cells: Cells) -> str | None:
    if (number := reading.parse_number(cells.get("type"), "type of supply")) is None:
        return table.type
    return table.types.get(str(number), table.type)


def _read_level(reading: MibReader, table: SupplyTable, value: SnmpValue, row: int) -> Amount:
    number = reading.parse_number(value, f"supply {row} level")
    if number is None:
        return None
    signed = number - UNSIGNED if number >= UNSIGNED // 2 else number
    if (word := table.codes.get(str(signed))) is not None:
        return 0 if word == "empty" else Vague(word)
    if signed >= 0:
        return signed
    if (vague := Vague.from_raw(signed)) is None:
        reading.note_problem(f"supply {row} level: {signed} is no level")
    return vague or Vague.UNKNOWN


def _level_source(table: SupplyTable, index: RowIndex) -> str | None:
    if "level" not in table.columns:
        return None
    return format_oid(oid(table.columns["level"]) + encode_arcs(*index))
