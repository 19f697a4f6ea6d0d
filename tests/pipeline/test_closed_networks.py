"""A closed site: no printer answers "public"; they are found by their SNMPv3 engine, without a secret."""

from dataclasses import replace

from loopback import own

from agent.discovery.methods import engine_discovery
from agent.simulator import models
from agent.simulator.device import UsmUser
from agent.simulator.fleet import SimulatedFleet

USER = UsmUser(name="mps", auth_protocol="SHA256", auth_password="correct horse battery")
CREDENTIAL = {
    "name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256",
    "auth_password": "correct horse battery",
}  # fmt: skip


def closed(fleet):
    """The printers of `fleet`, with v1 and v2c switched off."""
    return [replace(member, versions=frozenset(), user=USER) for member in fleet.members]


def closed_site(site_of, fleet, cidr, **network):
    place = {"cidr": cidr, "snmp_port": fleet.members[0].address.port, "credentials": ["sealed"]}
    return site_of(fleet, cidr, network=[place | network], credential=[CREDENTIAL], mdns={"enabled": False})


async def test_every_printer_of_a_closed_site_is_found_and_read(site_of, shop):
    makes = [models.HP_M507, models.LEXMARK_MS521, models.RICOH_C3000]
    fleet = SimulatedFleet(closed(shop(own("31.1"), *((make, "healthy", ()) for make in makes))))
    async with closed_site(site_of, fleet, own("31.0/29")) as site:
        await site.find()
        found = {device.serial: device.credential for device in site.devices().values()}
        assert found == {make.serial: "sealed" for make in makes}


async def test_a_network_that_is_not_swept_gets_no_packet(site_of, shop):
    fleet = SimulatedFleet(closed(shop(own("32.1"), (models.HP_M507, "healthy", ()))))
    async with closed_site(site_of, fleet, own("32.0/29"), sweep=False) as site:
        await site.find()
        assert not fleet.count_packets()


async def test_a_host_whose_engine_is_no_printer_makers_is_asked_nothing_more(site_of, shop, monkeypatch):
    """One packet, which holds no secret; the same host is read where its maker makes printers."""
    monkeypatch.setattr(engine_discovery, "PRINTER_MAKERS", {})
    fleet = SimulatedFleet(closed(shop(own("33.1"), (models.HP_M507, "healthy", ()))))
    async with closed_site(site_of, fleet, own("33.0/29")) as site:
        await site.find()
        assert sum(fleet.count_packets(own("33.1")).values()) == 1
        assert {packet.name for packet in fleet.count_packets(own("33.1"))} <= {None, ""}
        assert not site.devices()
