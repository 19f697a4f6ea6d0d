"""Walk files: the recorded answers of a real device, replayed.

A line is `OID|TAG|VALUE`, split on the first two bars only, because values contain bars too. TAG is
the BER tag in decimal; with an `x` behind it, VALUE is hexadecimal. Files are read as bytes: a
device's text is in its own character set, and goes out unchanged.

A line that cannot be used is reported with its place and left out. Of two lines with the same OID
the first counts.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import Complaint
from agent.simulator.ber import BerTag, BerValue, Oid, oid
from agent.simulator.mib import MibTree, ticks
from agent.simulator.printer import UPTIME

_UNSIGNED = frozenset({BerTag.COUNTER32, BerTag.GAUGE32, BerTag.TICKS, BerTag.COUNTER64})
_LIMITS = {BerTag.INTEGER: (-(1 << 31), (1 << 32) - 1), BerTag.COUNTER64: (0, (1 << 64) - 1)}
_LIMIT_32 = (0, (1 << 32) - 1)


class StaticDevice:
    """A device of which nothing moves but sysUpTime."""

    def __init__(self, values: Mapping[Oid, BerValue]) -> None:
        self._mib = MibTree(values)
        uptime = values.get(UPTIME)
        counted = uptime.content if uptime and uptime.tag == BerTag.TICKS else None
        self._up_before = counted / 100 if isinstance(counted, int) else None

    def __len__(self) -> int:
        return len(self._mib)

    def mib_at(self, elapsed: float) -> MibTree | None:
        """Return its tree `elapsed` seconds after the fleet's start."""
        if self._up_before is None:
            return self._mib
        return self._mib.with_changes({UPTIME: ticks(self._up_before + max(0.0, elapsed))})


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFile:
    """One walk file: its usable values, and the lines that could not be used."""

    path: Path
    values: Mapping[Oid, BerValue]
    problems: tuple[Complaint, ...] = ()


def read_walk(path: Path) -> WalkFile:
    """The walk in the file at `path`. Raises OSError if it cannot be read."""
    values: dict[Oid, BerValue] = {}
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
    return WalkFile(path=path, values=values, problems=tuple(problems))


def parse_line(line: bytes) -> tuple[Oid, BerValue]:
    """The OID and the value of one line. Raises ValueError with what is wrong."""
    parts = line.split(b"|", 2)
    if len(parts) != 3:
        raise ValueError("a line has the form OID|TAG|VALUE")
    place, tag_text, raw = parts[0].decode("latin-1"), parts[1].decode("latin-1"), parts[2]
    return _parse_oid(place), _parse_value(tag_text, raw)


def _parse_oid(written: str) -> Oid:
    try:
        arcs = oid(written.strip())
    except ValueError:
        raise ValueError(f"{written!r} is not an OID") from None
    if len(arcs) < 2 or arcs[0] > 2 or any(not 0 <= arc < 1 << 32 for arc in arcs):
        raise ValueError(f"{written!r} is not an OID")
    return arcs


def _parse_value(tag_text: str, raw: bytes) -> BerValue:
    try:
        tag = BerTag(int(tag_text.removesuffix("x")))
    except ValueError:
        raise ValueError(f"{tag_text!r} is not a tag of SNMP") from None
    if tag not in _VALUE_PARSERS:
        raise ValueError(f"{tag_text!r} is not a tag of a value")
    if tag_text.endswith("x"):
        return BerValue(tag, _decode_octets(tag, _decode_hex(raw)))
    return BerValue(tag, _VALUE_PARSERS[tag](raw))


def _decode_hex(raw: bytes) -> bytes:
    try:
        return bytes.fromhex(raw.decode("ascii"))
    except ValueError:
        raise ValueError(f"{_quote_short(raw)} is not hexadecimal") from None


def _decode_octets(tag: BerTag, octets: bytes) -> int | bytes:
    """The value whose contents octets are given; an OID is never written so."""
    if tag == BerTag.INTEGER or tag in _UNSIGNED:
        return _check_range(tag, int.from_bytes(octets, "big", signed=tag == BerTag.INTEGER))
    if tag == BerTag.IP_ADDRESS and len(octets) != 4:
        raise ValueError(f"{len(octets)} octets are not an IPv4 address")
    if tag in {BerTag.OID, BerTag.NULL}:
        raise ValueError(f"{tag.name} in hexadecimal")
    return octets


def _number_parser(tag: BerTag) -> Callable[[bytes], int]:
    def parse_number(raw: bytes) -> int:
        try:
            return _check_range(tag, int(raw))
        except ValueError:
            raise ValueError(f"{_quote_short(raw)} is not a number that {tag.name} can hold") from None

    return parse_number


def _check_range(tag: BerTag, number: int) -> int:
    low, high = _LIMITS.get(tag, _LIMIT_32)
    if not low <= number <= high:
        raise ValueError(f"{number} does not fit into {tag.name}")
    return number


def _parse_address(raw: bytes) -> bytes:
    try:
        return ipaddress.IPv4Address(raw.decode("latin-1").strip()).packed
    except ValueError:
        raise ValueError(f"{_quote_short(raw)} is not an IPv4 address") from None


def _quote_short(raw: bytes) -> str:
    written = raw.decode("latin-1")
    return repr(written if len(written) <= 40 else f"{written[:40]}…")


_VALUE_PARSERS: Mapping[BerTag, Callable[[bytes], int | bytes | Oid | None]] = {
    BerTag.OCTETS: bytes,
    BerTag.OPAQUE: bytes,
    BerTag.NULL: lambda _: None,
    BerTag.OID: lambda raw: _parse_oid(raw.decode("latin-1")),
    BerTag.IP_ADDRESS: _parse_address,
    **{tag: _number_parser(tag) for tag in (BerTag.INTEGER, *sorted(_UNSIGNED))},
}
