"""A closed site: no printer answers "public"; they are found by their SNMPv3 engine, without a secret."""

import asyncio
from dataclasses import replace

import pytest
from loopback import free_port, own

from agent.core.model import Address
from agent.simulator import models, other_devices
from agent.simulator.device import SimulatedDevice, UsmUser
from agent.simulator.endpoint import PacketKind
from agent.simulator.fleet import SimulatedFleet

USER = UsmUser(name="mps", auth_protocol="SHA256", auth_password="correct horse battery")
CREDENTIAL = {
    "name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256",
    "auth_password": "correct horse battery",
}  # fmt: skip


def closed(fleet):
    """The printers of `fleet`, with v1 and v2c switched off."""
    return [replace(member, versions=frozenset(), user=USER) for member in fleet.members]


def silent(host, port):
    """A host that answers nothing; packets to it are counted all the same."""
    return SimulatedDevice(address=Address(host, port), source=other_devices.SilentHost(), name="silent")


def closed_site(site_of, fleet, cidr, *, more=(), settings=None, **network):
    place = {"cidr": cidr, "snmp_port": fleet.members[0].address.port, "credentials": ["sealed"]}
    networks = [place | network, *(place | {"cidr": cidr} | other for other in more)]
    given = {"network": networks, "credential": [CREDENTIAL], "mdns": {"enabled": False}}
    return site_of(fleet, cidr, **(given | (settings or {})))


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


async def test_a_sweep_sends_one_packet_to_each_host_of_a_closed_network(site_of):
    """Not two, not into a network inside it that is not swept, and not to what is excluded."""
    hosts = [own(f"35.{n}") for n in range(1, 7)]
    port = free_port()
    fleet = SimulatedFleet([silent(host, port) for host in hosts])
    inside = {"cidr": own("35.4/31"), "sweep": False, "credentials": ["sealed"]}
    settings = {"exclude": {"hosts": [own("35.2")]}}
    async with closed_site(site_of, fleet, own("35.0/29"), more=[inside], settings=settings) as site:
        for sweep in (1, 2):
            await site.find()
            counted = {host: fleet.count_packets(host) for host in hosts}
            for asked in (own("35.1"), own("35.3"), own("35.6")):
                assert counted[asked] == {PacketKind("3", ""): sweep}
            for spared in (own("35.2"), own("35.4"), own("35.5")):
                assert not counted[spared]


class Door(asyncio.Protocol):
    """A TCP port that counts who knocks, and says nothing."""

    def __init__(self):
        self.knocks = 0

    def __call__(self):
        self.knocks += 1
        return asyncio.Protocol()


@pytest.mark.parametrize(
    ("device", "knocks"),
    [("a switch", False), ("a sealed printer", True), ("a sealed printer of no known maker", False)],
)
async def test_tcp_631_only_of_hosts_that_show_to_be_printers(site_of, shop, device, knocks):
    """The switch answers "public", the printers only SNMPv3 with a password that nobody here has."""
    (printer,) = shop(own("36.1"), (models.HP_M507, "healthy", ())).members
    unknown = replace(printer.make, object_id=(*printer.make.object_id[:6], 424242, 1))
    sealed = replace(printer, versions=frozenset(), user=replace(USER, auth_password="of another house"))
    member = {
        "a switch": replace(printer, source=other_devices.build_switch(), make=None),
        "a sealed printer": sealed,
        "a sealed printer of no known maker": replace(sealed, make=unknown),
    }[device]
    fleet, door = SimulatedFleet([member]), Door()
    server = await asyncio.get_running_loop().create_server(door, own("36.1"), 0)
    ipp = {"port": server.sockets[0].getsockname()[1], "timeout": "300 ms"}
    async with (
        server,
        closed_site(
            site_of, fleet, own("36.0/29"), credentials=["public", "sealed"], settings={"ipp": ipp}
        ) as site,
    ):
        await site.find()
        assert fleet.count_packets(own("36.1"))
        assert bool(door.knocks) == knocks


async def test_a_host_whose_engine_is_no_printer_makers_is_asked_nothing_more(site_of, shop):
    """One packet, which holds no secret; the same host is read where its maker makes printers."""
    (member,) = closed(shop(own("33.1"), (models.HP_M507, "healthy", ())))
    fleet = SimulatedFleet([replace(member, make=replace(member.make, object_id=(1, 3, 6, 1, 4, 1, 424242)))])
    async with closed_site(site_of, fleet, own("33.0/29")) as site:
        await site.find()
        assert fleet.count_packets(own("33.1")) == {PacketKind("3", ""): 1}
        assert not site.devices()


async def test_a_new_maker_is_a_profile_and_no_other_edit(site_of, shop, tmp_path):
    """The control of the test above: with a profile that carries the number, the same host is read."""
    (tmp_path / "profiles.d").mkdir()
    (tmp_path / "profiles.d/acme.toml").write_text('vendor = "Acme"\nenterprises = [424242]\n')
    (member,) = closed(shop(own("34.1"), (models.HP_M507, "healthy", ())))
    fleet = SimulatedFleet([replace(member, make=replace(member.make, object_id=(1, 3, 6, 1, 4, 1, 424242)))])
    settings = {"collectors": {"profiles": str(tmp_path / "profiles.d")}}
    async with closed_site(site_of, fleet, own("34.0/29"), settings=settings) as site:
        await site.find()
        assert [device.serial for device in site.devices().values()] == [models.HP_M507.serial]
