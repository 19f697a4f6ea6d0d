"""No serial number and no MAC, but an SNMP engine id: it proves which printer answers (RFC 3411, section 5)."""

from pathlib import Path

import pytest
from field_site import HOURLY, MAC, SERIAL
from loopback import own

from agent.simulator.mib import octets

WALK = Path(__file__).parent / "printer.snmprec"
ENGINE = "1.3.6.1.6.3.10.2.1.1.0"
FIRST, SECOND = "8000000b04464c4f4f5231", "8000000b04464c4f4f5232"  # of a text
V1 = {"credential": [{"name": "old", "version": "1", "community": "public"}], "credentials": ["old"]}


def place(site, host, engine, pages):
    printer = site.place(own(host), WALK)
    printer.show(SERIAL, None)
    printer.show(MAC, None)
    printer.show(ENGINE, octets(bytes.fromhex(engine)) if engine else None)
    printer.pages = pages
    return printer


def total(site, key):
    return site.counters(key)["total"].adjusted


@pytest.mark.parametrize("settings", [{}, V1], ids=["v2c", "v1"])
async def test_another_engine_is_another_printer(field, settings):
    async with field("9.0/29", **settings) as site:
        place(site, "9.1", FIRST, 40_000)
        await site.find()
        await site.pass_hours(3)
        place(site, "9.1", SECOND, 41_000)
        await site.pass_hours(30)
        assert (total(site, f"eng:{FIRST}"), total(site, f"eng:{SECOND}")) == (40_000, 41_000)
        new = site.devices()[f"eng:{SECOND}"]
        assert (new.proof, new.trust, new.replaces) == ("engine", "proved", f"eng:{FIRST}")


async def test_two_exchange_their_addresses(field):
    """Sibling: polled every five minutes, each was alive at home a moment before."""
    async with field("9.0/29") as site:
        first, second = place(site, "9.1", FIRST, 40_000), place(site, "9.2", SECOND, 50_000)
        await site.find()
        await site.pass_hours(2)
        site.place(own("9.1"), second)
        site.place(own("9.2"), first)
        first.pages, second.pages = 40_010, 50_020
        for _ in range(4):
            site.clock.advance(300)
            await site.poll(HOURLY)
        assert (total(site, f"eng:{FIRST}"), total(site, f"eng:{SECOND}")) == (40_010, 50_020)
        assert len(site.devices()) == 2


async def test_two_living_printers_with_one_engine_id_are_two(field):
    """Sibling: a maker gave all printers of a kind the same engine id."""
    async with field("9.0/29") as site:
        first, second = place(site, "9.1", FIRST, 40_000), place(site, "9.2", FIRST, 50_000)
        await site.find()
        first.pages, second.pages = 40_010, 50_020
        await site.pass_hours(30)
        assert sorted(total(site, key) for key in site.devices()) == [40_010, 50_020]


UNPROVED = ["", "8000000b01c0000205", "8000000b04000000000000", "0000000b000000a1c0000205", "8000000b0431"]


@pytest.mark.parametrize(
    "engine", UNPROVED, ids=["none", "of an IPv4 address", "zeros", "of before RFC 3411", "short"]
)
async def test_an_engine_id_that_is_no_proof_leaves_it_unproved(field, engine):
    """Sibling: it follows the address, or each printer of a kind has it."""
    async with field("9.0/29") as site:
        printer = place(site, "9.1", engine, 40_000)
        await site.find()
        printer.pages = 40_006
        await site.pass_hours(2)
        (device,) = site.devices().values()
        assert device.trust == "unproved"
        assert total(site, device.key) == 40_006
        assert site.counters(device.key)["total"].billable
