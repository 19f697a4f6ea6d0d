"""HP writes 00 before the serial number on one way and not on the other (../shared/field, case 11)."""

from pathlib import Path

import pytest
from field_site import SERIAL
from loopback import own

FOLDER = Path(__file__).parent
PAIRS = [("00CNB1234567", "CNB1234567"), ("00VNC3R12345", "VNC3R12345"), ("CNB1234567", "00CNB1234567")]


@pytest.mark.parametrize(("first", "then"), PAIRS)
async def test_it_is_one_printer(field, first, then):
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FOLDER / "printer.snmprec")
        printer.show(SERIAL, first)
        await site.find()
        printer.show(SERIAL, then)
        printer.pages += 5
        await site.pass_hours(2)
        assert set(site.devices()) == {f"sn:{first}"}
        assert site.counters(f"sn:{first}")["total"].adjusted == 40005


async def test_two_printers_that_differ_in_more_than_zeros_are_two(field):
    """The control."""
    async with field("9.0/29") as site:
        for host, serial in ((own("9.1"), "00CNB1234567"), (own("9.2"), "CNB1234568")):
            site.place(host, FOLDER / "printer.snmprec").show(SERIAL, serial)
        await site.find()
        assert set(site.devices()) == {"sn:00CNB1234567", "sn:CNB1234568"}
