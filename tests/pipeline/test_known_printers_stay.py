"""A host that copies a known printer: the printer's address, credential and location stay, and a finding tells of it."""

import time
from contextlib import closing
from dataclasses import replace

import pytest
from loopback import own

from agent.core.clock import format_iso_time
from agent.core.model import Address, Sighting
from agent.core.store import open_reader
from agent.discovery import address_credentials, decisions, inventory
from agent.pipeline.polling.link_neighbours import LinkNeighbours
from agent.simulator import models
from agent.simulator.device import UsmUser, build_printer
from agent.simulator.fleet import SimulatedFleet

SECRET = "office-9317"
USER = UsmUser(name="mps", auth_protocol="SHA256", auth_password="correct horse battery")
SEALED = {
    "name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256",
    "auth_password": "correct horse battery",
}  # fmt: skip
PATIENT = {
    "timeout": "1500 ms", "retries": 0, "requests_per_second": 5000.0, "requests_per_second_per_subnet": 5000.0,
}  # fmt: skip
MINE = replace(models.HP_M507, location="Room 3")


def office_site(site_of, fleet, cidr, **network):
    place = {
        "cidr": cidr,
        "snmp_port": fleet.members[0].address.port,
        "credentials": ["sealed", "office", "public"],
    }
    credentials = [{"name": "office", "community": SECRET}, SEALED]
    return site_of(fleet, cidr, network=[place | network], credential=credentials, snmp=PATIENT)


def private(host, port, **changes):
    return replace(build_printer(MINE, "healthy", Address(host, port)), community=SECRET, **changes)


def copy_of(member, host=None, **identity):
    """A host that says what the printer says, and more; it answers "public"."""
    make = replace(MINE, location="Room of the thief", **identity)
    address = member.address._replace(host=host) if host else member.address
    return build_printer(make, "healthy", address)


async def introduce(site, host):
    site.agent.poller.trusted_hosts.add_hosts([host], format_iso_time(time.time()))
    await site.agent.discovery.introduce_trusted()


async def announce(site, member):
    sighting = Sighting(address=member.address, via="mdns", at=site.agent.clock.now(), is_printer=True)
    return await site.agent.discovery.identify_sighting(sighting)


def findings(site):
    with closing(open_reader(site.agent.config.database_path)) as db:
        return [(one.device, one.other) for one in decisions.load_findings(db)]


def record_of(site):
    return site.devices()[f"sn:{MINE.serial}"]


@pytest.mark.parametrize("alive", [True, False], ids=["alive at home", "off at home"])
@pytest.mark.parametrize("mac", [MINE.mac, "66778899aabb"], ids=["its MAC, too", "another MAC"])
async def test_a_copy_at_another_address_takes_nothing_over(site_of, shop, alive, mac):
    port = shop(own("71.1"), (MINE, "healthy", ())).members[0].address.port
    fleet = SimulatedFleet([private(own("71.1"), port)])
    async with office_site(site_of, fleet, own("71.0/29")) as site:
        await introduce(site, own("71.1"))
        before = record_of(site)
        assert (before.credential, before.location) == ("office", "Room 3")
        if not alive:
            await fleet.stop()
        async with SimulatedFleet([copy_of(fleet.members[0], own("71.2"), mac=mac)]):
            await announce(site, copy_of(fleet.members[0], own("71.2")))
            for _ in range(2):
                await site.read_all()
            after = record_of(site)
            same = ("address", "credential", "location", "mac")
            assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
            (other,) = [one for one in site.devices().values() if one.key != before.key]
            assert (before.key, other.key) in findings(site)
            assert other.location == "Room of the thief"
            with closing(open_reader(site.agent.config.database_path)) as db:
                assert not inventory.load_second_addresses(db, before.key)


async def test_a_copy_at_the_same_address_changes_nothing_and_the_printer_comes_back(site_of, shop):
    """As it was, the copy left "public" behind, and the printer was never asked its community again."""
    port = shop(own("72.1"), (MINE, "healthy", ())).members[0].address.port
    fleet = SimulatedFleet([private(own("72.1"), port)])
    async with office_site(site_of, fleet, own("72.0/29")) as site:
        await introduce(site, own("72.1"))
        before = record_of(site)
        await fleet.stop()
        async with SimulatedFleet([copy_of(fleet.members[0])]):
            for _ in range(3):
                await site.read_all()
        after = record_of(site)
        assert (after.address, after.credential, after.location) == (before.address, "office", "Room 3")
        assert findings(site) == [(before.key, f"at:{own('72.1')}")]
        with closing(open_reader(site.agent.config.database_path)) as db:
            assert address_credentials.load_answer(db, before.address, before) == "office"
        (doubt,) = site.agent.poller.credential_guard._doubts.values()
        doubt.proof_from = doubt.last_try = -1e9  # a day later
        async with SimulatedFleet(fleet.members):
            await site.read_all()
            assert not site.agent.poller.fleet.silent


async def test_a_copy_with_another_mac_on_the_link_is_not_read_as_the_printer(site_of, shop):
    port = shop(own("73.1"), (MINE, "healthy", ())).members[0].address.port
    fleet = SimulatedFleet([private(own("73.1"), port)])
    async with office_site(site_of, fleet, own("73.0/29")) as site:
        await introduce(site, own("73.1"))
        site.agent.poller.neighbours = LinkNeighbours(lambda: {own("73.1"): MINE.mac})
        await site.read_all()
        await fleet.stop()
        site.agent.poller.neighbours = LinkNeighbours(lambda: {own("73.1"): "66778899aabb"})
        async with SimulatedFleet([copy_of(fleet.members[0])]):
            await site.read_all()
            assert site.agent.poller.fleet.silent == {f"sn:{MINE.serial}"}
        assert record_of(site).location == "Room 3"


async def test_a_printer_with_snmpv3_that_moved_proves_it_by_its_user(site_of, shop):
    """It answers "public" as well, by which the sweep finds it at the new address."""
    port = shop(own("74.1"), (MINE, "healthy", ())).members[0].address.port
    member = private(own("74.1"), port, user=USER, versions=frozenset())
    fleet = SimulatedFleet([member])
    async with office_site(site_of, fleet, own("74.0/29")) as site:
        await site.find()
        assert record_of(site).credential == "sealed"
        await fleet.stop()
        moved = replace(
            member, address=Address(own("74.2"), port), versions=frozenset({"2c"}), community="public"
        )
        async with SimulatedFleet([moved]):
            await site.find()
            await site.read_all()
            assert not findings(site)
            assert list(site.devices()) == [f"sn:{MINE.serial}"]
            assert not site.agent.poller.fleet.silent


async def test_a_credential_that_is_not_configured_any_more_is_replaced(site_of, shop):
    """The control: IT has taken the community out, and the printer answers "public" now."""
    port = shop(own("75.1"), (MINE, "healthy", ())).members[0].address.port
    fleet = SimulatedFleet([private(own("75.1"), port)])
    async with office_site(site_of, fleet, own("75.0/29")) as site:
        await introduce(site, own("75.1"))
        await fleet.stop()
        edited = site.agent.config.network[0].model_copy(update={"credentials": ("public",)})
        site.agent.use_config(site.agent.config.model_copy(update={"network": (edited,)}))
        async with SimulatedFleet([replace(fleet.members[0], community="public")]):
            await site.read_all()
        assert record_of(site).credential == "public"
        assert not findings(site)
