"""A printer without SNMP that answers IPP only where it announces it: read there, counted there, ordered for."""

import json
import socket
from pathlib import Path

import pytest
from announced_printer import KEY, AnnouncedPrinter
from field_site import HOUR, HOURLY, FieldSite
from loopback import free_port, own
from printer_certificate import make_certificate

from agent.core.model import Announcement
from agent.discovery.methods._ipp_places import parse_place
from agent.pipeline.polling import ipp_fallback

HOST = own("14.1")
CASES = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
IPP = "_ipp._tcp.local."


async def announce(site: FieldSite, port: int, rp: str, service: str = IPP) -> str:
    """The printer announces this port and path, as mDNS brings them."""
    place = parse_place(service, port, {b"rp": rp.encode()} if rp else {})
    return await site.announce(HOST, announced=Announcement(ipp=(place,) if place else ()))


def totals(site: FieldSite) -> list[int]:
    return [read["meters"]["counters"]["total"] for read in site.events("mps.meter_read/1")]


@pytest.fixture
def usual() -> int:
    """In place of 631: a port at which nothing answers."""
    return free_port(socket.SOCK_STREAM, HOST)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_it_is_read_where_it_was_announced(field, usual: int, case: dict) -> None:
    printer = AnnouncedPrinter(path=case["path"])
    async with printer.serve(HOST) as port, field("14.0/29", ipp={"port": usual}) as site:
        assert await announce(site, port, case["rp"]) == "printer"
        printer.pages, printer.level = 41_012, 4
        for _ in range(5):
            site.clock.advance(6 * HOUR)
            await site.poll(HOURLY)
        assert site.counters(KEY)["total"].adjusted == 41_012
        assert totals(site) == [41_000, 41_012]
        assert [(one.device, one.component) for one in site.tickets()] == [(KEY, "toner:black")]
    assert not case["rp"] or set(printer.asked) == {case["path"]}, "no other path is asked"


async def test_announced_with_tls_alone_it_is_read_with_tls(field, usual: int, tmp_path) -> None:
    printer = AnnouncedPrinter(path="/ipp/port1")
    context, _ = make_certificate(tmp_path, "another printer")
    async with printer.serve(HOST, context) as port, field("14.0/29", ipp={"port": usual}) as site:
        assert await announce(site, port, "ipp/port1", "_ipps._tcp.local.") == "printer"
        await site.pass_hours(1)
        assert site.counters(KEY)["total"].raw == 41_000


async def test_what_boots_while_it_announces_itself_is_asked_again_an_hour_later(field, usual: int) -> None:
    printer = AnnouncedPrinter()
    port = free_port(socket.SOCK_STREAM, HOST)
    async with field("14.0/29", ipp={"port": usual}) as site:
        assert await announce(site, port, "ipp/print") == "no answer"
        site.clock.advance(3601.0)
        async with printer.serve(HOST, port=port):
            assert await announce(site, port, "ipp/print") == "printer"


async def test_announced_elsewhere_it_is_followed(field, usual: int) -> None:
    printer = AnnouncedPrinter(path="/first")
    async with field("14.0/29", ipp={"port": usual}) as site:
        async with printer.serve(HOST) as port:
            await announce(site, port, "first")
            await site.pass_hours(1)
        printer.path, printer.pages = "/second", 41_005
        async with printer.serve(HOST) as port:
            await site.pass_hours(1)
            assert site.agent.poller.fleet.silent == {KEY}
            assert await announce(site, port, "second") == "known"
            await site.pass_hours(1)
            assert not site.agent.poller.fleet.silent
            assert site.counters(KEY)["total"].adjusted == 41_005


async def test_found_silent_it_is_asked_at_once_where_it_is_announced_next(field, usual: int) -> None:
    printer = AnnouncedPrinter(path="/here")
    async with field("14.0/29", ipp={"port": usual}) as site, printer.serve(HOST) as port:
        assert await announce(site, port, "elsewhere") == "no answer"
        assert await announce(site, port, "here") == "printer"


async def test_a_wrong_announcement_does_not_lose_a_printer_that_answers_at_the_usual_port(field) -> None:
    printer = AnnouncedPrinter()
    async with printer.serve(HOST) as port, field("14.0/29", ipp={"port": port}) as site:
        wrong = free_port(socket.SOCK_STREAM, HOST)
        assert await announce(site, wrong, "nowhere") == "printer"
        assert await announce(site, wrong, "nowhere/else") == "known"
        await site.pass_hours(2)
        assert not site.agent.poller.fleet.silent


async def test_the_place_is_kept_over_a_restart(field, usual: int, monkeypatch) -> None:
    printer = AnnouncedPrinter(path="/kept")
    async with printer.serve(HOST) as port:
        async with field("14.0/29", ipp={"port": usual}) as site:
            await announce(site, port, "kept")
        async with field("14.0/29", ipp={"port": usual}) as site:
            await site.pass_hours(1)
            assert not site.agent.poller.fleet.silent
            assert site.devices()[KEY].last_seen == site.clock.now()


async def test_an_announcement_outside_the_networks_is_asked_nothing(field, usual: int) -> None:
    printer = AnnouncedPrinter()
    async with printer.serve(HOST) as port, field("14.2/31", ipp={"port": usual}) as site:
        assert await announce(site, port, "ipp/print") == "outside"
        assert printer.asked == []


async def test_where_the_announced_place_is_ignored_the_printer_is_lost(
    field, usual: int, monkeypatch
) -> None:
    """The control: this is how it was."""
    reading = ipp_fallback.IppFallback.read_printer

    async def ask_the_usual(self, visit, now):
        return await reading(self, ipp_fallback.replace(visit, announced=()), now)

    monkeypatch.setattr(ipp_fallback.IppFallback, "read_printer", ask_the_usual)
    printer = AnnouncedPrinter(path="/Epson_IPP_Printer")
    async with printer.serve(HOST) as port, field("14.0/29", ipp={"port": usual}) as site:
        assert await announce(site, port, "Epson_IPP_Printer") == "no answer"
