"""A printer in memory: a `.snmprec` walk that answers like a `Reader`, without a network.

A line is `OID|TAG|VALUE`, TAG the BER tag in decimal, with `x` for a value in hex.
"""

import asyncio
import bisect
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from agent.cli._probe_document import build_document
from agent.collectors.printer_mib import ALL_TIERS, read_printer
from agent.core.errors import NoAnswer
from agent.core.model import Address, CachedIdentity, Snapshot, Tier
from agent.snmp.oid import decode_arcs, oid
from agent.snmp.reader import IpAddress, ObjectId, SnmpValue, VarBind

OCTETS, NULL, OBJECT_ID, IP_ADDRESS = 4, 5, 6, 64


def read_walk(path: Path) -> dict[bytes, SnmpValue]:
    """The values of a walk; broken lines are left out, of double OIDs the first counts."""
    values: dict[bytes, SnmpValue] = {}
    for line in path.read_text("latin-1").split("\n"):
        name, _, rest = line.rstrip("\r").partition("|")
        tag, _, text = rest.partition("|")
        try:
            values.setdefault(oid(name.strip()), _value(tag, text))
        except (ValueError, IndexError):
            continue
    return values


def _value(tag: str, text: str) -> SnmpValue:
    number = int(tag.rstrip("x"))
    if number == OCTETS:
        return bytes.fromhex(text) if tag.endswith("x") else text.encode("latin-1")
    if number == OBJECT_ID:
        return ObjectId(oid(text))
    if number == IP_ADDRESS:
        return IpAddress(bytes.fromhex(text) if tag.endswith("x") else bytes(map(int, text.split("."))))
    return None if number == NULL else int(text)


class WalkReader:
    """Answers from `values`; after `answers` requests it falls silent."""

    def __init__(self, values: dict[bytes, SnmpValue], *, answers: int | None = None) -> None:
        self.values = values
        self.requests = 0
        self._answers = answers
        self._order = sorted(values, key=decode_arcs)
        self._keys = [decode_arcs(name) for name in self._order]

    @property
    def address(self) -> Address:
        return Address("192.0.2.1", 161)

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, SnmpValue]:
        self._asked()
        return {name: self.values[name] for name in oids if self.values.get(name) is not None}

    def accompany(self, companion: object) -> None:
        """A file is one printer: it needs no proof."""

    async def confirm(self) -> None:
        """See `accompany`."""

    async def walk(self, *roots: bytes) -> list[VarBind]:
        self._asked()
        return [row for root in roots for row in self._below(root)]

    def _below(self, root: bytes) -> list[VarBind]:
        start = bisect.bisect_right(self._keys, decode_arcs(root))
        rows = []
        for name in self._order[start:]:
            if not name.startswith(root):
                break
            rows.append((name, self.values[name]))
        return rows

    def _asked(self) -> None:
        self.requests += 1
        if self._answers is not None and self.requests > self._answers:
            raise NoAnswer("192.0.2.1:161", "no answer within 2 s")


Walks = Callable[..., WalkReader]
CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="session")
def walked() -> Walks:
    """Makes a reader of a walk file; `answers` bounds how often it answers."""

    def make(path: Path, *, answers: int | None = None) -> WalkReader:
        return WalkReader(read_walk(path), answers=answers)

    return make


@pytest.fixture(scope="session")
def taken() -> Callable[..., Snapshot]:
    """Takes a snapshot of a reader, outside of any running loop."""

    def take(
        reader: WalkReader, tiers: Collection[Tier] = ALL_TIERS, known: CachedIdentity | None = None
    ) -> Snapshot:
        return asyncio.run(read_printer(reader, at=0.0, tiers=tiers, known=known))

    return take


@pytest.fixture(scope="session")
def printed(walked: Walks, taken: Callable[..., Snapshot]) -> Callable[[Path], dict[str, object]]:
    """What `probe --json` would print of a walk file."""

    def show(path: Path) -> dict[str, object]:
        made = build_document(taken(walked(path)), "1970-01-01T00:00:00Z")
        return json.loads(made.model_dump_json(by_alias=True))

    return show


@pytest.fixture(scope="session")
def differences() -> Callable[[object, object], list[str]]:
    """Where a document differs from an expectation, which may say less, but not otherwise."""

    def compare(got: object, want: object, where: str = "") -> list[str]:
        if isinstance(want, dict) and isinstance(got, dict):
            return [one for key in want for one in compare(got.get(key), want[key], f"{where}.{key}")]
        if isinstance(want, list) and isinstance(got, list) and len(got) == len(want):
            return [
                one
                for n, (left, right) in enumerate(zip(got, want, strict=True))
                for one in compare(left, right, f"{where}[{n}]")
            ]
        return [] if got == want and type(got) is type(want) else [f"{where}: want {want!r}, got {got!r}"]

    return compare
