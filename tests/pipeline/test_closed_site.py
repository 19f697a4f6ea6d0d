"""A closed site: ten subnets, and no printer that answers "public", SNMPv1 or SNMPv2c. All are found.

    sealed    SNMPv3 with the site's user; shows its engine id
    context   the same, in one context only, which nobody has configured (HP: "Jetdirect")
    ipp       SNMPv3 with a password that nobody here has: its engine id lets it be asked over IPP
    dns       no SNMP; the site's DNS names it (DNS-SD)
    link      no SNMP; it answers WS-Discovery

Half of each subnet are hosts that are no printers, or answer nothing. The agent is given its networks, a DNS server
and one SNMPv3 user.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from dns_server import printer_records, serve_dns
from loopback import free_port, own
from wsd_printer import serve_wsd

from agent.core.model import Address
from agent.discovery.methods import ws_discovery
from agent.simulator import ipp, models, other_devices
from agent.simulator.device import SimulatedDevice, UsmUser, build_printer
from agent.simulator.endpoint import PacketKind
from agent.simulator.fleet import SimulatedFleet

pytestmark = pytest.mark.xdist_group("multicast")

SUBNETS = tuple(range(200, 210))
USER = UsmUser(name="mps", auth_protocol="SHA256", auth_password="correct horse battery")
CREDENTIAL = {
    "name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256",
    "auth_password": "correct horse battery",
}  # fmt: skip
MODELS = (models.HP_M507, models.LEXMARK_MS521, models.RICOH_C3000, models.KYOCERA_P2040)
DOMAIN, PROBER, DNS = "corp.example", own("211.1"), own("211.53")


@dataclass(frozen=True, kw_only=True)
class ClosedSite:
    """The devices of the site, by how they can be found."""

    printers: dict[str, list[SimulatedDevice]]
    others: list[SimulatedDevice]

    @property
    def count(self) -> int:
        return sum(map(len, self.printers.values()))

    @property
    def serials(self) -> set[str]:
        return {member.make.serial for members in self.printers.values() for member in members}

    @property
    def members(self) -> list[SimulatedDevice]:
        return [*(one for members in self.printers.values() for one in members), *self.others]


def build_site(per_subnet: int) -> ClosedSite:
    """`per_subnet` printers in each subnet, of each kind in turn, and as many other hosts."""
    kinds = {
        "sealed": {"user": USER},
        "context": {"user": USER, "context": "Jetdirect"},
        "ipp": {"user": replace(USER, auth_password="of another house")},
        "dns": {},
        "link": {},
    }
    port, site = free_port(), ClosedSite(printers={kind: [] for kind in kinds}, others=[])
    for place in range(len(SUBNETS) * per_subnet):
        net, host = SUBNETS[place // per_subnet], 1 + place % per_subnet
        number = place + net  # so that each subnet begins with another kind
        kind = list(kinds)[number % len(kinds)]
        model = models.HP_M507 if kind == "context" else MODELS[place % len(MODELS)]
        make = replace(model, serial=f"CLOSED{place:05}", mac=f"0011220{place:05x}")
        printer = build_printer(make, "healthy", Address(own(f"{net}.{host}"), port))
        site.printers[kind].append(replace(printer, versions=frozenset(), **kinds[kind]))
        beside = Address(own(f"{net}.{host + per_subnet}"), port)
        source = other_devices.SilentHost() if place % 2 else other_devices.build_switch()
        site.others.append(
            SimulatedDevice(address=beside, source=source, name="no printer", versions=frozenset(), user=USER)
        )
    return site


@asynccontextmanager
async def running_site(
    site_of, site: ClosedSite, prefix: int, wait: str = "1 s", **switches: bool
) -> AsyncIterator[SimpleNamespace]:
    """The agent at this site; `switches` turn ways of discovery off, `wait` is its first SNMP time-out."""
    fleet = SimulatedFleet(site.members)
    ipp_port = free_port(kind=1)
    spoken = [one for kind in ("ipp", "dns", "link") for one in site.printers[kind]]
    records = [
        record
        for member in site.printers["dns"]
        for record in printer_records(DOMAIN, member.make.serial, member.address.host, port=ipp_port)
    ]
    place = {"snmp_port": site.members[0].address.port, "credentials": ["sealed"]}
    async with AsyncExitStack() as stack:
        _, dns_port = await stack.enter_async_context(serve_dns(DNS, records))
        for member in site.printers["link"]:
            await stack.enter_async_context(serve_wsd(member.address.host, PROBER))
        await stack.enter_async_context(ipp.serve_ipp(spoken, ipp_port, fleet.clock, fleet.clock.now()))
        settings = {
            "network": [place | {"cidr": own(f"{net}.0/{prefix}")} for net in SUBNETS],
            "credential": [CREDENTIAL],
            "ipp": {"port": ipp_port},
            "snmp": {"timeout": wait, "retries": 1, "requests_per_second": 5000.0,
                     "requests_per_second_per_subnet": 5000.0},  # the simulated v3 engines share our processor
            "dns_sd": {"enabled": switches.get("dns", True), "domains": [DOMAIN], "servers": [DNS], "port": dns_port},
            "ws_discovery": {"enabled": switches.get("link", True), "interfaces": [PROBER]},
        }  # fmt: skip
        yield await stack.enter_async_context(site_of(fleet, "", **settings))


@pytest.mark.claim("closed-site")
@pytest.mark.parametrize(
    ("per_subnet", "prefix", "wait"),
    [(1, 29, "1 s"), pytest.param(6, 24, "10 s", marks=pytest.mark.long)],
    ids=["small", "whole"],
)
async def test_every_printer_of_ten_closed_subnets_is_found(site_of, figure, per_subnet, prefix, wait):
    site = build_site(per_subnet)
    async with running_site(site_of, site, prefix, wait) as there:
        await there.find()
        found = {device.serial for device in there.devices().values()}
        assert found == site.serials, "all of them, and nothing else"
        for member in [*site.others, *site.printers["dns"], *site.printers["link"]]:
            seen = there.fleet.count_packets(member.address.host)
            assert {kind.version for kind in seen} <= {"3"}, "no community anywhere"
        for member in site.others:
            assert there.fleet.count_packets(member.address.host) == {PacketKind("3", ""): 1}
    figure(printers=site.count, subnets=len(SUBNETS), found=len(found))


@pytest.mark.control("closed-site")
async def test_without_dns_and_ws_discovery_those_printers_are_missing(site_of, figure):
    """So each way of discovery is needed, and the site is as closed as it says."""
    site = build_site(1)
    async with running_site(site_of, site, 29, dns=False, link=False) as there:
        await there.find()
        found = {device.serial for device in there.devices().values()}
    missing = {member.make.serial for kind in ("dns", "link") for member in site.printers[kind]}
    assert found == site.serials - missing
    figure(printers=site.count, found=len(found))


@pytest.fixture(autouse=True)
def answer_time(monkeypatch):
    """Ten answers on loopback are there at once; a loaded machine may take longer."""
    monkeypatch.setattr(ws_discovery, "LINGER", 8.0)
