"""Walk files: the values of a printer in a file, and an `SnmpReader` that answers from it.

A line is `OID|TAG|VALUE`, split on the first two bars only, TAG the BER tag in decimal (2 INTEGER,
4 OCTET STRING, 6 OBJECT IDENTIFIER, 64 IpAddress, …); with an `x` behind it, VALUE is hexadecimal.
"""

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.core.errors import ConfigError
from agent.core.model import Address
from agent.snmp.oid import decode_arcs, format_oid, oid
from agent.snmp.reader import IpAddress, MissingValue, ObjectId, SnmpValue, VarBind

INTEGER, OCTETS, OBJECT_ID, IP_ADDRESS, COUNTER64 = 2, 4, 6, 64, 70
_NUMBERS = frozenset({INTEGER, 65, 66, 67, COUNTER64})


def format_walk(rows: Iterable[VarBind]) -> str:
    """Format the lines of a walk, in the order of their OIDs. An OID without a value is left out."""
    ordered = sorted(dict(rows).items(), key=lambda row: decode_arcs(row[0]))
    return "".join(
        f"{format_oid(name)}|{text}\n"
        for name, value in ordered
        if (text := _format_value(value)) is not None
    )


def _format_value(value: SnmpValue) -> str | None:
    if value is None or isinstance(value, MissingValue):
        return None
    if isinstance(value, int):
        return f"{INTEGER if -(1 << 31) <= value < 1 << 31 else COUNTER64}|{value}"
    if isinstance(value, ObjectId):
        return f"{OBJECT_ID}|{format_oid(value)}"
    if isinstance(value, IpAddress):
        return f"{IP_ADDRESS}x|{value.hex()}"
    plain = value.isascii() and value.decode("ascii").isprintable()
    return f"{OCTETS}|{value.decode('ascii')}" if plain else f"{OCTETS}x|{value.hex()}"


def load_walk(path: Path) -> dict[bytes, SnmpValue]:
    """Load the values in a walk file; of double OIDs the first counts. Raises ConfigError without any row."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as why:
        raise ConfigError.for_file(path, f"cannot be read: {why.strerror}") from None
    found: dict[bytes, SnmpValue] = {}
    for name, value in _parse_rows(lines):
        found.setdefault(name, value)
    if not found:
        raise ConfigError.for_file(path, "is no walk", suggestion="a line of it is OID|TAG|VALUE")
    return found


def _parse_rows(lines: Iterable[bytes]) -> Iterator[VarBind]:
    """Parse the lines that are rows; skip the others."""
    for line in lines:
        name, _, rest = line.rstrip(b"\r").partition(b"|")
        tag, bar, text = rest.partition(b"|")
        try:
            if bar:
                yield oid(name.strip().decode("ascii")), _parse_value(tag, text)
        except ValueError:
            continue


def _parse_value(tag: bytes, text: bytes) -> SnmpValue:
    number = int(tag.rstrip(b"x"))
    raw = bytes.fromhex(text.decode("ascii")) if tag.endswith(b"x") else text
    if number in _NUMBERS:
        return int(text)
    if number == OBJECT_ID:
        return ObjectId(oid(text.decode("ascii")))
    if number == IP_ADDRESS:
        return IpAddress(raw if tag.endswith(b"x") else bytes(map(int, text.split(b"."))))
    return raw if number == OCTETS else None


class WalkReader:
    """An `SnmpReader` of a walk: no network, no waiting."""

    def __init__(self, values: Mapping[bytes, SnmpValue], address: Address | None = None) -> None:
        self._values = values
        self._address = address or Address("0.0.0.0", 0)  # noqa: S104 no real address
        self._order = sorted(values, key=decode_arcs)
        self._keys = [decode_arcs(name) for name in self._order]
        self.asked: set[bytes] = set()  # by name, whether it was there or not

    @property
    def address(self) -> Address:
        return self._address

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        self.asked.update(oids)
        return {name: self._values[name] for name in oids if self._values.get(name) is not None}

    def accompany(self, companion: object) -> None:
        """A file is one printer: it needs no proof."""

    async def confirm(self) -> None:
        """See `accompany`."""

    async def walk(self, *roots: bytes) -> list[VarBind]:
        self.asked.update(roots)
        return [row for root in roots for row in self._rows_below(root)]

    def _rows_below(self, root: bytes) -> Iterator[VarBind]:
        for name in self._order[bisect.bisect_right(self._keys, decode_arcs(root)) :]:
            if not name.startswith(root):
                return
            yield name, self._values[name]
