"""Another printer stands at the address, and no poll saw silence: whatever of it differs."""

from pathlib import Path

import pytest
from field_site import HOURLY, MAC, SERIAL
from loopback import own

from agent.simulator.ber import BerTag, BerValue

OLD = "sn:VNA0000001"
FOLDER = Path(__file__).parent
OTHER_MAC = BerValue(BerTag.OCTETS, bytes.fromhex("3c52820000c3"))
NAME = "1.3.6.1.2.1.1.5.0"
V1 = {"credential": [{"name": "old", "version": "1", "community": "public"}]}


async def swap(site, *, reboots, **shown):
    """Five hours of the old printer, then another one with these objects and 50,000 pages."""
    site.place(own("9.1"), FOLDER / "printer.snmprec")
    await site.find()
    await site.pass_hours(5)
    new = site.place(own("9.1"), FOLDER / "printer.snmprec")
    for place, value in shown.items():
        new.show({"serial": SERIAL, "mac": MAC, "name": NAME}[place], value)
    if reboots:
        new.reboot()
    new.pages = 50_000
    await site.pass_hours(1)
    new.pages = 50_010
    await site.pass_hours(30)
    return new


SWAPS = [
    ("another serial, MAC and name, just booted", True, {"serial": "VNB0000002", "mac": OTHER_MAC, "name": "NEW"}, "sn:VNB0000002"),
    ("the serial alone differs, uptime not younger", False, {"serial": "VNB0000002"}, "sn:VNB0000002"),
    ("serial and MAC differ, uptime not younger", False, {"serial": "VNB0000002", "mac": OTHER_MAC}, "sn:VNB0000002"),
    ("the new one has no serial number", True, {"serial": None, "mac": OTHER_MAC}, "mac:3c52820000c3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reboots", "shown", "key"), [swap[1:] for swap in SWAPS], ids=[swap[0] for swap in SWAPS]
)
async def test_no_page_of_the_new_printer_is_booked_to_the_old(field, reboots, shown, key):
    async with field("9.0/29") as site:
        await swap(site, reboots=reboots, **shown)
        assert site.counters(OLD)["total"].adjusted == 40_000
        assert site.counters(key)["total"].adjusted == 50_010
        assert site.devices()[key].replaces == OLD


async def test_over_v1_too(field):
    """Sibling: without GETBULK the first and the last request of a poll carry the proof."""
    async with field("9.0/29", credentials=["old"], **V1) as site:
        await swap(site, reboots=False, serial="VNB0000002")
        assert site.counters(OLD)["total"].adjusted == 40_000
        assert site.counters("sn:VNB0000002")["total"].adjusted == 50_010


async def test_the_same_printer_after_a_restart_goes_on(field):
    """Sibling: the serial number is the same and the uptime younger: one printer, which was switched off and on."""
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FOLDER / "printer.snmprec")
        await site.find()
        await site.pass_hours(3)
        printer.reboot()
        printer.pages = 40_003
        await site.pass_hours(2)
        assert set(site.devices()) == {OLD}
        assert site.counters(OLD)["total"].adjusted == 40_003


@pytest.mark.parametrize("answers", [1, 2, 5])
@pytest.mark.parametrize("settings", [{}, {"credentials": ["old"], **V1}], ids=["v2c", "v1"])
async def test_a_swap_in_the_middle_of_a_poll_books_nothing_to_the_old(field, answers, settings):
    """Sibling: the first requests were answered by the old printer, the rest by the new one."""
    async with field("9.0/29", **settings) as site:
        site.place(own("9.1"), FOLDER / "printer.snmprec")
        await site.find()
        await site.pass_hours(2)
        new = site.place(own("9.2"), FOLDER / "printer.snmprec")
        new.show(SERIAL, "VNB0000002")
        new.pages = 50_000
        socket = site.sockets[own("9.1")]
        socket.after = (answers, new)
        await site.poll(HOURLY)
        assert site.counters(OLD)["total"].adjusted == 40_000
        await site.pass_hours(2)
        assert site.counters("sn:VNB0000002")["total"].adjusted == 50_000


async def test_a_printer_that_proves_nothing_is_unproved_and_billed(field):
    """Sibling: no serial number and no MAC: known by its model, name and place, and named as unproved."""
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FOLDER / "printer.snmprec")
        printer.show(SERIAL, None)
        printer.show(MAC, None)
        printer.show(NAME, "FLOOR2")
        await site.find()
        printer.pages = 40_005
        await site.pass_hours(25)
        (device,) = site.devices().values()
        assert (device.trust, device.proof) == ("unproved", "unproved")
        assert site.counters(device.key)["total"].adjusted == 40_005
        assert site.counters(device.key)["total"].billable
        other = site.place(own("9.1"), FOLDER / "printer.snmprec")
        for place, value in ((SERIAL, None), (MAC, None), (NAME, "FLOOR3")):
            other.show(place, value)
        other.pages = 41_000
        await site.pass_hours(2)
        assert site.counters(device.key)["total"].adjusted == 40_005, "another name is another printer"
