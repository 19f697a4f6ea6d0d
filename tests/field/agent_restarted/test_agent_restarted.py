"""What the agent finds after a restart: no cached identity, and the printers may have changed places meanwhile."""

import contextlib
from pathlib import Path

import field_site
import pytest
from field_site import HOURLY, SERIAL, run_field_site
from loopback import free_port, own

A, B = "sn:VNA0000001", "sn:VNB0000002"
FOLDER = Path(__file__).parent
V1 = {"credential": [{"name": "old", "version": "1", "community": "public"}], "credentials": ["old"]}


@pytest.fixture
def restarts(tmp_path, monkeypatch):
    """`async with start(now)`: the agent on the state that it left, at this time."""
    port, hosts = free_port(), [own(f"9.{number}") for number in range(1, 5)]

    @contextlib.asynccontextmanager
    async def start(now, **settings):
        monkeypatch.setattr(field_site, "BEGIN", now)
        async with run_field_site(tmp_path, own("9.0/29"), hosts, port, dict(settings)) as site:
            yield site

    return start


async def meet(start, **settings):
    """Both printers, polled for three hours; returns the time and both."""
    async with start(field_site.BEGIN, **settings) as site:
        a = site.place(own("9.1"), FOLDER / "a.snmprec")
        b = site.place(own("9.2"), FOLDER / "b.snmprec")
        await site.find()
        await site.pass_hours(3)
        return site.clock.now(), a, b


def stand(site, **places):
    for host, printer in places.items():
        printer.clock = site.clock
        site.place(own(f"9.{host[1:]}"), printer)


def totals(site):
    return {key: site.counters(key)["total"].adjusted for key in (A, B)}


@pytest.mark.parametrize("settings", [{}, V1], ids=["v2c", "v1"])
async def test_addresses_exchanged_while_it_was_down(restarts, settings):
    now, a, b = await meet(restarts, **settings)
    a.pages, b.pages = 40_010, 41_020
    async with restarts(now + 600, **settings) as site:
        stand(site, h1=b, h2=a)
        site.clock.advance(300)
        await site.poll(HOURLY)
        assert totals(site) == {A: 40_010, B: 41_020}, (
            "with the first poll, which reads no inventory by itself"
        )
        await site.pass_hours(2)
        assert {key: one.address.host for key, one in site.devices().items()} == {
            A: own("9.2"),
            B: own("9.1"),
        }


async def test_a_printer_exchanged_while_it_was_down(restarts):
    now, _, b = await meet(restarts)
    async with restarts(now + 3 * 86400) as site:
        new = field_site.FieldPrinter.from_walk(FOLDER / "a.snmprec", site.clock)
        new.show(SERIAL, "VNC0000003")
        new.pages = 90_000
        stand(site, h1=new, h2=b)
        site.clock.advance(300)
        await site.poll(HOURLY)
        assert site.counters(A)["total"].adjusted == 40_000
        assert site.counters("sn:VNC0000003")["total"].adjusted == 90_000
        assert site.devices()["sn:VNC0000003"].replaces == A


async def test_the_same_printer_rebooted_while_it_was_down(restarts):
    now, a, b = await meet(restarts)
    async with restarts(now + 600) as site:
        stand(site, h1=a, h2=b)
        a.reboot()
        a.pages = 40_004
        site.clock.advance(300)
        await site.poll(HOURLY)
        assert set(site.devices()) == {A, B}
        assert totals(site) == {A: 40_004, B: 41_000}
