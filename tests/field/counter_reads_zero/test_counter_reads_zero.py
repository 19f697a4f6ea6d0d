"""The page counter reads 0 for ten hours, then stands where it was; siblings: an old value, half a value."""

from pathlib import Path

import pytest
from field_site import FieldSite
from loopback import own

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
