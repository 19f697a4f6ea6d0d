"""Which host gets which community, counted at the simulated printers."""

import json
import time
from contextlib import closing
from dataclasses import replace

import pytest
from loopback import own
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.core.clock import Clock, format_iso_time
from agent.core.model import Address, Sighting
from agent.core.store import open_reader
from agent.discovery import address_credentials
from agent.pipeline.polling.link_neighbours import LinkNeighbours
from agent.simulator import models
from agent.simulator.device import UsmUser
from agent.simulator.fleet import SimulatedFleet

SECRET = "office-9317"
CREDENTIALS = [{"name": "office", "community": SECRET}]


def office_site(site_of, fleet, cidr, clock=None, **settings):
    """A site whose network lists the private community first."""
    port = fleet.members[0].address.port
    network = {"cidr": cidr, "snmp_port": port, "credentials": ["office", "public"]}
    share = settings.pop("share", None)
    return site_of(
        fleet, cidr, clock, network=[network | ({"share": share} if share else {})], credential=CREDENTIALS,
        **settings,
    )  # fmt: skip


def count_community(fleet, host, community=SECRET):
    return sum(times for kind, times in fleet.count_packets(host).items() if kind.name == community)


async def announce(site, member):
    """Discovery hears the printer announce itself."""
    sighting = Sighting(address=member.address, via="mdns", at=site.agent.clock.now(), is_printer=True)
    return await site.agent.discovery.identify_sighting(sighting)


def private_fleet(shop, base, *makes):
    fleet = shop(base, *((make, "healthy", ()) for make in makes))
    return SimulatedFleet([replace(member, community=SECRET) for member in fleet.members])


