"""`[exclude] macs`: the packet that taught the MAC is the last one."""

import contextlib
from dataclasses import replace

import pytest
from loopback import own

from agent.config import ExcludeConfig
from agent.core.errors import NoAnswer
from agent.core.model import Address, Sighting
from agent.pipeline.polling.mac_gate import IF_ADDRESS, ExcludedMacs, MacGate
from agent.simulator import models


async def count_after(site, fleet, host):
    """Packets that three more sweeps, polls and announcements send to the host."""
    before = sum(fleet.count_packets(host).values())
    for _ in range(3):
        await site.find()
        await site.read_all()
        sighting = Sighting(
            address=fleet.members[0].address, via="mdns", at=site.agent.clock.now(), is_printer=True
        )
        await site.agent.discovery.identify_sighting(sighting)
    return sum(fleet.count_packets(host).values()) - before


async def test_no_packet_follows_the_one_that_taught_the_mac(site_of, shop):
    fleet = shop(own("21.1"), (models.HP_M507, "healthy", ()))
    mac = models.HP_M507.mac
    async with site_of(fleet, own("21.0/29"), exclude={"macs": [mac]}) as site:
        await site.find()
        assert site.verdicts[fleet.members[0].name] == "outside"
        assert site.devices() == {}
        assert await count_after(site, fleet, own("21.1")) == 0


async def test_without_the_exclusion_packets_follow(site_of, shop):
    """The control of the test above."""
    fleet = shop(own("22.1"), (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("22.0/29"), exclude={"macs": ["001122334455"]}) as site:
        await site.find()
        assert await count_after(site, fleet, own("22.1")) > 10


async def test_an_exclusion_holds_over_a_restart_and_ends_with_its_line(site_of, shop):
    fleet = shop(own("23.1"), (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("23.0/29"), exclude={"macs": [models.HP_M507.mac]}) as site:
        await site.find()
    again = shop(own("23.1"), (models.HP_M507, "healthy", ()))
    again = type(again)([replace(again.members[0], address=fleet.members[0].address)])
    async with site_of(again, own("23.0/29"), exclude={"macs": [models.HP_M507.mac]}) as site:
        assert await count_after(site, again, own("23.1")) == 0
        site.agent.use_config(site.agent.config.model_copy(update={"exclude": ExcludeConfig()}))
        await site.find()
        assert len(site.devices()) == 1


class TableWithMac:
    """A reader whose every walk shows the same MAC."""

    address, learned = Address(own("24.1"), 161), ""

    def __init__(self):
        self.asked = []

    async def get(self, oids):
        self.asked.append(("get", *oids))
        return {}

    async def walk(self, *roots):
        self.asked.append(("walk", *roots))
        return [(IF_ADDRESS + b"\x01", bytes.fromhex("001122334455"))]


@pytest.mark.parametrize(("mac", "requests"), [("001122334455", 2), ("001122334456", 4)])
async def test_the_gate_lets_no_question_through_after_the_answer_with_the_mac(mac, requests):
    reader = TableWithMac()
    gate = MacGate(reader, ExcludedMacs(frozenset({mac})))
    await gate.get([b"a"])
    for question in (gate.walk(b"b"), gate.walk(b"c"), gate.get([b"d"])):
        with contextlib.suppress(NoAnswer):
            await question
    assert len(reader.asked) == requests
