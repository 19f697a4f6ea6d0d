"""Walk files: what a real device said once, said again.

A line is `OID|TAG|VALUE`, split on the first two bars only, because values contain bars too. TAG is
the BER tag in decimal; with an `x` behind it, VALUE is hexadecimal. Files are read as bytes: what a
device said is in its own character set, and goes out as it came in.

A line that cannot be used is reported with its place and left out. Of two lines with the same OID
the first counts.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import Complaint
from agent.simulator.ber import Oid, Tag, Value, oid
from agent.simulator.mib import Mib, ticks
from agent.simulator.printer import UPTIME

_UNSIGNED = frozenset({Tag.COUNTER32, Tag.GAUGE32, Tag.TICKS, Tag.COUNTER64})
_LIMITS = {Tag.INTEGER: (-(1 << 31), (1 << 32) - 1), Tag.COUNTER64: (0, (1 << 64) - 1)}
_LIMIT_32 = (0, (1 << 32) - 1)


class Still:
    """A device of which nothing moves but sysUpTime."""

    def __init__(self, values: Mapping[Oid, Value]) -> None:
        self._mib = Mib(values)
        uptime = values.get(UPTIME)
        counted = uptime.content if uptime and uptime.tag == Tag.TICKS else None
        self._up_before = counted / 100 if isinstance(counted, int) else None

    def __len__(self) -> int:
        return len(self._mib)

    def mib(self, elapsed: float) -> Mib | None:
        """What it shows `elapsed` seconds after the fleet's start."""
        if self._up_before is None:
            return self._mib
        return self._mib.changed({UPTIME: ticks(self._up_before + max(0.0, elapsed))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One walk file: what can be replayed, and what could not be used."""

    path: Path
    values: Mapping[Oid, Value]
    problems: tuple[Complaint, ...] = ()


def read_walk(path: Path) -> Walk:
    """The walk in the file at `path`. Raises OSError if it cannot be read."""
    values: dict[Oid, Value] = {}
    problems = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            place, value = parse_line(line.removesuffix(b"\r"))
        except ValueError as error:
            problems.append(Complaint(file=str(path), line=number, reason=f"skipped: {error}"))
            continue
        values.setdefault(place, value)
    return Walk(path=path, values=values, problems=tuple(problems))


def parse_line(line: bytes) -> tuple[Oid, Value]:
    """The OID and the value of one line. Raises ValueError with what is wrong."""
    parts = line.split(b"|", 2)
    if len(parts) != 3:
        raise ValueError("a line has the form OID|TAG|VALUE")
    place, tag_text, raw = parts[0].decode("latin-1"), parts[1].decode("latin-1"), parts[2]
    return _oid(place), _value(tag_text, raw)


def _oid(written: str) -> Oid:
    try:
        arcs = oid(written.strip())
    except ValueError:
        raise ValueError(f"{written!r} is not an OID") from None
    if len(arcs) < 2 or arcs[0] > 2 or any(not 0 <= arc < 1 << 32 for arc in arcs):
        raise ValueError(f"{written!r} is not an OID")
    return arcs


def _value(tag_text: str, raw: bytes) -> Value:
    try:
        tag = Tag(int(tag_text.removesuffix("x")))
    except ValueError:
        raise ValueError(f"{tag_text!r} is not a tag of SNMP") from None
    if tag not in _READ:
        raise ValueError(f"{tag_text!r} is not a tag of a value")
    if tag_text.endswith("x"):
        return Value(tag, _from_octets(tag, _unhex(raw)))
    return Value(tag, _READ[tag](raw))


def _unhex(raw: bytes) -> bytes:
    try:
        return bytes.fromhex(raw.decode("ascii"))
    except ValueError:
        raise ValueError(f"{_short(raw)} is not hexadecimal") from None


def _from_octets(tag: Tag, octets: bytes) -> int | bytes:
    """The value whose contents octets are given; an OID is never written so."""
    if tag == Tag.INTEGER or tag in _UNSIGNED:
        return _within(tag, int.from_bytes(octets, "big", signed=tag == Tag.INTEGER))
    if tag == Tag.IP_ADDRESS and len(octets) != 4:
        raise ValueError(f"{len(octets)} octets are not an IPv4 address")
    if tag in {Tag.OID, Tag.NULL}:
        raise ValueError(f"{tag.name} in hexadecimal")
    return octets


def _number(tag: Tag) -> Callable[[bytes], int]:
    def read(raw: bytes) -> int:
        try:
            return _within(tag, int(raw))
        except ValueError:
            raise ValueError(f"{_short(raw)} is not a number that {tag.name} can hold") from None

    return read


def _within(tag: Tag, number: int) -> int:
    low, high = _LIMITS.get(tag, _LIMIT_32)
    if not low <= number <= high:
        raise ValueError(f"{number} does not fit into {tag.name}")
    return number


def _address(raw: bytes) -> bytes:
    try:
        return ipaddress.IPv4Address(raw.decode("latin-1").strip()).packed
    except ValueError:
        raise ValueError(f"{_short(raw)} is not an IPv4 address") from None


def _short(raw: bytes) -> str:
    written = raw.decode("latin-1")
    return repr(written if len(written) <= 40 else f"{written[:40]}…")


_READ: Mapping[Tag, Callable[[bytes], int | bytes | Oid | None]] = {
    Tag.OCTETS: bytes,
    Tag.OPAQUE: bytes,
    Tag.NULL: lambda _: None,
    Tag.OID: lambda raw: _oid(raw.decode("latin-1")),
    Tag.IP_ADDRESS: _address,
    **{tag: _number(tag) for tag in (Tag.INTEGER, *sorted(_UNSIGNED))},
}
