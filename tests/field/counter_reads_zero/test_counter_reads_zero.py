"""The page counter reads 0 for ten hours, then stands where it was; siblings: an old value, half a value."""

from pathlib import Path

import pytest
from field_site import FieldSite
from loopback import own

from agent.core.clock import format_iso_time

WALK = Path(__file__).with_name("printer.snmprec")
KEY = "sn:CN00000005"
MOST_BILLED = 18


async def show_hourly(site: FieldSite, counts: list[int]) -> list[int]:
    """Let the printer show each count for an hour; return what was billed after each."""
    printer, billed = site.place(own("9.1"), WALK), []
    printer.pages = counts[0]
    await site.find()
    for count in counts[1:]:
        printer.pages = count
        await site.pass_hours(1)
        billed.append(site.counters(KEY)["total"].adjusted - counts[0])
    return billed


@pytest.mark.parametrize(
    "odd",
    [[0] * 10, [8190] * 10, [8 + n // 3 for n in range(10)], [0, *[4000 + n for n in range(9)]]],
    ids=["zero", "an old value", "half a value", "zero, then a value that rises"],
)
async def test_the_counter_has_no_offset_when_it_comes_back(field, odd):
    async with field("9.0/29") as site:
        billed = await show_hourly(site, [8245, 8250, *odd, 8261, 8263])
        counter = site.counters(KEY)["total"]
        assert (counter.adjusted, counter.trust.value, counter.billable) == (8263, "measured", True)
        assert billed == sorted(billed)
        assert billed[-1] == MOST_BILLED
        await site.pass_hours(24)
        reads = site.events("mps.meter_read/1")
        assert {border["why"] for read in reads for border in read["meters"]["borders"]} >= {"fell", "glitch"}


async def test_a_counter_that_was_cleared_is_billed_once_it_has_counted_on_for_a_day(field):
    async with field("9.0/29") as site:
        billed = await show_hourly(site, [8245, 8250, *range(0, 60, 2)])
        assert billed[20] == 5
        assert billed[-1] == 5 + 56, "of the 2 pages from the 0 on nothing is certain"


async def test_billing_on_hold_is_one_word_for_read_ticket_and_counter(field):
    """A reset: what the read, the stored counter and the ticket say of it agrees, then and a day later."""
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), WALK)
        printer.pages = 8245
        await site.find()
        await site.pass_hours(20)
        held, printer.pages = [], 12
        for hour in range(60):
            printer.pages += 1
            await site.pass_hours(1)
            counter, read = site.counters(KEY)["total"], site.events("mps.meter_read/1")[-1]["meters"]
            if read["read_at"] == format_iso_time(site.clock.now()):
                (detail,) = [one for one in read["details"] if one["name"] == "total"]
                (total,) = [one for one in read["sums"] if one["name"] == "total"]
                assert detail["billable"] == counter.billable == ("total" in read["counters"])
                assert (total["reason"] == "in_doubt") == (not counter.billable)
                held.append((hour, counter.billable))
        assert [billable for _, billable in held] == [False, True], (
            "one read within the day of doubt, one after"
        )
        (ticket,) = [one for one in site.tickets() if one.fault == "meter.untrusted"]
        assert "uncertain pages are not billed" in ticket.title


async def test_a_second_reset_has_a_ticket_of_its_own(field):
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), WALK)
        printer.pages = 8245
        await site.find()
        await site.pass_hours(5)
        for start in (40, 20):
            printer.pages = start
            for _ in range(26):
                printer.pages += 1
                await site.pass_hours(1)
        told = [(e["fault"]["component"], e["event"]) for e in site.events("mps.ticket/1")]
        assert told.count(("epoch:2", "open")) == told.count(("epoch:3", "open")) == 1