async def test_a_host_that_announces_itself_is_given_no_community(site_of, shop):
    fleet = private_fleet(shop, own("11.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("11.0/29")) as site:
        await site.find()
        assert await announce(site, fleet.members[0]) == "no answer"
        assert count_community(fleet, own("11.1"), "public")
        assert count_community(fleet, own("11.1")) == 0


async def test_a_network_shared_with_anyone_gives_it_to_announced_printers(site_of, shop):
    """The control of the test above: with this key the printer gets it, and is read."""
    fleet = private_fleet(shop, own("12.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("12.0/29"), share="anyone") as site:
        assert await announce(site, fleet.members[0]) == "printer"
        assert count_community(fleet, own("12.1"))


async def test_a_trusted_printer_is_listed_trusted_read_and_kept(site_of, shop, tmp_path):
    fleet = private_fleet(shop, own("13.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("13.0/29")) as site:
        await announce(site, fleet.members[0])
        file = tmp_path / "config.toml"
        file.write_text(
            f'[storage]\nfolder = "{site.agent.config.state_folder}"\n'
            f'[[network]]\ncidr = "{own("13.0/29")}"\ncredentials = ["office", "public"]\n'
            f'[[credential]]\nname = "office"\ncommunity = "{SECRET}"\n'
        )

        def trust(*words):
            command = ["devices", "trust", "--config", str(file), *words]
            return CliRunner().invoke(build_cli(["devices"]), command)

        (waiting,) = json.loads(trust("--json").stdout)["waiting"]
        assert (waiting["address"], waiting["withheld"]) == (own("13.1"), "office")
        assert trust("203.0.113.9").exit_code == 2, "in no network"
        assert json.loads(trust(own("13.1"), "--json").stdout) == {"trusted": [own("13.1")]}
        assert own("13.1") in (site.agent.config.state_folder / "audit.jsonl").read_text()

        await site.agent.discovery.introduce_trusted()
        (device,) = site.devices().values()
        assert device.credential == "office"
        assert not site.agent.poller.trusted_hosts.load_hosts(), "trust was for one introduction"
        await site.read_all()
        assert not site.agent.poller.fleet.silent
        with closing(open_reader(site.agent.config.database_path)) as db:
            assert address_credentials.load_answer(db, device.address, device) == "office"


async def introduce(site, host):
    site.agent.poller.trusted_hosts.add_hosts([host], format_iso_time(time.time()))
    await site.agent.discovery.introduce_trusted()


async def test_another_printer_at_once_at_a_trusted_address_gets_one_request(site_of, shop):
    fleet = private_fleet(shop, own("14.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("14.0/29")) as site:
        await introduce(site, own("14.1"))
        rogue = shop(own("14.1"), (models.LEXMARK_MS521, "healthy", ())).members[0]
        await fleet.stop()
        moved = replace(rogue, address=fleet.members[0].address)
        async with SimulatedFleet([moved]) as there:
            for _ in range(6):
                await site.read_all()
            assert count_community(there, own("14.1")) <= 1
            assert count_community(there, own("14.1"), "public")


async def test_another_printer_after_a_silence_gets_at_most_one_request(site_of, shop):
    clock = Clock.scaled(600)
    fleet = private_fleet(shop, own("15.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("15.0/29"), clock) as site:
        await introduce(site, own("15.1"))
        await fleet.stop()
        for _ in range(4):
            await site.read_all()
        silent = replace(fleet.members[0], community="of-another-house")
        async with SimulatedFleet([silent]) as there:
            for _ in range(6):
                await site.read_all()
            assert count_community(there, own("15.1")) <= 1


async def test_the_printer_itself_comes_back_after_a_silence(site_of, shop):
    """A printer that is off for a while, and answers nothing but its community."""
    fleet = private_fleet(shop, own("16.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("16.0/29")) as site:
        await introduce(site, own("16.1"))
        await fleet.stop()
        await site.read_all()
        await site.read_all()
        async with SimulatedFleet(fleet.members):
            await site.read_all()
            assert not site.agent.poller.fleet.silent


async def test_a_known_printer_at_a_new_address_is_given_no_community_there(site_of, shop):
    """Its serial is on a sticker: the address has to answer the community first."""
    fleet = private_fleet(shop, own("17.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("17.0/29")) as site:
        await introduce(site, own("17.1"))
        await fleet.stop()
        rogue = replace(fleet.members[0], address=Address(own("17.2"), fleet.members[0].address.port))
        async with SimulatedFleet([replace(rogue, community="public")]) as there:
            await site.find()
            await announce(site, rogue)
            await site.read_all()
            await site.read_all()
            assert count_community(there, own("17.2"), "public")
            assert count_community(there, own("17.2")) == 0


PRINTER_MAC, OTHER_MAC = "001122334455", "66778899aabb"


def link(site, **macs):
    """What the system knows of the hosts on the link; without it, loopback has no MACs."""
    table = {own(f"{net.removeprefix('net')}.1"): mac for net, mac in macs.items()}
    site.agent.poller.neighbours = LinkNeighbours(lambda: table)


@pytest.mark.parametrize(
    ("mac", "communities"), [(OTHER_MAC, 0), (PRINTER_MAC, 1)], ids=["another MAC", "the same MAC"]
)
async def test_another_mac_on_the_link_is_asked_without_a_secret_first(site_of, shop, mac, communities):
    """The control: with the same MAC the first request goes out, as a lost packet looks alike."""
    fleet = private_fleet(shop, own("18.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("18.0/29")) as site:
        await introduce(site, own("18.1"))
        link(site, net18=PRINTER_MAC)
        await site.read_all()
        await fleet.stop()
        rogue = shop(own("18.1"), (models.LEXMARK_MS521, "healthy", ())).members[0]
        link(site, net18=mac)
        async with SimulatedFleet([replace(rogue, address=fleet.members[0].address)]) as there:
            for _ in range(4):
                await site.read_all()
            assert count_community(there, own("18.1")) == communities
            assert count_community(there, own("18.1"), "public")


@pytest.mark.parametrize(("mac", "most"), [(OTHER_MAC, 1), (None, 3)], ids=["another MAC", "behind a router"])
async def test_a_host_that_copies_a_printers_answers_gets_few_requests(site_of, shop, mac, most):
    """It shows the serial number and the MAC of the printer, and does not answer its community."""
    fleet = private_fleet(shop, own("19.1"), models.HP_M507)
    async with office_site(site_of, fleet, own("19.0/29")) as site:
        await introduce(site, own("19.1"))
        link(site, **({"net19": PRINTER_MAC} if mac else {}))
        await site.read_all()
        await fleet.stop()
        link(site, **({"net19": mac} if mac else {}))
        async with SimulatedFleet([replace(fleet.members[0], community="public")]) as there:
            for _ in range(8):
                await site.read_all()
            assert count_community(there, own("19.1")) <= most


PATIENT = {
    "timeout": "1500 ms", "retries": 0, "requests_per_second": 5000.0, "requests_per_second_per_subnet": 5000.0,
}  # fmt: skip


@pytest.mark.parametrize("mac", ["another", "the same"])
async def test_an_engine_id_tells_the_printer_from_another_host(site_of, shop, mac):
    """After a silence; both answer nothing but a community, and SNMPv3 to nobody here."""
    clock = Clock.scaled(600)
    sealed = UsmUser(name="of-another-house", auth_protocol="SHA256", auth_password="a long password")
    fleet = private_fleet(shop, own("20.1"), models.HP_M507)
    fleet = SimulatedFleet([replace(fleet.members[0], user=sealed)])
    async with office_site(site_of, fleet, own("20.0/29"), clock, snmp=PATIENT) as site:
        await introduce(site, own("20.1"))
        await site.read_all()
        await fleet.stop()
        for _ in range(2):
            await site.read_all()
        (doubt,) = site.agent.poller.credential_guard._doubts.values()
        doubt.last_try = site.agent.clock.monotonic()  # the one request of the day has been sent
        member = fleet.members[0]
        if mac == "another":
            member = replace(member, make=replace(member.make, mac=OTHER_MAC), community="other")
        async with SimulatedFleet([member]) as there:
            await site.read_all()
            await site.read_all()
            assert bool(count_community(there, own("20.1"))) == (mac == "the same")
            assert bool(site.agent.poller.fleet.silent) == (mac == "another")
