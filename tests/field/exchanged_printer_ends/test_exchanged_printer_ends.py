"""A printer is exchanged: its own reads end with a border, and both name each other."""

from pathlib import Path

import pytest
from field_site import HOURLY
from loopback import own

from agent.reporting.sender import Sender

OLD, NEW = "sn:VNA0000001", "sn:VNB0000002"
FOLDER = Path(__file__).parent


def reads(site, key):
    return [e["meters"] for e in site.events("mps.meter_read/1") if e["device"]["device_key"] == key]


def borders(site, key, why):
    return [border for read in reads(site, key) for border in read["borders"] if border["why"] == why]


def inventory(site, key):
    """What the provider was told last of the printer."""
    events = [e for e in site.events("mps.device_inventory/1") if e["device"]["device_key"] == key]
    return events[-1]["inventory"] | {"ip": events[-1]["device"]["ip"]}


async def exchange(site):
    """Half a day of the old printer, which prints, and then another one at its address."""
    old = site.place(own("9.1"), FOLDER / "old.snmprec")
    await site.find()
    await site.pass_hours(5)
    old.pages += 30
    await site.pass_hours(7)
    new = site.place(own("9.1"), FOLDER / "new.snmprec")
    await site.pass_hours(1)
    return old, new


async def test_the_old_printer_has_a_closing_read_with_its_last_pages(field):
    async with field("9.0/29") as site:
        await exchange(site)
        last = reads(site, OLD)[-1]
        (border,) = last["borders"]
        assert last["counters"]["total"] == 40_030, "the pages since midnight are not lost"
        assert (border["why"], border["before"], border["first"], border["gap"]) == (
            "displaced",
            40_030,
            40_030,
            0,
        )
        chains = [read["chain"] for read in reads(site, OLD)]
        assert [one["previous"] for one in chains[1:]] == [one["head"] for one in chains[:-1]]
        await site.pass_hours(48)
        assert reads(site, OLD)[-1] == last, "nothing follows it"
        assert not any(read["borders"] for read in reads(site, NEW)), "the new one only begins"


async def test_both_name_each_other(field):
    async with field("9.0/29") as site:
        await exchange(site)
        told = inventory(site, OLD)
        assert (told["displaced_by"], told["ip"]) == (NEW, None)
        assert inventory(site, NEW)["replaces"] == OLD


async def test_the_printer_behind_a_print_server_ends_too(field):
    """Sibling: MAC, address and uptime stay, only the serial number and the count are others."""
    async with field("9.0/29") as site:
        old, _ = await exchange(site)
        behind = site.place(own("9.1"), FOLDER / "new.snmprec")
        behind.show("1.3.6.1.2.1.43.5.1.1.17.1", "VNC0000003")
        behind.booted = old.booted
        await site.pass_hours(1)
        assert len(borders(site, NEW, "displaced")) == 1
        assert inventory(site, NEW)["displaced_by"] == "sn:VNC0000003"
        assert inventory(site, "sn:VNC0000003")["replaces"] == NEW


async def test_a_known_spare_that_takes_its_place_moved(field):
    """Sibling: the new one is no newcomer, but stood elsewhere on the site."""
    async with field("9.0/29") as site:
        old = site.place(own("9.1"), FOLDER / "old.snmprec")
        spare = site.place(own("9.2"), FOLDER / "new.snmprec")
        await site.find()
        await site.pass_hours(3)
        site.place(own("9.2"), None)
        await site.pass_hours(3)
        old.pages += 7
        site.place(own("9.1"), spare)
        await site.pass_hours(30)
        assert reads(site, OLD)[-1]["counters"]["total"] == 40_000, "its last read before the exchange"
        assert len(borders(site, OLD, "displaced")) == 1
        assert inventory(site, OLD)["displaced_by"] == NEW
        assert len(borders(site, NEW, "moved")) == 1
        assert inventory(site, NEW)["moved_from"] == own("9.2")


async def test_one_that_only_lost_its_lease_is_not_replaced(field):
    """Sibling: a new printer got its address, and it lives on at another one."""
    async with field("9.0/29") as site:
        old, _ = await exchange(site)
        site.place(own("9.3"), old)
        await site.find()
        await site.pass_hours(30)
        assert inventory(site, OLD)["displaced_by"] is None
        assert inventory(site, OLD)["moved_from"] == own("9.1")
        assert inventory(site, NEW)["replaces"] is None
        assert len(borders(site, OLD, "moved")) == 1


async def test_a_closing_read_without_room_is_sent_later(field, monkeypatch):
    async with field("9.0/29") as site:
        with monkeypatch.context() as full:
            full.setattr(Sender, "queue_meter_read", lambda *_: False)
            await exchange(site)
            assert not reads(site, OLD)
        await site.pass_hours(1)
        assert len(borders(site, OLD, "displaced")) == 1
        await site.pass_hours(3)
        assert len(borders(site, OLD, "displaced")) == 1


@pytest.mark.parametrize("minutes", [5])
async def test_two_printers_with_one_address_do_not_flood_the_provider(field, minutes):
    """Sibling: both have the same fixed address, and answer in turns."""
    async with field("9.0/29") as site:
        old, new = await exchange(site)
        for number in range(60):
            site.place(own("9.1"), (old, new)[number % 2])
            site.clock.advance(minutes * 60)
            await site.poll(HOURLY)
        assert 1 <= len(borders(site, OLD, "displaced")) <= 8
        assert 1 <= len(borders(site, NEW, "displaced")) <= 8
        assert site.counters(OLD)["total"].adjusted == 40_030
        assert site.counters(NEW)["total"].adjusted == 41_000
