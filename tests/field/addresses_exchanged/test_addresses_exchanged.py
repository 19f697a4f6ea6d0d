"""Two living printers get each other's address, and no poll sees silence (../shared/field, case 10)."""

from pathlib import Path

from field_site import HOURLY
from loopback import own

from agent.collectors._identity.identity_proof import ProofCheck

A, B = "sn:VNA0000001", "sn:VNB0000002"
FOLDER = Path(__file__).parent


def totals(site):
    return {key: site.counters(key)["total"].adjusted for key in (A, B)}


async def exchange(site, hours):
    """Both printers, `hours` of polls, then each at the other's address."""
    a = site.place(own("9.1"), FOLDER / "a.snmprec")
    b = site.place(own("9.2"), FOLDER / "b.snmprec")
    await site.find()
    await site.pass_hours(hours)
    site.place(own("9.1"), b)
    site.place(own("9.2"), a)
    return a, b


async def test_each_keeps_its_counter_level_and_ticket(field):
    async with field("9.0/29") as site:
        a, b = await exchange(site, 5)
        a.pages, b.pages = 40010, 41020
        await site.pass_hours(1)
        assert totals(site) == {A: 40010, B: 41020}, "with the first poll after the exchange"
        assert {key: device.address.host for key, device in site.devices().items()} == {
            A: own("9.2"),
            B: own("9.1"),
        }
        await site.pass_hours(66)
        assert totals(site) == {A: 40010, B: 41020}
        assert all(counter.epoch == 1 for key in (A, B) for counter in site.counters(key).values())
        assert {ticket.device for ticket in [*site.tickets(), *site.tickets("supply")]} == {B}


async def test_each_names_the_address_that_it_had(field):
    async with field("9.0/29") as site:
        await exchange(site, 5)
        await site.pass_hours(25)
        places = {e["device"]["device_key"]: e["inventory"] for e in site.events("mps.device_inventory/1")}
        assert {key: one["moved_from"] for key, one in places.items()} == {A: own("9.1"), B: own("9.2")}


async def test_polled_every_five_minutes_the_exchange_is_no_second_address(field):
    """Sibling: at the poll that sees the other printer, each was alive at home a moment before."""
    async with field("9.0/29") as site:
        a, _ = await exchange(site, 2)
        a.pages = 40005
        for _ in range(6):
            site.clock.advance(300)
            await site.poll(HOURLY)
        assert totals(site) == {A: 40005, B: 41000}
        assert {key: one.address.host for key, one in site.devices().items()} == {
            A: own("9.2"),
            B: own("9.1"),
        }


async def test_the_old_key_is_read_at_its_old_address_long_after(field):
    """Sibling: the first printer is gone for a day, the second stays at its address, with a lower counter."""
    async with field("9.0/29") as site:
        site.place(own("9.1"), FOLDER / "a.snmprec")
        await site.find()
        await site.pass_hours(3)
        b = site.place(own("9.1"), FOLDER / "b.snmprec")
        b.pages = 60210
        await site.pass_hours(22)
        await site.agent.poller.poll_all([A], HOURLY)
        b.pages = 60220
        await site.pass_hours(2)
        assert totals(site) == {A: 40000, B: 60220}
        assert site.devices()[B].replaces == A
        assert site.devices()[A].address.host == ""


async def test_an_identity_from_the_address_mixes_the_two_up(field, monkeypatch):
    """The control: without the proof in each request the pages of one printer go to the other."""
    monkeypatch.setattr(ProofCheck, "check_values", lambda *_: None)
    async with field("9.0/29") as site:
        a, b = await exchange(site, 5)
        a.pages, b.pages = 40010, 41020
        await site.pass_hours(1)
        assert totals(site) != {A: 40010, B: 41020}
