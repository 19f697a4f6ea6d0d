"""Printers that answer SNMPv3 in their maker's context only: found, read, and read again after a restart."""

from dataclasses import replace

import pytest
from loopback import own

from agent.core.model import Tier
from agent.simulator import models
from agent.simulator.device import UsmUser
from agent.simulator.fleet import SimulatedFleet

SECRET = {"auth_protocol": "SHA256", "auth_password": "correct horse battery"}
CREDENTIAL = {"name": "sealed", "version": "3", "user": "mps", **SECRET}
ALERTS = frozenset({Tier.ALERTS})


def printers(shop, context: str, others: str) -> SimulatedFleet:
    """An HP that speaks SNMPv3 in this context only."""
    members = shop(own("34.1"), (models.HP_M507, "healthy", ())).members
    user = UsmUser(name="mps", **SECRET)
    settings = {"versions": frozenset(), "user": user, "context": context, "other_contexts": others}
    return SimulatedFleet([replace(member, **settings) for member in members])


def sealed_site(site_of, fleet, **credential):
    place = {"cidr": own("34.0/29"), "snmp_port": fleet.members[0].address.port, "credentials": ["sealed"]}
    snmp = {"timeout": "10 s", "retries": 0, "requests_per_second": 5000.0}
    rates = {"requests_per_second_per_subnet": 5000.0}
    return site_of(
        fleet, own("34.0/29"), network=[place], credential=[CREDENTIAL | credential], snmp=snmp | rates
    )


@pytest.mark.parametrize(
    ("context", "others", "configured"),
    [
        ("Jetdirect", "report", {}),
        pytest.param("Jetdirect", "nothing", {}, marks=pytest.mark.long),
        pytest.param("floor 2", "report", {"context": "floor 2"}, marks=pytest.mark.long),
    ],
)
async def test_it_is_found_and_read_and_its_context_is_kept(
    site_of, shop, context, others, configured
) -> None:
    fleet = printers(shop, context, others)
    async with sealed_site(site_of, fleet, **configured) as site:
        await site.find()
        (device,) = site.devices().values()
        assert (device.serial, device.credential) == (models.HP_M507.serial, "sealed")
        await site.read_all(ALERTS)
        before = sum(fleet.count_packets().values())
        await site.read_all(ALERTS)
        poll = sum(fleet.count_packets().values()) - before
    again = SimulatedFleet(fleet.members)
    async with sealed_site(site_of, again, **configured) as site:
        await site.read_all(ALERTS)
        first = sum(again.count_packets().values())
        await site.read_all(ALERTS)
        assert sum(again.count_packets().values()) - first == poll, "no context is tried again"
        assert not site.agent.poller.fleet.silent


async def test_without_the_makers_context_it_is_not_found(site_of, shop) -> None:
    """The control: a context that no profile names."""
    fleet = printers(shop, "floor 2", "report")
    async with sealed_site(site_of, fleet) as site:
        await site.find()
        assert not site.devices()
