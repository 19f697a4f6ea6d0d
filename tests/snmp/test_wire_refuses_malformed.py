"""Every bound of the codec, one packet each; and each check of the codec is needed for at least one.

The packets are put together by hand here, octet by octet, so that nothing is shared with the codec.
"""

import ast
import importlib.util
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agent.core.errors import MalformedReply
from agent.snmp import codec
from agent.snmp.reader import ObjectId


def tlv(tag: int, contents: bytes, length: bytes | None = None) -> bytes:
    if length is None:
        size = len(contents)
        length = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + length + contents


NAME = tlv(6, b"\x2b\x06\x01\x02\x01\x01\x03\x00")
NUMBER = tlv(2, b"\x07")
PAIR = tlv(0x30, NAME + NUMBER)


def reply(pairs: bytes = PAIR, **changed: bytes) -> bytes:
    """A response whose parts may be changed: version, community, id, status, index, tag, after_…"""
    part = {
        "version": tlv(2, b"\x01"), "community": tlv(4, b"public"), "id": tlv(2, b"\x40\x00\x00\x01"),
        "status": tlv(2, b"\x00"), "index": tlv(2, b"\x00"), "tag": b"\xa2", "pairs": tlv(0x30, pairs),
        "after_pairs": b"", "after_pdu": b"", "after": b"", **changed,
    }  # fmt: skip
    pdu = part["id"] + part["status"] + part["index"] + part["pairs"] + part["after_pairs"]
    inside = part["version"] + part["community"] + tlv(part["tag"][0], pdu) + part["after_pdu"]
    return tlv(0x30, inside) + part["after"]


def pair(value: bytes = NUMBER, name: bytes = NAME, after: bytes = b"") -> bytes:
    return tlv(0x30, name + value + after)


def named(octets: bytes) -> bytes:
    return reply(pair(name=tlv(6, octets)))


def valued(tag: int, octets: bytes) -> bytes:
    return reply(pair(tlv(tag, octets)))


ARC_OF_33_BITS = b"\x2b\x90\x80\x80\x80\x00"
CASES: list[tuple[str, bytes]] = [
    ("nothing at all", b""),
    ("no sequence", b"\x31" + reply()[1:]),
    ("longer than 8 KiB", reply(pair(tlv(4, bytes(8192))))),
    ("a message longer than its datagram", b"\x30" + bytes((reply()[1] + 1,)) + reply()[2:]),
    ("a message shorter than its PDU", b"\x30" + bytes((reply()[1] - 1,)) + reply()[2:]),
    ("octets after the PDU", reply(after_pdu=b"\x05\x00")),
    ("octets after the varbinds", reply(after_pairs=b"\x05\x00")),
    ("a varbind outside of the list of varbinds", reply(after_pairs=PAIR)),
    ("an indefinite length", b"\x30\x80" + reply()[2:] + b"\x00\x00"),
    ("a length of five octets", b"\x30\x85\x00\x00\x00\x00" + reply()[1:]),
    ("a length of 127 octets", b"\x30\xff" + reply()[2:]),
    ("a community longer than the message", reply(community=tlv(4, b"public", b"\x7f"))),
    ("SNMPv3", reply(version=tlv(2, b"\x03"))),
    ("a version before the first", reply(version=tlv(2, b"\xff"))),
    ("a version that is text", reply(version=tlv(4, b"\x01"))),
    ("a community that is a number", reply(community=tlv(2, b"\x01"))),
    ("a request instead of a response", reply(tag=b"\xa0")),
    ("a SET", reply(tag=b"\xa3")),
    ("an id of no octets", reply(id=tlv(2, b""))),
    ("an id of ten octets", reply(id=tlv(2, b"\x01" + bytes(9)))),
    ("a status that is text", reply(status=tlv(4, b"\x00"))),
    ("an index of no octets", reply(status=tlv(2, b"\x05"), index=tlv(2, b""))),
    ("varbinds that are no sequence", reply(pairs=tlv(0x31, PAIR))),
    ("65 varbinds", reply(PAIR * 65)),
    ("a varbind that is no sequence", reply(tlv(0x31, NAME + NUMBER))),
    ("a varbind longer than its list", reply(tlv(0x30, NAME + NUMBER, b"\x20"))),
    ("a varbind of a long length longer than its list", reply(tlv(0x30, NAME + NUMBER, b"\x81\x20"))),
    ("a varbind without a value", reply(tlv(0x30, NAME))),
    ("an empty varbind", reply(tlv(0x30, b""))),
    ("a name that is text", reply(pair(name=tlv(4, b"\x2b\x06\x01")))),
    ("a name longer than its varbind", reply(tlv(0x30, tlv(6, b"\x2b\x06", b"\x7f") + NUMBER))),
    ("a value shorter than its varbind", reply(pair(after=b"\x00"))),
    ("a value longer than its varbind", reply(tlv(0x30, NAME + tlv(2, b"\x07", b"\x02")) + PAIR)),
    ("an empty name", named(b"")),
    ("a name cut off within an arc", named(b"\x2b\x06\x81")),
    ("an arc of 33 bits", named(ARC_OF_33_BITS)),
    ("an arc of six octets", named(b"\x2b\x81\x80\x80\x80\x80\x00")),
    ("an arc with an empty first octet", named(b"\x2b\x80\x06")),
    ("129 arcs", named(b"\x2b" + b"\x01" * 127)),
    ("129 arcs, some of them long", named(b"\x2b" + b"\x01" * 126 + b"\x81\x01")),
]
LOST_VALUES = [
    ("a value of an unknown type", tlv(0x47, b"\x01")),
    ("a number of no octets", tlv(2, b"")),
    ("a number of twelve octets", tlv(2, b"\x7f" * 12)),
    ("a number of 200 octets", tlv(2, b"\x01" * 200)),
    ("a number above 2^64", tlv(0x46, b"\x01" + bytes(8))),
    ("a counter of no octets", tlv(0x41, b"")),
    ("a NULL with contents", tlv(5, b"\x00")),
    ("an IP address of three octets", tlv(0x40, bytes(3))),
    ("an OID value cut off within an arc", tlv(6, b"\x2b\x81")),
    ("an OID value of 33 bits", tlv(6, ARC_OF_33_BITS)),
]
"""Values that make no sense, in a message that does."""


