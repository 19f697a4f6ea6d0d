"""Reads MIB tables of one printer, and keeps the source of each value and a list of problems.

    reading = MibReader(reader)
    rows = await reading.read_table(SUPPLIES)      # [MibRow(index="1.1", …), MibRow(index="1.2", …)]
    rows[0].read_number("level"), rows[0].read_text("description")

Values arrive in the wrong type (a level as a string), below zero where nothing may be, or not at all.
None of that is an exception: a cell that makes no sense reads as None and is noted in `problems`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from agent.core.errors import RefusedByDevice
from agent.core.model import Amount, Vague
from agent.core.text import decode_octets
from agent.core.units import counted
from agent.snmp.oid import MAX_ARC, decode_arcs, encode_arcs, format_oid, oid
from agent.snmp.reader import IpAddress, MissingValue, ObjectId, SnmpReader, SnmpValue

MAX_LEVEL = (1 << 31) - 1  # the largest Integer32 stands for "unknown", not for an amount
MAX_PROBLEMS = 50  # beyond these a firmware is not worth a longer list


class ValueSources(Mapping[str, str]):
    """The source of each value, "supplies.1.1.level" -> "1.3.6.1.…"; OIDs are formatted on access."""

    __slots__ = ("_named", "_raw")

    def __init__(self, raw: Mapping[str, bytes], named: Mapping[str, str] | None = None) -> None:
        self._named = named or {}  # sources of values that were filled, already as text
        self._raw = raw

    def __getitem__(self, key: str) -> str:
        return self._named[key] if key in self._named else format_oid(self._raw[key])

    def __iter__(self) -> Iterator[str]:
        return iter({**self._raw, **self._named})

    def __len__(self) -> int:
        return len(self._raw.keys() | self._named.keys())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"


@dataclass(frozen=True, slots=True)
class MibTable:
    """The columns of one MIB table that are read, by the name that is used here."""

    name: str
    columns: Mapping[bytes, str]  # raw OID of the column -> name; all of one length

    @classmethod
    def from_columns(cls, name: str, entry: str, /, **columns: int) -> Self:
        return cls(name, {oid(f"{entry}.{arc}"): column for column, arc in columns.items()})

    def cell_oid(self, column: str, *index: int) -> bytes:
        """Find the raw OID of one cell."""
        raw = next(raw for raw, name in self.columns.items() if name == column)
        return raw + encode_arcs(*index)


@dataclass(slots=True)
class MibRow:
    """One row: its cells by column name, with a method for each kind of value."""

    reader: "MibReader"
    table: str  # its name
    unit: int  # hrDeviceIndex
    row_number: int  # the row's own number
    cells: dict[str, SnmpValue] = field(default_factory=dict)

    @property
    def index(self) -> str:
        return f"{self.unit}.{self.row_number}"

    def read_number(self, column: str) -> int | None:
        return self.reader.parse_number(self.cells.get(column), f"{self.table} {self.index} {column}")

    def read_signed(self, column: str) -> int | None:
        """Read a number that may be below zero, also where firmware sent it unsigned: 4294967294 is -2."""
        number = self.read_number(column)
        return number - (1 << 32) if number is not None and number >= 1 << 31 else number

    def read_amount(self, column: str) -> Amount:
        """Read a level or capacity: a number, a Vague, or None for an empty cell."""
        number = self.read_number(column)
        if number is None or (0 <= number < MAX_LEVEL):
            return number
        if (vague := Vague.from_raw(number)) is None:
            self.reader.note_problem(f"{self.table} {self.index} {column}: {number} is no level")
            return Vague.UNKNOWN
        return vague

    def read_text(self, column: str) -> str:
        return self.reader.decode_text(self.cells.get(column), f"{self.table} {self.index} {column}")

    def read_raw_text(self, column: str) -> str | None:
        """Read the bytes in hex, where `read_text` gives more than plain ASCII."""
        value = self.cells.get(column)
        plain = not isinstance(value, bytes) or (value.isascii() and value.decode("ascii").isprintable())
        return None if plain else bytes(value).hex()  # type: ignore[arg-type]  # plain if not bytes

    def read_label(self, column: str, labels: Mapping[int, str]) -> str | None:
        number = self.read_number(column)
        return None if number is None else labels.get(number)


class MibReader:
    """Reads objects and tables through an `SnmpReader`; keeps problems and sources. Lives for one poll."""

    def __init__(
        self, reader: SnmpReader, *, units: tuple[int, ...] = (), charset: int | None = None
    ) -> None:
        self._reader = reader
        self.units = units
        self.charset = charset
        self.problems: list[str] = []
        self.sources: dict[str, bytes] = {}
        self.answers: dict[bytes, SnmpValue] = {}  # raw OID -> value, of everything asked by name
        self.seen: set[int] = set()  # hrDeviceIndex of every table row read

    @property
    def unit(self) -> int:
        """The first printer's hrDeviceIndex; 1 until it is found."""
        return self.units[0] if self.units else 1

    def note_problem(self, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    async def get(self, oids: Iterable[bytes]) -> dict[bytes, SnmpValue]:
        """Get the values of `oids`; missing ones (also by an exception value of SNMPv2) are left out."""
        found = await self._reader.get(list(oids))
        answered: dict[bytes, SnmpValue] = {
            raw: value for raw, value in found.items() if not isinstance(value, MissingValue)
        }
        self.answers.update(answered)
        return answered

    async def get_named(self, part: str, oids: Mapping[str, bytes]) -> dict[str, SnmpValue]:
        """Get the values of `oids` by their names, and note the sources of `part`."""
        found = await self.get(oids.values())
        self.sources.update({f"{part}.{name}": raw for name, raw in oids.items() if raw in found})
        return {name: found[raw] for name, raw in oids.items() if raw in found}

    async def walk_optional_column(self, column: bytes) -> dict[tuple[int, ...], SnmpValue]:
        """Walk an optional column; a refusal is noted as a problem and gives an empty column."""
        try:
            return await self.walk_column(column)
        except RefusedByDevice as why:
            self.note_problem(why.reason)
            return {}

    async def walk_column(self, root: bytes) -> dict[tuple[int, ...], SnmpValue]:
        """Walk everything below `root`; values by the arcs after it."""
        below = (
            (decode_arcs(raw[len(root) :]), value)
            for raw, value in await self._reader.walk(root)
            if raw.startswith(root) and not isinstance(value, MissingValue)
        )
        return {index: value for index, value in below if all(arc <= MAX_ARC for arc in index)}

    async def walk_columns(self, *roots: bytes) -> dict[bytes, dict[tuple[int, ...], SnmpValue]]:
        """Walk everything below each of `roots`, side by side; values by the arcs after the root."""
        found: dict[bytes, dict[tuple[int, ...], SnmpValue]] = {root: {} for root in roots}
        for raw, value in await self._reader.walk(*roots):
            root = next((root for root in roots if raw.startswith(root)), None)
            if root is not None and not isinstance(value, MissingValue):
                index = decode_arcs(raw[len(root) :])
                if all(arc <= MAX_ARC for arc in index):
                    found[root][index] = value
        return found

    async def read_table(self, table: MibTable) -> list[MibRow]:
        """Read the rows, in the order of their numbers. A row exists if any column has it."""
        return (await self.read_tables(table))[0]

    async def read_tables(self, *tables: MibTable) -> list[list[MibRow]]:
        """Read the rows of several tables, walked side by side so that they share requests."""
        columns = {raw: (table, name) for table in tables for raw, name in table.columns.items()}
        widths = {len(raw) for raw in columns}
        rows: dict[tuple[str, int, int], MibRow] = {}
        for raw, value in await self._reader.walk(*columns):
            width = next((width for width in widths if raw[:width] in columns), 0)
            if not width or isinstance(value, MissingValue):
                continue
            table, column = columns[raw[:width]]
            if (place := self._locate_row(table, decode_arcs(raw[width:]))) is not None:
                row = rows.setdefault((table.name, *place), MibRow(self, table.name, *place))
                row.cells[column] = value
                self.seen.add(row.unit)
                self.sources[f"{table.name}.{row.index}.{column}"] = raw
        ordered = [rows[place] for place in sorted(rows)]
        return [[row for row in ordered if row.table == table.name] for table in tables]

    def _locate_row(self, table: MibTable, index: tuple[int, ...]) -> tuple[int, int] | None:
        """Find (hrDeviceIndex, row number). Some firmware leaves out the first."""
        if any(arc > MAX_ARC for arc in index):
            self.note_problem(f"{table.name}: a row with a number beyond 2^32 in its index")
        elif len(index) == 2:
            return index[0], index[1]
        elif len(index) == 1:
            return self.unit, index[0]
        else:
            self.note_problem(f"{table.name}: a row with an index of {counted(len(index), 'number')}")
        return None

    def parse_number(self, value: SnmpValue, what: str) -> int | None:
        """Parse an integer, also one sent as digits in a string; anything else is a problem and None."""
        if value is None or isinstance(value, int):
            return value
        if isinstance(value, bytes) and not isinstance(value, (ObjectId, IpAddress)):
            try:
                return int(value.strip(b"\0 ").decode("ascii"))
            except ValueError:
                pass
        self.note_problem(f"{what}: not a number: {_format_value(value)}")
        return None

    def decode_text(self, value: SnmpValue, what: str) -> str:
        """Decode an octet string in the printer's charset; "" for no value."""
        if value is None:
            return ""
        if isinstance(value, bytes) and not isinstance(value, (ObjectId, IpAddress)):
            return decode_octets(value, self.charset)
        self.note_problem(f"{what}: not a text: {_format_value(value)}")
        return ""


def _format_value(value: SnmpValue) -> str:
    return value[:20].hex() if isinstance(value, bytes) else str(value)
