"""The announcements, seen by a browser of its own over real multicast on loopback, and only there."""

import asyncio
import os
import socket
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import LOCALHOST, own
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from agent.core.model import Address
from agent.simulator import models
from agent.simulator.device import SimulatedDevice, build_printer
from agent.simulator.fleets import build_demo_devices
from agent.simulator.mdns import announce_devices

pytestmark = pytest.mark.xdist_group("multicast")  # one at a time: what one announces, all hear

IPP = "_ipp._tcp.local."
RAW = "_pdl-datastream._tcp.local."
PATIENCE = 20.0
UNSPECIFIED = socket.inet_ntoa(bytes(4))


async def seen(kind: str, wanted: set[str]) -> dict[str, AsyncServiceInfo]:
    """The services of `kind` with the `wanted` instance names, as a browser on loopback finds them.

    Others may be announcing on this machine at the same time; they are not counted.
    """
    zeroconf = AsyncZeroconf(interfaces=[LOCALHOST], ip_version=IPVersion.V4Only)
    missing = {f"{name}.{kind}" for name in wanted}
    found = asyncio.Event()

    def change(name: str, **_: object) -> None:
        missing.discard(name)
        if not missing:
            found.set()

    browser = AsyncServiceBrowser(zeroconf.zeroconf, kind, handlers=[change])
    try:
        await asyncio.wait_for(found.wait(), PATIENCE)
        infos = {name: AsyncServiceInfo(kind, f"{name}.{kind}") for name in wanted}
        # one after the other: zeroconf answers a question that it has just answered only after a while
        answered = [await info.async_request(zeroconf.zeroconf, PATIENCE * 1000) for info in infos.values()]
        assert all(answered)
        return infos
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


def unique(member: SimulatedDevice) -> SimulatedDevice:
    """The member with a MAC, and so with names and a UUID, of this test run only."""
    assert member.make
    mark = f"{os.getpid() % 0x10000:04x}{member.make.mac[-2:]}"
    return replace(member, make=replace(member.make, mac=f"{member.make.mac[:6]}{mark}"))


def one() -> SimulatedDevice:
    return unique(build_printer(models.SHARP_3570, "healthy", Address(own("9.1"), 16161)))


def instance(member: SimulatedDevice) -> str:
    """Model and the end of the MAC: what makers name their printers by."""
    assert member.make
    return f"{member.make.name} ({member.make.mac[-6:].upper()})"


async def test_a_printer_is_seen_with_its_whole_txt_record() -> None:
    member = one()
    async with announce_devices([member]):
        (service,) = (await seen(IPP, {instance(member)})).values()
    text = {key.decode(): (value or b"").decode() for key, value in service.properties.items()}
    server = f"PRN{instance(member)[-7:-1]}.local"
    assert service.parsed_addresses() == [own("9.1")]
    assert (service.port, service.server) == (631, f"{server}.")
    expected = {
        "rp": "ipp/print",
        "ty": "SHARP MX-3570N",
        "product": "(SHARP MX-3570N)",
        "usb_MFG": "SHARP",
        "usb_MDL": "MX-3570N",
        "UUID": member.make.uuid if member.make else "",
        "note": "Branch office, ground floor",
        "adminurl": f"http://{server}/",
        "Color": "T",
        "Duplex": "T",
        "txtvers": "1",
        "qtotal": "1",
    }
    assert {key: text.get(key) for key in expected} == expected


async def test_both_services_of_a_printer_share_instance_host_and_uuid() -> None:
    member = one()
    async with announce_devices([member]):
        ipp, raw = await asyncio.gather(seen(IPP, {instance(member)}), seen(RAW, {instance(member)}))
    (ipp_info,), (raw_info,) = ipp.values(), raw.values()
    assert ipp_info.server == raw_info.server
    assert ipp_info.properties[b"UUID"] == raw_info.properties[b"UUID"]
    assert (raw_info.port, b"rp" in raw_info.properties) == (9100, False)


async def test_of_the_demonstration_all_printers_but_the_unwilling_one_are_announced() -> None:
    members = [unique(member) for member in build_demo_devices(own("108.1"), 16161) if member.make]
    willing = {instance(member): member.address.host for member in members if member.announced}
    async with announce_devices(members):
        found = await seen(IPP, set(willing))
    assert {name: info.parsed_addresses()[0] for name, info in found.items()} == willing
    assert {member.story for member in members if not member.announced} == {"falls_silent"}


def mdns_sockets() -> list[tuple[str, str]]:
    """(local address, interface that multicast leaves by) of each socket of this process on port 5353."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if not stat.S_ISSOCK(entry.stat().st_mode):
                continue
            copy = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:  # the descriptor of this very listing
            continue
        with closing(copy):
            if copy.family == socket.AF_INET and copy.getsockname()[1] == 5353:
                leaves = copy.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)
                found.append((copy.getsockname()[0], socket.inet_ntoa(leaves)))
    return sorted(found)


def members_of_the_group() -> set[str]:
    """The interfaces on which this machine listens to 224.0.0.251."""
    found, interface = set(), ""
    for line in Path("/proc/net/igmp").read_text().splitlines()[1:]:
        if line[0].isdigit():
            interface = line.split()[1]
        elif line.split()[0] == "FB0000E0":
            found.add(interface)
    return found


@pytest.mark.skipif(not Path("/proc/net/igmp").exists(), reason="reads Linux's tables of sockets")
async def test_the_announcer_joins_and_sends_on_loopback_only() -> None:
    before = members_of_the_group()
    async with announce_devices([one()]):
        assert members_of_the_group() - before <= {"lo"}
        # The library's listener on all addresses sends nothing; what sends is bound to loopback
        assert mdns_sockets() == [(UNSPECIFIED, UNSPECIFIED), (LOCALHOST, LOCALHOST)]
