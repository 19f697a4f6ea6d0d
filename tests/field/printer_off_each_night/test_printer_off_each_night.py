"""One printer of four is switched off each night (../shared/field, case 18)."""

from pathlib import Path

import pytest
from field_site import HOUR, HOURLY, FieldSite
from loopback import own

FOLDER = Path(__file__).parent
NIGHT, DAY = 14, 10  # hours


async def meet(site: FieldSite):
    """Four printers, polled until eight in the evening of a Monday."""
    printers = [site.place(own(f"9.{number + 1}"), FOLDER / f"{number}.snmprec") for number in range(4)]
    await site.find()
    await pass_hours(site, 6)
    return printers


async def pass_hours(site: FieldSite, hours: int) -> None:
    for _ in range(hours):
        site.clock.advance(HOUR)
        await site.poll(HOURLY)


async def spend_nights(site: FieldSite, printers, nights: int) -> None:
    for _ in range(nights):
        for printer in printers:
            printer.on = False
        await pass_hours(site, NIGHT)
        for printer in printers:
            printer.on = True
        await pass_hours(site, DAY)


def told(site: FieldSite) -> list[tuple[str, str, str]]:
    """The steps of tickets about silence: printer, ticket, step."""
    events = [e for e in site.events("mps.ticket/1") if e["fault"]["fault_key"] == "device.offline"]
    return [(e["device"]["device_key"], e["ticket_id"], e["event"]) for e in events]


async def test_three_nights_are_one_ticket(field):
    async with field("9.0/29", ipp={"enabled": False}) as site:
        first, *_ = await meet(site)
        await spend_nights(site, [first], 3)
        assert len({ticket for _, ticket, _ in told(site)}) <= 1
        assert not [one for one in site.tickets() if one.fault == "device.offline"], "it is back each morning"


@pytest.mark.long
@pytest.mark.parametrize("asleep", [2, 4], ids=["two of four", "the whole floor"])
async def test_several_that_are_off_each_night(field, asleep):
    """Sibling: half of the printers, or all of them, hang on one switch."""
    async with field("9.0/29", ipp={"enabled": False}) as site:
        printers = await meet(site)
        await spend_nights(site, printers[:asleep], 3)
        tickets = {(key, ticket) for key, ticket, _ in told(site)}
        assert len(tickets) == len({key for key, _ in tickets}), "one a printer, and not one a night"
        assert not [ticket for ticket in site.tickets() if ticket.fault == "device.offline"], "all are back"


@pytest.mark.long
async def test_one_that_does_not_come_back_is_told(field):
    """Sibling and control: silent through the day after its nights, it is a fault and no habit."""
    async with field("9.0/29", ipp={"enabled": False}) as site:
        first, *_ = await meet(site)
        await spend_nights(site, [first], 3)
        before = len(told(site))
        first.on = False
        await pass_hours(site, NIGHT + DAY + NIGHT)
        assert len(told(site)) > before
