"""There is no way to say SET: not in the codec, and not through pysnmp."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

import agent.snmp
from agent.snmp import codec
from agent.snmp.codec import RequestType
from agent.snmp.oid import oid

SET = 0xA3
SOURCES = sorted(Path(agent.snmp.__file__).parent.glob("*.py"))
WRITERS = {"SetRequestPDU", "set_cmd", "SetCommandGenerator", "setCmd"}


def test_three_things_can_be_asked() -> None:
    assert {ask.value for ask in RequestType} == {0xA0, 0xA1, 0xA5}
    with pytest.raises(ValueError, match="163"):
        RequestType(SET)


@given(some.integers(0, 255))
def test_no_other_tag_gets_into_a_request(tag: int) -> None:
    if tag in set(RequestType):
        assert bytes((tag,)) in codec.encode_request(RequestType(tag), "2c", "public", (oid("1.3.6.1"),)).head
    else:
        with pytest.raises(ValueError, match="is not a valid RequestType"):
            codec.encode_request(tag, "2c", "public", (oid("1.3.6.1"),))


@given(
    some.sampled_from(RequestType),
    some.lists(some.sampled_from(["1.3.6.1", "2.39.7"]), min_size=1, max_size=20),
)
def test_every_value_in_a_request_is_null(ask: RequestType, names: list[str]) -> None:
    tail = codec.encode_request(ask, "2c", "public", tuple(map(oid, names))).tail
    for name in map(oid, names):
        assert b"\x06" + bytes((len(name),)) + name + b"\x05\x00" in tail
    assert tail.count(b"\x05\x00") == len(names)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_source_knows_how_to_write(source: Path) -> None:
    tree = ast.parse(source.read_text())
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert SET not in constants
    assert not WRITERS & {*named, *filter(lambda each: isinstance(each, str), constants)}
