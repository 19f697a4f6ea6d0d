"""Named sums of real printers, from discovery to the meter read: what is told adds up, and nothing is there twice."""

from typing import Any

import pytest
from field_site import PAGES
from loopback import own

WALKS = [
    ("sharp.snmprec", {"total": 121_104, "mono": 91_164, "colour": 29_940, "large": "absent"}),
    ("pm_kyocera_p2040.snmprec", {"total": 7_342, "mono": "absent", "colour": "absent", "large": "absent"}),
    ("samsungprinter_m4080fx.snmprec", {"total": 22_934, "mono": "absent", "colour": "absent", "large": "absent"}),
    ("pm_epson_cw.snmprec", {"total": 7_389, "mono": "absent", "colour": "absent", "large": "absent"}),
]  # fmt: skip


async def read_meters(site: Any) -> dict[str, Any]:
    (*_, event) = site.events("mps.meter_read/1")
    return event["meters"]


@pytest.mark.parametrize(("walk", "sums"), WALKS, ids=[walk for walk, _ in WALKS])
async def test_the_sums_of_a_real_printer(field, corpus, walk, sums):
    async with field("9.0/29", ipp={"enabled": False}) as site:
        site.place(own("9.1"), corpus / "walks" / walk)
        await site.find()
        meters = await read_meters(site)
        told = {
            one["name"]: one["value"] if one["reason"] is None else one["reason"] for one in meters["sums"]
        }
        assert told == sums
        known = {name: value for name, value in sums.items() if value != "absent"}
        assert {name: meters["counters"].get(name) for name in sums} == dict.fromkeys(sums) | known
        assert "life" not in meters["counters"], "the same pages as total"


async def test_a_printer_that_counts_its_life_alone_has_it_as_total_and_not_twice(field, corpus):
    """Sibling: the maker's total is gone, the engine's count stays: it goes on under one name."""
    async with field("9.0/29", ipp={"enabled": False}) as site:
        printer = site.place(own("9.1"), corpus / "walks" / "samsungprinter_m4080fx.snmprec")
        await site.find()
        printer.pages += 11
        await site.pass_hours(25)
        meters = await read_meters(site)
        assert meters["counters"]["total"] == 22_945
        assert PAGES in {one["source"] for one in meters["details"]}
        assert sum(value == 22_945 for value in meters["counters"].values()) == 1
