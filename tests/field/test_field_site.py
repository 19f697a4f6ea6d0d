"""The site of the field cases itself: what a test changes is what the agent reads."""

from pathlib import Path

from loopback import own

WALK = Path(__file__).parent / "addresses_exchanged" / "a.snmprec"
KEY = "sn:VNA0000001"


async def test_pages_levels_and_silence_reach_the_agent(field):
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), WALK)
        await site.find()
        printer.pages += 12
        await site.pass_hours(25)
        assert site.counters(KEY)["total"].adjusted == 40012
        assert [read["meters"]["counters"]["total"] for read in site.events("mps.meter_read/1")] == [
            40000,
            40012,
        ]
        printer.show("1.3.6.1.2.1.43.11.1.1.9.1.1", 1)
        await site.pass_hours(30)
        assert {ticket.device for ticket in site.tickets("supply")} | {t.device for t in site.tickets()} == {
            KEY
        }
        printer.on = False
        await site.pass_hours(2)
        assert site.agent.poller.fleet.silent == {KEY}
