"""The replies of real printers, replayed over UDP, down the whole line."""

import json

import pytest
from loopback import own

from agent.core.clock import Clock

SPEED = 7200.0  # two hours in a second
SCANNER = "epson-scanner_ds-860"
SAME_PRINTER = {"jetdirect", "jetdirect_context"}  # two captures of one printer, with one serial number

SUPPLIES = {
    ("epson", "ink:black"),  # each ink at 1 %
    ("epson", "ink:cyan"),
    ("epson", "ink:magenta"),
    ("epson", "ink:yellow"),
    ("pm_epson_cw", "inkCartridge:cyan"),  # 1 %
    ("pm_epson_cw", "inkCartridge:magenta"),
    ("pm_epson_cw", "inkCartridge:yellow"),
    ("konica_2", "toner:black"),  # 8 %
}


@pytest.fixture
def manifest(corpus):
    return json.loads((corpus / "manifest.json").read_text("utf-8"))


def files(corpus, manifest, *, stub):
    return [corpus / facts["file"] for facts in manifest.values() if facts["stub"] is stub]


async def test_the_full_walks_are_discovered_read_and_judged(corpus, manifest, site_of, replay):
    clock = Clock.scaled(SPEED)
    walks = files(corpus, manifest, stub=False)
    fleet = replay(walks, own("0.1"), clock)
    async with site_of(fleet, own("0.0/26"), clock) as site:
        await site.find()
        await site.live(hours=5, every=1)
        assert len(walks) == 22
        assert site.verdicts == {
            path.stem: "not a printer" if path.stem == SCANNER else "printer" for path in walks
        }
        assert set(site.agent.counts) == {"read"}, "not one reading error"
        assert len(site.devices()) == 20, "21 captures of printers, two of them of the same one"
        opened = site.tickets()
        assert {
            (member, component) for member, fault, component in opened if fault == "supply.low"
        } == SUPPLIES
        assert [ticket for ticket in opened if ticket[1] != "supply.low"] == [], (
            "no walk opens a break/fix ticket"
        )


async def test_the_same_printer_at_two_addresses_is_one_device(corpus, manifest, site_of, replay):
    walks = [corpus / manifest[name]["file"] for name in sorted(SAME_PRINTER)]
    async with site_of(replay(walks, own("1.1")), own("1.0/28")) as site:
        await site.find()
        assert set(site.verdicts) == SAME_PRINTER
        assert len(site.devices()) == 1


async def test_a_replay_of_the_stubs_never_errs(corpus, manifest, site_of, replay):
    """Stubs hold six OIDs at most: enough to be seen, not always enough to be called a printer."""
    walks = files(corpus, manifest, stub=True)
    assert len(walks) == 27
    async with site_of(replay(walks, own("2.1")), own("2.0/26")) as site:
        await site.find()
        assert set(site.verdicts.values()) <= {"printer", "undecided"}
        assert set(site.agent.counts) == {"read"}