def trap(**changed: bytes) -> bytes:
    """An SNMPv1 trap (RFC 1157, 4.1.6), or with `pdu` whatever that is."""
    body = {
        "enterprise": tlv(6, b"\x2b\x06\x01\x04\x01\x0b"), "source": tlv(0x40, b"\x0a\x00\x00\x05"),
        "generic": tlv(2, b"\x06"), "specific": tlv(2, b"\x01"), "ticks": tlv(0x43, b"\x07"),
        "pairs": tlv(0x30, PAIR), **changed,
    }  # fmt: skip
    pdu = b"".join(body[key] for key in ("enterprise", "source", "generic", "specific", "ticks", "pairs"))
    head = changed.get("version", tlv(2, b"\x00")) + tlv(4, b"public")
    return tlv(0x30, head + changed.get("pdu", tlv(0xA4, pdu)) + changed.get("after_pdu", b""))


TRAPS: list[tuple[str, bytes]] = [
    ("nothing at all", b""),
    ("a response", reply()),
    ("an SNMPv1 trap that says it is v2c", trap(version=tlv(2, b"\x01"))),
    ("an SNMPv2 trap that says it is v1", trap(pdu=tlv(0xA7, b""))),
    ("octets after the PDU", trap(after_pdu=b"\x00")),
    ("an enterprise of no arcs", trap(enterprise=tlv(6, b""))),
    ("a source of five octets", trap(source=tlv(0x40, bytes(5)))),
    ("ticks that are text", trap(ticks=tlv(4, b"\x07"))),
    ("octets after the varbinds", trap(pairs=tlv(0x30, PAIR) + b"\x05\x00")),
]


@pytest.mark.parametrize(("story", "packet"), CASES, ids=[story for story, _ in CASES])
def test_a_malformed_reply_is_refused(story: str, packet: bytes) -> None:
    with pytest.raises(MalformedReply):
        codec.decode_reply(packet)


@pytest.mark.parametrize(("story", "packet"), TRAPS, ids=[story for story, _ in TRAPS])
def test_a_malformed_trap_is_refused(story: str, packet: bytes) -> None:
    with pytest.raises(MalformedReply):
        codec.decode_trap(packet)


@pytest.mark.parametrize("octets", [b"\x00", bytes(64), b"\xff" * 7, reply(), b"\x30\x82\x01"])
def test_octets_after_a_whole_message_are_ignored(octets: bytes) -> None:
    assert codec.decode_reply(reply(after=octets)) == codec.decode_reply(reply())
    assert codec.decode_trap(trap() + octets) == codec.decode_trap(trap())


@pytest.mark.parametrize(("story", "value"), LOST_VALUES, ids=[story for story, _ in LOST_VALUES])
def test_a_value_that_cannot_be_decoded_costs_that_value_alone(story: str, value: bytes) -> None:
    found = codec.decode_reply(reply(PAIR + pair(value) + PAIR)).varbinds
    assert [number for _, number in found] == [7, None, 7]


def test_zeros_in_front_of_a_number_change_nothing() -> None:
    assert codec.decode_reply(valued(2, bytes(11) + b"\x64")).varbinds[0][1] == 100
    assert codec.decode_reply(valued(0x46, bytes(4) + b"\xff" * 8)).varbinds[0][1] == 2**64 - 1


