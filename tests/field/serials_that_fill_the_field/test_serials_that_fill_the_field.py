"""Serial numbers that only fill the field identify nothing (../shared/field, case 08)."""

import json
from pathlib import Path

import pytest
from field_site import LEVEL, MAC, SERIAL
from loopback import own

from agent.collectors._identity import serial_numbers
from agent.discovery import decisions
from agent.simulator.ber import BerTag, BerValue

FOLDER = Path(__file__).parent
CASES = json.loads((FOLDER / "serials.json").read_text("utf-8"))
SIBLINGS = [
    "987654321",
    "ABABABABAB",
    "4294967294",
    "Dummy",
    "S/N: unknown",
    "ZYXWVUTSRQ",
    "00000000000",
    "12121212",
    "ABCABCABC",
    "12341234",
    "1122334455",
    "1A2B3C4D",
    "ABC123",
    "12345",
    "VNB0000000",
    "000000001",
    "SN1234567890",
    "SERIAL123",
    "TEST0001",
    "CHANGEME",
    "KYOCERA",
    "Seriennummer",
    "неизвестно",
]


async def test_two_printers_with_one_filler_are_two_devices(field):
    async with field("9.0/29") as site:
        site.place(own("9.1"), FOLDER / "a.snmprec")
        site.place(own("9.2"), FOLDER / "b.snmprec")
        await site.find()
        assert set(site.devices()) == {"mac:64eb8c0000a1", "mac:64eb8c0000b2"}
        await site.pass_hours(25)
        assert site.counters("mac:64eb8c0000a1")["total"].adjusted == 40000
        assert site.counters("mac:64eb8c0000b2")["total"].adjusted == 120


@pytest.mark.parametrize("filler", [*CASES["none"], *SIBLINGS])
def test_a_filler_is_no_serial(filler):
    assert serial_numbers.clean_serial(filler) is None


@pytest.mark.parametrize(
    "real",
    [*CASES["real"], "VHB8912345", "PHBLL12345", "A123456", "0123-4567-99", "VD00000001", "CNB1234567"],
)
def test_a_real_serial_is_kept(real):
    assert serial_numbers.clean_serial(real) == real


def test_a_label_is_no_part_of_the_number():
    assert serial_numbers.clean_serial("S/N: VNB3C12345") == "VNB3C12345"


async def test_a_number_too_short_for_its_maker_is_none(field):
    """Sibling: an HP that counts its units where its serial number belongs."""
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FOLDER.parent / "addresses_exchanged" / "a.snmprec")
        printer.show(SERIAL, "A001")
        await site.find()
        assert set(site.devices()) == {"mac:3c52820000a1"}


async def test_one_serial_on_two_living_printers_is_a_finding(field):
    """Sibling: a real-looking number on two boards, both alive; each keeps a key and its pages."""
    async with field("9.0/29") as site:
        a = FOLDER.parent / "addresses_exchanged" / "a.snmprec"
        site.place(own("9.1"), a)
        await site.find()
        twin = site.place(own("9.2"), a)
        twin.show(MAC, BerValue(BerTag.OCTETS, bytes.fromhex("3c52820000c3")))
        twin.show(LEVEL, 40)
        twin.pages = 777
        await site.find()
        assert set(site.devices()) == {"sn:VNA0000001", "mac:3c52820000c3"}
        assert site.counters("sn:VNA0000001")["total"].adjusted == 40000
        assert site.counters("mac:3c52820000c3")["total"].adjusted == 777
        (finding,) = site.findings()
        assert (finding.device, finding.other) == ("sn:VNA0000001", "mac:3c52820000c3")
        assert "two devices claim one serial number" in finding.reason


async def test_two_cards_of_one_printer_are_one_device(field):
    """Both addresses give the serial number, uptime and total of one printer in one look."""
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FOLDER.parent / "addresses_exchanged" / "a.snmprec")
        await site.find()
        other = site.place(own("9.2"), FOLDER.parent / "addresses_exchanged" / "a.snmprec")
        other.show(MAC, BerValue(BerTag.OCTETS, bytes.fromhex("3c52820000c3")))
        await site.find()
        assert set(site.devices()) == {"sn:VNA0000001"}
        assert site.findings() == []
        printer.pages = other.pages = 40007
        await site.pass_hours(25)
        assert site.counters("sn:VNA0000001")["total"].adjusted == 40007
        assert set(site.devices()) == {"sn:VNA0000001"}


async def test_a_split_by_hand_stays_split(field):
    """Sibling: two cards were joined by one look; a person says that they are two printers, and that holds."""
    walk, other = FOLDER.parent / "addresses_exchanged" / "a.snmprec", "mac:3c52820000c3"
    async with field("9.0/29") as site:
        site.place(own("9.1"), walk)
        await site.find()
        second = site.place(own("9.2"), walk)
        second.show(MAC, BerValue(BerTag.OCTETS, bytes.fromhex("3c52820000c3")))
        await site.find()
        assert set(site.devices()) == {"sn:VNA0000001"}, "joined"
        now = site.clock.now()
        await site.agent.store.run(
            lambda tx: decisions.split_devices(tx, "sn:VNA0000001", other, "two printers, seen on site", now)
        )
        await site.pass_hours(25)
        await site.find()
        second.pages += 100
        await site.pass_hours(25)
        assert set(site.devices()) == {"sn:VNA0000001", other}
        assert site.counters("sn:VNA0000001")["total"].adjusted == 40000
        assert site.counters(other)["total"].adjusted == 40100
        assert site.findings() == [], "it was settled"
