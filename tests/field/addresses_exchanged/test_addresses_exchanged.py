"""Two living printers get each other's address, and no poll sees silence (../shared/field, case 10)."""

from pathlib import Path

from loopback import own

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