def test_the_same_packets_unbroken_are_read() -> None:
    assert codec.decode_reply(reply()).varbinds == [(NAME[2:], 7)]
    assert codec.decode_trap(trap()).specific == 1
    assert len(codec.decode_reply(reply(PAIR * 64)).varbinds) == 64
    assert codec.decode_reply(named(b"\x2b" + b"\x01" * 126)).varbinds[0][1] == 7
    assert codec.decode_reply(named(b"\x2b\x8f\xff\xff\xff\x7f")).varbinds[0][1] == 7
    assert codec.decode_reply(valued(0x46, b"\x00" + b"\xff" * 8)).varbinds[0][1] == 2**64 - 1
    assert codec.decode_reply(
        b"\x30\x84\x00\x00" + len(reply()[2:]).to_bytes(2, "big") + reply()[2:]
    ).request_id


def test_a_packet_cut_off_anywhere_is_refused() -> None:
    whole = reply(PAIR * 3 + pair(tlv(4, bytes(200))))
    for length in range(len(whole)):
        with pytest.raises(MalformedReply):
            codec.decode_reply(whole[:length])


def test_unsigned_numbers_are_read_as_unsigned_also_without_their_leading_zero() -> None:
    for tag in (0x41, 0x42, 0x43):
        assert codec.decode_reply(valued(tag, b"\xff\xff\xff\xfd")).varbinds[0][1] == 4294967293
    assert codec.decode_reply(valued(2, b"\xfd")).varbinds[0][1] == -3


def test_an_oid_without_octets_is_read_as_none_where_it_is_a_value() -> None:
    """Or one such value costs all that stands beside it: sysObjectID comes with the first question."""
    assert codec.decode_reply(valued(6, b"")).varbinds[0][1] == ObjectId(b"\0")


def mutants() -> Iterator[tuple[str, ModuleType]]:
    """The codec without one of its checks, for each of them."""
    source = Path(codec.__file__).read_text()
    checks = sum(isinstance(node, ast.If) and _is_check(node) for node in ast.walk(ast.parse(source)))
    for number in range(checks):
        tree = ast.parse(source)
        check = [node for node in ast.walk(tree) if isinstance(node, ast.If) and _is_check(node)][number]
        story = f"line {check.lineno}: {ast.unparse(check.test)}"
        check.test = ast.Constant(False)
        yield story, _module(ast.fix_missing_locations(tree))


def _is_check(node: ast.If) -> bool:
    """A condition that guards a `raise`, or the call of what raises."""
    return isinstance(node.body[0], ast.Raise) or "_object_id" in ast.unparse(node.body[0])


def _module(tree: ast.Module) -> ModuleType:
    spec = importlib.util.spec_from_loader("mutant", loader=None)
    made = importlib.util.module_from_spec(spec)
    sys.modules["mutant"] = made
    exec(compile(tree, "mutant", "exec"), made.__dict__)  # noqa: S102 - our own source, one check less
    return made


def refuses(decode: Callable[[bytes], object], packets: list[tuple[str, bytes]]) -> bool:
    """Whether all of `packets` are refused, and with nothing but MalformedReply."""
    for _, packet in packets:
        try:
            decode(packet)
        except MalformedReply:
            continue
        except Exception:  # noqa: BLE001 - whatever a mutant raises, it is caught
            return False
        else:
            return False
    return True


def test_no_check_of_the_codec_can_be_left_out() -> None:
    assert refuses(codec.decode_reply, CASES)
    assert refuses(codec.decode_trap, TRAPS)
    survivors = [
        story
        for story, mutant in mutants()
        if refuses(mutant.decode_reply, CASES) and refuses(mutant.decode_trap, TRAPS)
    ]
    assert not survivors, survivors


def test_random_octets_raise_nothing_else() -> None:
    dice = random.Random(1157)
    for _ in range(3000):
        packet = bytearray(reply(PAIR * dice.randrange(1, 5)))
        for _ in range(dice.randrange(1, 6)):
            packet[dice.randrange(len(packet))] = dice.randrange(256)
        for decode in (codec.decode_reply, codec.decode_trap):
            try:
                decode(bytes(packet))
            except MalformedReply:
                continue


def test_what_is_kept_of_replies_is_bounded() -> None:
    for number in range(codec.MAX_CACHED_VARBINDS + 100):
        codec.decode_reply(valued(2, number.to_bytes(4, "big")))
    assert len(codec._varbind_cache) <= codec.MAX_CACHED_VARBINDS
    codec.decode_reply(valued(4, b"x" * 120))
    assert all(len(octets) <= 129 for octets in codec._varbind_cache)
