"""A trap makes its printer be read now; it opens nothing by itself."""

import asyncio
import socket
from dataclasses import replace

from loopback import HOME, own
from pysnmp.hlapi.asyncio import (
    CommunityData,
    ContextData,
    NotificationType,
    ObjectIdentity,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    send_notification,
    usmHMAC192SHA256AuthProtocol,
)

from agent.config import TrapsConfig
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.model import Tier
from agent.pipeline.polling.trap_trigger import TrapTrigger
from agent.simulator import models
from agent.simulator.device import UsmUser
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.v3 import build_engine_id

PRINTER, STRANGER = own("0.1"), own("0.9")
ALERT = "1.3.6.1.2.1.43.18.2.0.1"  # printerV2Alert
PATIENCE = 20.0
KEY = f"sn:{models.HP_M507.serial}"


async def send(host, port, source, user=None, engine_id=None):
    """One trap, from the address of the printer: v2c, or v3 in a context and signed for this engine."""
    engine = SnmpEngine()
    if engine_id:  # its constructor would keep a file of boots
        (named,) = engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineID")
        named.syntax = engine.snmpEngineID = named.syntax.clone(engine_id)
    context = ContextData(contextName=b"Jetdirect") if user else ContextData()
    target = await UdpTransportTarget.create((host, port))
    target.set_local_address((source, 0))
    notification = NotificationType(ObjectIdentity(ALERT))
    await send_notification(engine, user or CommunityData("public"), target, context, "trap", notification)
    await asyncio.sleep(0.3)
    engine.close_dispatcher()


def due(site):
    return site.agent.poller.poll_queue.take_due(
        site.agent.clock.monotonic(), 10, wall=site.agent.clock.now()
    )


async def test_a_trap_of_a_known_printer_brings_its_poll_forward_and_opens_nothing(
    site_of, shop, unused_udp_port
):
    fleet = shop(PRINTER, (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("0.0/28"), Clock()) as site:
        await site.find()
        site.agent.poller.poll_queue.add_printer(KEY, site.agent.clock.monotonic())
        assert due(site) == []
        earshot = TrapTrigger(site.agent.poller, site.agent.poller.fleet, site.agent.clock)
        await earshot.open(
            TrapsConfig(enabled=True, host=HOME, port=unused_udp_port), site.agent.poller.policy
        )
        await send(HOME, unused_udp_port, STRANGER)
        assert (earshot.triggered, due(site)) == (0, []), "a stranger's trap is none of ours"
        await send(HOME, unused_udp_port, PRINTER)
        async with asyncio.timeout(PATIENCE):
            while not earshot.triggered:
                await asyncio.sleep(0.05)
        assert [key for key, tiers in due(site) if Tier.ALERTS in tiers] == [KEY]
        await send(HOME, unused_udp_port, PRINTER)
        assert earshot.triggered == 1, "at most one hint a minute for each printer"
        assert site.tickets() == set()
        earshot.close()
        await asyncio.sleep(0)  # transports close in the loop's next turn


async def test_no_trap_is_decoded_of_a_stranger_or_of_a_known_printer_that_is_excluded_now(
    site_of, shop, unused_udp_port
):
    fleet = shop(own("3.1"), (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("3.0/28"), Clock()) as site:
        await site.find()
        trigger = TrapTrigger(site.agent.poller, site.agent.poller.fleet, site.agent.clock)
        await trigger.open(
            TrapsConfig(enabled=True, host=HOME, port=unused_udp_port), site.agent.poller.policy
        )
        counters = trigger._listener.counters
        await send(HOME, unused_udp_port, STRANGER)
        settings = site.agent.config
        excluded = settings.exclude.model_copy(update={"hosts": [own("3.1")]})
        edited = settings.model_copy(update={"exclude": excluded})
        site.agent.poller.policy = AccessPolicy.from_config(edited)
        await send(HOME, unused_udp_port, own("3.1"))
        assert (counters.answered, trigger.triggered) == (0, 0)
        site.agent.poller.policy = AccessPolicy.from_config(settings)
        await send(HOME, unused_udp_port, own("3.1"))
        async with asyncio.timeout(PATIENCE):
            while not trigger.triggered:
                await asyncio.sleep(0.05)
        assert counters.answered == 1, "the control: permitted again, it is decoded"
        trigger.close()
        await asyncio.sleep(0)  # transports close in the loop's next turn


async def test_a_port_that_is_taken_stops_nothing(site_of, shop):
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOME, 0))
        async with site_of(fleet, own("1.0/28")) as site:
            earshot = TrapTrigger(site.agent.poller, site.agent.poller.fleet, site.agent.clock)
            settings = TrapsConfig(enabled=True, host=HOME, port=taken.getsockname()[1])
            assert await earshot.open(settings, site.agent.poller.policy) is None


async def test_traps_are_off_by_default(site_of, shop):
    fleet = shop(own("2.1"), (models.HP_M507, "healthy", ()))
    async with site_of(fleet, own("2.0/28")) as site:
        earshot = TrapTrigger(site.agent.poller, site.agent.poller.fleet, site.agent.clock)
        assert await earshot.open(site.agent.config.traps, site.agent.poller.policy) is None


SECRET = "correct horse battery"
SEALED = {"name": "sealed", "version": "3", "user": "mps", "auth_protocol": "SHA256", "auth_password": SECRET}


async def test_a_signed_trap_of_a_printer_in_its_context_counts_and_that_of_another_engine_does_not(
    site_of, shop, unused_udp_port
):
    """The printer is asked for its engine id once; a trap that is signed for another engine is nobody's."""
    user = UsmUser(name="mps", auth_protocol="SHA256", auth_password=SECRET)
    settings = {"versions": frozenset(), "user": user, "context": "Jetdirect"}
    members = shop(PRINTER, (models.HP_M507, "healthy", ())).members
    fleet = SimulatedFleet([replace(member, **settings) for member in members])
    place = {"cidr": own("0.0/28"), "snmp_port": fleet.members[0].address.port, "credentials": ["sealed"]}
    signer = UsmUserData("mps", SECRET, authProtocol=usmHMAC192SHA256AuthProtocol)
    async with site_of(fleet, own("0.0/28"), Clock(), network=[place], credential=[SEALED]) as site:
        await site.find()
        assert list(site.devices()) == [KEY]
        trigger = TrapTrigger(site.agent.poller, site.agent.poller.fleet, site.agent.clock)
        await trigger.open(
            TrapsConfig(enabled=True, host=HOME, port=unused_udp_port), site.agent.poller.policy
        )
        before = sum(fleet.count_packets().values())
        for maker in (8072, 11):  # net-snmp: not the printer's engine; then its own
            trigger._listener._asked.clear()
            await send(HOME, unused_udp_port, PRINTER, signer, build_engine_id(models.HP_M507.mac, maker))
            if maker == 8072:
                async with asyncio.timeout(PATIENCE):
                    while sum(fleet.count_packets().values()) == before or trigger._listener._asking:
                        await asyncio.sleep(0.05)
                assert not trigger.triggered
        async with asyncio.timeout(PATIENCE):
            while not trigger.triggered:
                await asyncio.sleep(0.05)
        assert sum(fleet.count_packets().values()) == before + 2, "asked for its engine id once each time"
        trigger.close()
        await asyncio.sleep(0)
