"""Walk files are replayed as they are: every distinct OID, each once, in order, with its value."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import own

from agent.simulator.ber import BerTag, BerValue
from agent.simulator.device import SimulatedDevice
from agent.simulator.fleets import build_walk_devices
from agent.simulator.walk import read_walk

CORPUS = Path(os.environ.get("PRINTWARDEN_CORPUS", "../shared/corpus"))
WALKS = sorted(CORPUS.glob("walks/*.snmprec"))

needs_corpus = pytest.mark.skipif(not WALKS, reason=f"no walk files in {CORPUS}: set PRINTWARDEN_CORPUS")

LINES = (
    ("1.3.6.1.2.1.1.1.0|4|a|b|c", BerValue(BerTag.OCTETS, b"a|b|c")),
    ("1.3.6.1.2.1.1.1.0|4|", BerValue(BerTag.OCTETS, b"")),
    ("1.3.6.1.2.1.1.1.0|4x|00ff7C", BerValue(BerTag.OCTETS, b"\x00\xff|")),
    ("1.3.6.1.2.1.1.2.0|6|.1.3.6.1.4.1.11", BerValue(BerTag.OID, (1, 3, 6, 1, 4, 1, 11))),
    (".1.3.6.1.2.1.1.3.0|67|42", BerValue(BerTag.TICKS, 42)),
    ("1.3.6.1.2.1.1.4.0|2|-3", BerValue(BerTag.INTEGER, -3)),
    ("1.3.6.1.2.1.1.4.0|2|4294967293", BerValue(BerTag.INTEGER, 4294967293)),
    ("1.3.6.1.2.1.1.4.0|64|10.0.0.1", BerValue(BerTag.IP_ADDRESS, b"\x0a\x00\x00\x01")),
    ("1.3.6.1.2.1.1.4.0|64x|0a000001", BerValue(BerTag.IP_ADDRESS, b"\x0a\x00\x00\x01")),
    ("1.3.6.1.2.1.1.4.0|70|18446744073709551615", BerValue(BerTag.COUNTER64, (1 << 64) - 1)),
    ("1.3.6.1.2.1.1.4.0|5|", BerValue(BerTag.NULL, None)),
)

BROKEN = (
    ("1.3.6.1.2.1.1.1.0|4", "OID|TAG|VALUE"),
    ("one.three|4|x", "not an OID"),
    ("1|4|x", "not an OID"),
    ("1.3.6.4294967296|4|x", "not an OID"),
    ("1.3.6.1|48|x", "not a tag"),
    ("1.3.6.1|129|x", "not a tag"),
    ("1.3.6.1|two|x", "not a tag"),
    ("1.3.6.1|2|No such instance", "not a number"),
    ("1.3.6.1|65|-1", "not a number"),
    ("1.3.6.1|65|4294967296", "not a number"),
    ("1.3.6.1|4x|0g", "not hexadecimal"),
    ("1.3.6.1|64|10.0.0", "not an IPv4 address"),
    ("1.3.6.1|64x|0a00", "not an IPv4 address"),
    ("1.3.6.1|6|text", "not an OID"),
)


@pytest.mark.parametrize(("line", "value"), LINES, ids=[line for line, _ in LINES])
def test_a_line_becomes_a_typed_value(line: str, value: BerValue, tmp_path: Path) -> None:
    path = tmp_path / "one.snmprec"
    path.write_bytes(line.encode("latin-1") + b"\r\n")
    walk = read_walk(path)
    assert list(walk.values.values()) == [value]
    assert not walk.problems


@pytest.mark.parametrize(("line", "reason"), BROKEN, ids=[line for line, _ in BROKEN])
def test_a_broken_line_is_reported_with_its_place_and_skipped(line: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.snmprec"
    path.write_text(f"1.3.6.1.2.1.1.5.0|4|good\n{line}\n1.3.6.1.2.1.1.6.0|4|good too\n")
    walk = read_walk(path)
    assert len(walk.values) == 2
    assert [(problem.line, reason in problem.reason) for problem in walk.problems] == [(2, True)]
    assert str(walk.problems[0]).startswith(f"{path}:2: ")


def test_of_two_lines_with_the_same_oid_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "twice.snmprec"
    path.write_text("1.3.6.1.2.1.1.5.0|4|first\n.1.3.6.1.2.1.1.5.0|4|second\n")
    assert list(read_walk(path).values.values()) == [BerValue(BerTag.OCTETS, b"first")]


@needs_corpus
def test_only_one_line_of_the_whole_corpus_is_broken() -> None:
    problems = [problem for path in WALKS for problem in read_walk(path).problems]
    assert [Path(problem.file).name for problem in problems] == ["okilan_9450g.snmprec"]


def distinct_oids(path: Path) -> set[str]:
    """What is to be replayed, counted without the simulator's own reading of the file."""
    usable = set()
    for line in path.read_bytes().split(b"\n"):
        oid, _, rest = line.partition(b"|")
        tag, _, value = rest.partition(b"|")
        if not line or (tag in {b"2", b"65", b"66", b"67", b"70"} and not value.lstrip(b"-").isdigit()):
            continue
        usable.add(oid.decode().lstrip("."))
    return usable


@needs_corpus
async def test_every_walk_file_is_replayed_whole(
    play: Callable, client: Callable, still_clock: object
) -> None:
    fleet = await play(*build_walk_devices(WALKS, own("100.1"), 0), clock=still_clock)

    async def compare(member: SimulatedDevice, path: Path) -> None:
        oids = distinct_oids(path)
        found = await client(member.address).walk(kind="next" if len(oids) < 1000 else "bulk")
        assert sorted(".".join(map(str, oid)) for oid, _ in found) == sorted(oids), path.name
        assert found == sorted(found, key=lambda varbind: varbind[0]), path.name

    pairs = zip(fleet.members, WALKS, strict=True)
    await asyncio.gather(*(compare(member, path) for member, path in pairs))
