"""Which host gets which community, counted at the simulated printers."""

import json
from contextlib import closing
from dataclasses import replace

from loopback import own
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.core.clock import Clock
from agent.core.model import Address, Sighting
from agent.core.store import open_reader
from agent.discovery import address_credentials
from agent.simulator import models
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
    site.agent.poller.trusted_hosts.add_hosts([host], "2026-03-02T08:00:00Z")
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
