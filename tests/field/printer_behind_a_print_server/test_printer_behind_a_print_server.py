"""The printer behind a print server is exchanged: MAC, address and uptime stay (../shared/field, case 10b)."""

from pathlib import Path

from field_site import HOURLY, LEVEL, MAC, SERIAL
from loopback import own

OLD, NEW = "sn:CNA0000001", "sn:CNB0000002"
FOLDER = Path(__file__).parent


def fit(server, serial, pages, level):
    """Let this printer stand behind the server."""
    server.show(SERIAL, serial)
    server.show(LEVEL, level)
    server.pages = pages


async def serve(site):
    """A server with the old printer, polled for five hours."""
    server = site.place(own("9.1"), FOLDER / "server.snmprec")
    fit(server, "CNA0000001", 40000, 60)
    await site.find()
    await site.pass_hours(5)
    return server


async def test_the_new_printer_has_its_own_pages_and_order(field):
    async with field("9.0/29") as site:
        server = await serve(site)
        fit(server, "CNB0000002", 41000, 8)
        await site.pass_hours(1)
        assert site.counters(OLD)["total"].adjusted == 40000
        assert site.counters(NEW)["total"].adjusted == 41000, "with the next poll that reads meters"
        await site.pass_hours(48)
        assert {ticket.device for ticket in [*site.tickets(), *site.tickets("supply")]} == {NEW}
        assert site.counters(OLD)["total"].adjusted == 40000


async def test_the_new_one_names_the_one_that_it_replaces(field):
    async with field("9.0/29") as site:
        server = await serve(site)
        fit(server, "CNB0000002", 41000, 8)
        await site.pass_hours(1)
        told = [
            e["inventory"] for e in site.events("mps.device_inventory/1") if e["device"]["device_key"] == NEW
        ]
        assert told[-1]["replaces"] == OLD


async def test_the_old_printer_comes_back(field):
    """Sibling: exchanged for a day, and back, with the pages that it printed elsewhere."""
    async with field("9.0/29") as site:
        server = await serve(site)
        fit(server, "CNB0000002", 41000, 50)
        await site.pass_hours(24)
        fit(server, "CNA0000001", 40300, 60)
        await site.pass_hours(2)
        assert site.counters(OLD)["total"].adjusted == 40300
        assert site.counters(NEW)["total"].adjusted == 41000


async def test_exchanged_between_two_polls_of_alerts(field):
    """Sibling: another MAC under the same serial number is seen with the first request, too."""
    async with field("9.0/29") as site:
        server = await serve(site)
        server.show(SERIAL, None)
        server.show(MAC, "00:11:22:33:44:55")
        server.pages = 90000
        site.clock.advance(60)
        await site.poll(HOURLY)
        assert site.counters(OLD)["total"].adjusted == 40000
        assert site.counters("mac:001122334455")["total"].adjusted == 90000
