"""SNMPv3 engine ids, as they come in reports: which maker, which MAC; and broken ones."""

import pytest

from agent.discovery.methods import engine_discovery

MAC = "001122334455"
HP = bytes.fromhex("8000000b03") + bytes.fromhex(MAC)


@pytest.mark.parametrize(
    ("engine_id", "vendor", "mac"),
    [
        (HP, "HP", MAC),
        (bytes.fromhex("80000a1f04") + b"lexmark", None, None),
        (bytes.fromhex("0000000b0000000000000001"), "HP", None),  # the old form, without the first bit
        (bytes.fromhex("8000000b01c0a80a1f"), "HP", None),  # an IPv4 address
    ],
)
def test_an_engine_id_names_its_maker(engine_id, vendor, mac):
    engine = engine_discovery.parse_engine_id(engine_id)
    assert (engine.vendor, engine.mac) == (vendor, mac)


def report(engine_id):
    """A message like a printer's: the request's own form, with an engine id in it."""
    encode = engine_discovery._encode
    usm = encode(0x30, encode(0x04, engine_id), *(encode(2, b"\0"),) * 2, *(encode(4),) * 3)
    head = encode(0x30, encode(2, b"\1"), encode(2, b"\5\xc0"), encode(4, b"\0"), encode(2, b"\3"))
    return encode(0x30, encode(2, b"\3"), head, encode(4, usm), encode(0x30))


def test_a_broken_report_is_no_report_and_raises_nothing():
    whole = report(HP)
    assert engine_discovery.parse_report(whole).mac == MAC
    for at in range(len(whole)):
        assert engine_discovery.parse_report(whole[:at]) is None
        for value in (0x00, 0x7F, 0x80, 0x84, 0xFF):
            engine_discovery.parse_report(whole[:at] + bytes((value,)) + whole[at + 1 :])
    for text in (b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", engine_discovery.DISCOVERY_REQUEST):
        assert engine_discovery.parse_report(text) is None
