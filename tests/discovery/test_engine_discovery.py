"""SNMPv3 engine ids, as they come in reports: which maker, which MAC; and broken ones."""

import pytest

from agent.collectors._vendor.vendor_profiles import load_shipped
from agent.core.model import Address
from agent.discovery.methods import _swept
from agent.snmp import engine_id as engine_ids

MAC = "001122334455"
HP = bytes.fromhex("8000000b03") + bytes.fromhex(MAC)


@pytest.mark.parametrize(
    ("engine_id", "vendor", "mac"),
    [
        (HP, "HP", MAC),
        (bytes.fromhex("8000028104") + b"lexmark", "Lexmark", None),
        (bytes.fromhex("80000a1f04") + b"a-maker-of-none", None, None),
        (bytes.fromhex("0000000b0000000000000001"), "HP", None),  # the old form, without the first bit
        (bytes.fromhex("8000000b01c0a80a1f"), "HP", None),  # an IPv4 address
        (bytes.fromhex("800060e7030011223344ff"), "RISO", "0011223344ff"),
    ],
)
def test_an_engine_id_names_its_maker(engine_id, vendor, mac):
    engine = engine_ids.parse_engine_id(engine_id)
    makers = [one.vendor for one in load_shipped().find_by_enterprise(engine.enterprise)]
    assert (makers, engine.mac) == ([vendor] if vendor else [], mac)


def report(engine_id):
    """A message like a printer's: the request's own form, with an engine id in it."""
    encode = engine_ids._encode
    usm = encode(0x30, encode(0x04, engine_id), *(encode(2, b"\0"),) * 2, *(encode(4),) * 3)
    head = encode(0x30, encode(2, b"\1"), encode(2, b"\5\xc0"), encode(4, b"\0"), encode(2, b"\3"))
    return encode(0x30, encode(2, b"\3"), head, encode(4, usm), encode(0x30))


def test_a_broken_report_is_no_report_and_raises_nothing():
    whole = report(HP)
    assert engine_ids.parse_report(whole).mac == MAC
    for at in range(len(whole)):
        assert engine_ids.parse_report(whole[:at]) is None
        for value in (0x00, 0x7F, 0x80, 0x84, 0xFF):
            engine_ids.parse_report(whole[:at] + bytes((value,)) + whole[at + 1 :])
    for text in (b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", engine_ids.DISCOVERY_REQUEST):
        assert engine_ids.parse_report(text) is None


def test_ten_subnets_are_asked_in_turn():
    """So that the budget of one /24 does not hold up the others; the order is the same after a restart."""
    addresses = [Address(f"192.0.{net}.{host}") for net in range(10) for host in range(1, 6)]
    order = _swept.interleave_subnets(addresses)
    assert sorted(order) == sorted(addresses)
    for start in range(0, 50, 10):
        assert len({address.host.rpartition(".")[0] for address in order[start : start + 10]}) == 10
    assert _swept.interleave_subnets(reversed(addresses)) == order
    assert _swept.interleave_subnets([Address("2001:db8::"), Address("2001:db8::b"), Address("2001:db8::a")])
