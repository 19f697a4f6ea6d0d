"""Printers that answer garbage, nothing, late or from elsewhere; the round goes on with the others."""

import asyncio
from dataclasses import replace

import pytest
from loopback import own

from agent.core.clock import Clock
from agent.core.model import Address, Tier
from agent.pipeline.polling import poller
from agent.simulator import models, other_devices
from agent.simulator.device import SimulatedDevice
from agent.simulator.fleet import SimulatedFleet

GOOD, BAD = own("0.1"), own("0.2")
NO_USER = ""  # of SNMPv3 engine discovery, which carries no secret
ALERTS = frozenset({Tier.ALERTS})

TROUBLES = [
    ("garbage", ("garbage",)),
    ("nothing", ("drop=100",)),
    ("late", ("late=5",)),
    ("another port", ("elsewhere",)),
    ("another request's number", ("wrong_id",)),
]


@pytest.mark.parametrize(("trouble", "quirks"), TROUBLES, ids=[name for name, _ in TROUBLES])
async def test_one_bad_printer_costs_one_error_and_the_rest_goes_on(site_of, shop, trouble, quirks):
    fleet = shop(GOOD, (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", quirks))
    printers = [{"host": BAD, "snmp_port": fleet.members[0].address.port}]
    async with site_of(fleet, own("0.0/28"), printer=printers) as site:
        await site.find()
        assert [device.serial for device in site.devices().values()] == [models.HP_M507.serial]
        assert site.agent.counts["no answer"] + site.agent.counts["reading error"] == 1
        assert site.agent.counts["read"] == 1


async def test_a_printer_that_turns_bad_is_silent_and_keeps_its_last_values(site_of, shop):
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("1.0/28")) as site:
        await site.find()
        await fleet.stop()
        before = site.agent.counts["no answer"]
        await site.read_all(ALERTS)
        assert site.agent.counts["no answer"] == before + 1
        assert site.agent.poller.fleet.silent == {f"sn:{models.HP_M507.serial}"}
        assert site.tickets() == set()


@pytest.mark.parametrize(
    "quirk", ["no_bulk", "v1_only", "bulk_loops", "not_increasing", "too_big=6", "twice"]
)
async def test_a_printer_with_a_quirk_is_read_all_the_same(site_of, shop, quirk):
    fleet = shop(own("2.1"), (models.RICOH_C3000, "healthy", (quirk,)))
    async with site_of(fleet, own("2.0/28")) as site:
        await site.find()
        assert [device.serial for device in site.devices().values()] == [models.RICOH_C3000.serial]


async def test_what_is_excluded_gets_no_packet_at_all(site_of, shop):
    fleet = shop(own("3.1"), (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", ()))
    async with site_of(fleet, own("3.0/28"), exclude={"hosts": [own("3.2")]}) as site:
        await site.find()
        await site.read_all()
        assert set(site.verdicts) == {fleet.members[0].name}
        assert fleet.count_packets(own("3.1"))
        assert not fleet.count_packets(own("3.2"))


async def test_a_private_community_never_goes_to_a_stranger(site_of, shop):
    """The second credential would open the second printer, but nobody knows that it is one."""
    base = shop(own("4.1"), (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", ()))
    members = [base.members[0], replace(base.members[1], community="private-one")]
    fleet = SimulatedFleet(members)
    port = members[0].address.port
    settings = {
        "network": [{"cidr": own("4.0/28"), "snmp_port": port, "credentials": ["public", "secret"]}],
        "credential": [{"name": "secret", "community": "private-one"}],
    }
    async with site_of(fleet, own("4.0/28"), **settings) as site:
        await site.find()
        await site.read_all()
        communities = {packet.name for packet in fleet.count_packets(own("4.2"))}
        assert communities == {"public", NO_USER}
        assert len(site.devices()) == 1


async def test_a_stranger_that_answers_is_asked_only_with_what_it_answered(site_of, shop):
    """A switch answers "public"; the private community stands first in the list, and stays at home."""
    base = shop(own("7.1"), (models.HP_M507, "healthy", ()))
    port = base.members[0].address.port
    stranger = SimulatedDevice(
        address=Address(own("7.2"), port), source=other_devices.build_switch(), name="a switch"
    )
    fleet = SimulatedFleet([base.members[0], stranger])
    settings = {
        "network": [{"cidr": own("7.0/28"), "snmp_port": port, "credentials": ["secret", "public"]}],
        "credential": [{"name": "secret", "community": "private-one"}],
    }
    async with site_of(fleet, own("7.0/28"), **settings) as site:
        await site.find()
        assert site.verdicts["a switch"] == "not a printer", "it was seen, and looked at more closely"
        assert {packet.name for packet in fleet.count_packets(own("7.2"))} == {"public", NO_USER}


async def test_a_printer_named_by_hand_is_shown_every_credential(site_of, shop):
    base = shop(own("5.1"), (models.LEXMARK_MS521, "healthy", ()))
    fleet = SimulatedFleet([replace(base.members[0], community="private-one")])
    place = {
        "host": own("5.1"),
        "snmp_port": fleet.members[0].address.port,
        "credentials": ["public", "secret"],
    }
    secret = [{"name": "secret", "community": "private-one"}]
    async with site_of(fleet, own("5.0/28"), network=[], printer=[place], credential=secret) as site:
        await site.find()
        assert [device.credential for device in site.devices().values()] == ["secret"]


async def test_a_printer_that_restarts_after_each_poll_is_left_alone(site_of, shop):
    clock = Clock.scaled(60)  # slow enough that a poll is over before the crash
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ("reboots",)), clock=clock)
    async with site_of(fleet, own("6.0/28"), clock) as site:
        await site.find()
        for _ in range(4):
            await clock.sleep(100)
            await site.read_all(ALERTS)
        assert site.agent.poller.reboot_guard.suspended_keys == [f"sn:{models.HP_M507.serial}"]
        asked = sum(fleet.count_packets().values())
        await site.read_all(ALERTS)
        assert sum(fleet.count_packets().values()) == asked, "not one packet more"
        assert site.tickets() == set()


class Patience:
    """Asks as the agent does, but those that are `deaf` stay silent until `over` is set."""

    def __init__(self, asking, deaf):
        self._asking, self._deaf, self.over = asking, deaf, asyncio.Event()
        self.waiting = 0

    def __getattr__(self, name):
        return getattr(self._asking, name)

    async def read_printer(self, address, *arguments, **more):
        if address.host in self._deaf:
            self.waiting += 1
            await self.over.wait()
        return await self._asking.read_printer(address, *arguments, **more)


async def test_silent_printers_do_not_keep_the_others_waiting(site_of, shop, monkeypatch):
    monkeypatch.setattr(poller, "MAX_POLLS", 3)
    monkeypatch.setattr(poller, "PROMPT_TIME", 0.2)
    whole = (models.HP_M507, models.LEXMARK_MS521, models.RICOH_C3000, models.KYOCERA_P2040)
    fleet = shop(own("9.1"), *((make, "healthy", ()) for make in whole))
    async with site_of(fleet, own("9.0/28")) as site:
        await site.find()
        going, answering = site.agent.poller, f"sn:{models.KYOCERA_P2040.serial}"
        await going.start_due_polls()  # takes up whom it has found; nobody is due yet
        going.printer_reader = Patience(going.printer_reader, {own("9.1"), own("9.2"), own("9.3")})
        read = site.agent.counts["read"]
        for key in going.fleet.devices.keys() - {answering}:
            going.poll_queue.set_due(key, ALERTS, 0.0)
        await going.start_due_polls()
        going.poll_queue.set_due(answering, ALERTS, 0.0)
        async with asyncio.timeout(30):
            while going.printer_reader.waiting < 3:
                await asyncio.sleep(0.01)
            while site.agent.counts["read"] == read:
                await asyncio.sleep(0.05)
                await going.start_due_polls()
        going.printer_reader.over.set()
