"""A failure stays where it happened: hosts, announcements and tasks that fail, beside printers that are read on."""

import asyncio
import json
import logging
import os
from contextlib import AsyncExitStack, closing, suppress
from itertools import islice, repeat
from pathlib import Path

import httpx
import pytest
from hostile_ipp import REDIRECT, hostile_answers, hostile_ipp
from loopback import LOCALHOST, free_port, own
from mdns_packets import HOSTILE, announcement, fuzzed, multicast, nameless
from services import running_service, wait_until
from zeroconf.asyncio import AsyncServiceInfo

from agent.collectors import ipp
from agent.core import health
from agent.core.errors import NoAnswer
from agent.core.failure_log import COUNTED_AS
from agent.core.model import Address, Sighting
from agent.core.store import open_reader
from agent.discovery.methods._mdns import AnnouncementListener
from agent.runtime import jobs
from agent.simulator import models

pytestmark = [
    pytest.mark.xdist_group("multicast"),
    # anyio leaves one behind where a connection attempt is cancelled before it began
    pytest.mark.filterwarnings("ignore:coroutine 'connect_tcp:RuntimeWarning"),
]

SCHEDULE = {"alerts": "60 s", "supplies": "60 s", "sweep": "6 h", "heartbeat": "2 minutes"}
KEY = f"sn:{models.HP_M507.serial}"


class Unforeseen(Exception):
    """What no room expects."""


def throw_into(task, why):
    """Raise `why` in the task, where it waits now."""
    waiter = task._fut_waiter
    while isinstance(waiter, asyncio.Task):
        waiter = waiter._fut_waiter
    if waiter is None or waiter.done():
        return False
    waiter.set_exception(why)
    return True


def own_tasks():
    """The tasks of this process that run the product's code."""
    return {
        task
        for task in asyncio.all_tasks()
        if not task.done()
        and any(f"/{room}/" in task.get_coro().cr_code.co_filename for room in ("agent", "uplink"))
    }


def settings_of(fleet, network, **more):
    return {
        "network": [{"cidr": network, "snmp_port": fleet.members[0].address.port}],
        "schedule": SCHEDULE,
    } | more


async def polled_again(fleet, host):
    """A good printer is asked once more."""
    before = fleet.count_packets(host).total()
    await wait_until(lambda: fleet.count_packets(host).total() > before)


async def test_each_task_of_the_service_is_killed_and_comes_back(tmp_path, shop, caplog):
    fleet = shop(own("0.1"), (models.HP_M507, "healthy", ()))
    given = settings_of(
        fleet,
        own("0.0/30"),
        mdns={"interfaces": [LOCALHOST]},
        provider={"url": f"http://{LOCALHOST}:{free_port()}/v1", "insecure_loopback": True},
    )
    async with fleet, running_service(tmp_path, given) as (agent, service):
        await wait_until(lambda: KEY in agent.poller.fleet.devices)
        supervised = {"polls", "sweep", "heartbeat", "clock", "batch writer", "delivery", "provider poller"}
        assert supervised | {"watchdog", "discovery by mdns"} <= set(agent.supervisor.names)
        long_lived = own_tasks()
        supervised = set(agent.supervisor.names)

        def strangers():
            """The tasks that neither end by themselves nor are supervised, nor awaited by one that is."""
            rest = {task for task in long_lived & own_tasks() if task.get_name() not in supervised}
            return {task for task in rest if task.get_coro().__name__ not in CHILDREN}

        await wait_until(lambda: not strangers())
        for task in [
            one for one in own_tasks() if one.get_coro().__name__ not in {"run_service", "wait_fatal"}
        ]:
            while not task.done() and not throw_into(task, Unforeseen("killed")):
                await asyncio.sleep(0.01)
        with caplog.at_level(logging.CRITICAL):
            await wait_until(lambda: restarted(agent) >= set(agent.supervisor.names) - {"old history"})
        assert not service.done()
        await polled_again(fleet, own("0.1"))
        await jobs.send_heartbeat(agent)
        with closing(open_reader(agent.config.database_path)) as db:
            told = health.load_health(db)
        assert told["failing"]["polls"] == "Unforeseen: killed"
        assert told["counts"]["restart of polls"] >= 1
        assert json.dumps(told)


CHILDREN = {
    "sleep",
    "wait",
    "_run_method",
    "wait_fatal",
    "resolve_names",
    "run_service",
}  # awaited by a supervised task: it fails with them


def restarted(agent):
    return {name for name, times in agent.supervisor.restarts.items() if times}


async def test_one_poisoned_reading_costs_itself_and_not_its_batch(tmp_path, shop, monkeypatch):
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", ()))
    async with fleet, running_service(tmp_path, settings_of(fleet, own("1.0/29"))) as (agent, service):
        agent.batch_writer.batch_delay = 0.5  # both in one batch
        honest = agent.pipeline.process_poll

        def process(tx, reading, site):
            if reading.snapshot.address.host == own("1.2"):
                raise Unforeseen("poison")
            return honest(tx, reading, site)

        await wait_until(lambda: len(agent.poller.fleet.devices) == 2)
        monkeypatch.setattr(type(agent.pipeline), "process_poll", lambda _self, *args: process(*args))
        await wait_until(lambda: agent.counts[COUNTED_AS] >= 2)
        kept = []
        agent.batch_writer.on_outcome = lambda outcome: kept.append(outcome.device.key)
        await wait_until(lambda: len(kept) >= 2)
        assert set(kept) == {KEY}
        assert not service.done()


async def test_an_ipp_host_that_redirects_to_nowhere_ends_neither_sweep_nor_service(tmp_path, shop):
    fleet = shop(own("2.9"), (models.HP_M507, "healthy", ()))
    port = free_port()
    printer = [{"host": own("2.1"), "snmp_port": fleet.members[0].address.port}]
    given = settings_of(fleet, own("2.0/28"), ipp={"port": port}, printer=printer)
    device = hostile_ipp(own("2.1"), port, repeat(REDIRECT))
    async with fleet, device as answered, running_service(tmp_path, given) as (agent, service):
        await wait_until(lambda: answered[0] and KEY in agent.poller.fleet.devices)
        await polled_again(fleet, own("2.9"))
        assert not service.done()
        assert agent.counts[COUNTED_AS] == 0, "an error of ours: it was translated where it came up"


@pytest.mark.parametrize("count", [24, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.claim("hostile-ipp")
async def test_hostile_ipp_answers_leave_the_good_printer_polled(tmp_path, shop, figure, count):
    await face_hostile_answers(tmp_path, shop, figure, count)


@pytest.mark.control("hostile-ipp")
async def test_without_the_edge_a_hostile_answer_ends_a_sweep(tmp_path, shop, figure, monkeypatch):
    async def as_it_was(session, path, content):
        where = session._target.build_uri(path, http=True)
        try:
            async with session._client.stream("POST", where, content=content) as response:
                return await response.aread()
        except httpx.HTTPError as why:
            raise NoAnswer(where) from why

    monkeypatch.setattr(ipp.IppSession, "_post_request", as_it_was)
    fleet = shop(own("3.1"), (models.HP_M507, "healthy", ()))
    port = free_port()
    given = settings_of(fleet, own("3.0/30"), ipp={"port": port, "timeout": "2 s"})
    given["network"].append({"cidr": own("3.4/30"), "snmp_port": 9, "sweep": False})
    device = hostile_ipp(own("3.5"), port, repeat(REDIRECT))
    async with fleet, device, running_service(tmp_path, given) as (agent, _):
        seen = Sighting(address=Address(own("3.5"), 9), via="mdns", at=agent.clock.now(), is_printer=True)
        with pytest.raises(UnicodeError) as broken:  # idna's
            await agent.discovery.identify_sighting(seen)
    figure(ended=int(broken.value is not None))


async def face_hostile_answers(tmp_path, shop, figure, count):
    fleet = shop(own("3.1"), (models.HP_M507, "healthy", ()))
    port = free_port()
    given = settings_of(fleet, own("3.0/30"), ipp={"port": port, "timeout": "2 s"})
    given["network"].append({"cidr": own("3.64/26"), "snmp_port": 9, "sweep": False})
    hosts = [
        own(f"3.{number}") for number in range(65, 65 + min(count, 60))
    ]  # one is asked one thing at a time
    answers = hostile_answers(1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fleet)
        answered = [await stack.enter_async_context(hostile_ipp(host, port, answers)) for host in hosts]
        agent, service = await stack.enter_async_context(running_service(tmp_path, given))
        await wait_until(lambda: KEY in agent.poller.fleet.devices)
        while sum(one[0] for one in answered) < count:
            await asyncio.gather(*(read_once(agent, Address(host, 9)) for host in hosts))
        await polled_again(fleet, own("3.1"))
        assert not service.done()
        unforeseen = agent.counts[COUNTED_AS]
    figure(answers=sum(one[0] for one in answered), unforeseen=unforeseen)
    assert unforeseen == 0


async def read_once(agent, address):
    """Ask a host that answers IPP only, as discovery does it."""
    for way in agent.poller.printer_reader.second:
        way._paused_until.clear()
        way._learned[address.host] = "plain"
    sighting = Sighting(address=address, via="mdns", at=agent.clock.now(), is_printer=True)
    verdict, reading = await agent.discovery._classify_sighting(sighting)
    assert verdict
    if reading:
        await agent.batch_writer.write_poll(reading)


@pytest.mark.usefixtures("own_link")
async def test_hostile_names_do_not_stop_listening(tmp_path, shop):
    fleet = shop(own("4.1"), (models.HP_M507, "healthy", ()))
    network = {"cidr": own("4.0/28"), "snmp_port": fleet.members[0].address.port, "sweep": False}
    given = {"network": [network], "schedule": SCHEDULE, "mdns": {"interfaces": [LOCALHOST]}}
    async with fleet, running_service(tmp_path, given) as (agent, service):
        with multicast() as group:
            await asyncio.sleep(0.5)
            for packet in HOSTILE:
                group.send(packet)
            for number in range(600):
                group.send(nameless(b"nameless-%d" % number))
                if number % 50 == 0:
                    await asyncio.sleep(0.01)

            def announced():
                group.send(announcement(b"good printer", own("4.1")))
                return KEY in agent.poller.fleet.devices

            await wait_until(announced)
        assert not service.done()
        assert agent.supervisor.restarts["discovery by mdns"] == 0


def mdns_settings(fleet):
    network = {"cidr": own("6.0/28"), "snmp_port": fleet.members[0].address.port, "sweep": False}
    return {"network": [network], "schedule": SCHEDULE, "mdns": {"interfaces": [LOCALHOST]}}


@pytest.mark.claim("hostile-mdns")
@pytest.mark.usefixtures("own_link")
@pytest.mark.parametrize("count", [300, pytest.param(100_000, marks=pytest.mark.long)])
async def test_fuzzed_announcements_leave_the_good_printer_to_be_found(tmp_path, shop, figure, count):
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, mdns_settings(fleet)) as (agent, service):
        with multicast() as group:
            await asyncio.sleep(0.5)
            before = resident_megabytes()
            for packet in islice(fuzzed(count), count):
                group.send(packet[:9000] or b"?")
                await asyncio.sleep(0)  # it is read in the loop's next turn
            await wait_until(lambda: announce_good(agent, group))
        more = resident_megabytes() - before
        assert not service.done()
        restarts = agent.supervisor.restarts["discovery by mdns"]
    figure(packets=count, restarts=restarts, rss=more)
    assert restarts == 0
    assert more <= 60


@pytest.mark.control("hostile-mdns")
@pytest.mark.usefixtures("own_link")
async def test_where_one_name_ends_resolving_the_good_printer_is_not_found(
    tmp_path, shop, figure, monkeypatch
):
    def queue_name(self, zeroconf, service_type, name, state_change):
        self._unresolved[service_type, name] = None
        self._arrived.set()

    async def resolve_one_by_one(self):
        with suppress(Exception):  # nobody looks at that task
            while True:
                await self._arrived.wait()
                for service_type, name in list(self._unresolved):
                    info = AsyncServiceInfo(service_type, name)
                    if await info.async_request(self.zeroconf, 3000):
                        self._gather_records(info)
                self._unresolved.clear()
                self._arrived.clear()
        await asyncio.Event().wait()

    monkeypatch.setattr(AnnouncementListener, "handle_change", queue_name)
    monkeypatch.setattr(AnnouncementListener, "resolve_names", resolve_one_by_one)
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, mdns_settings(fleet)) as (agent, _):
        with multicast() as group:
            await asyncio.sleep(0.5)
            group.send(HOSTILE[1])
            await asyncio.sleep(0.5)
            met = 0
            for _ in range(10):
                met = int(announce_good(agent, group))
                await asyncio.sleep(0.3)
    figure(met=met)
    assert not met


def announce_good(agent, group):
    """Announce the good printer; return whether it is known by now."""
    group.send(announcement(b"good printer", own("6.1")))
    return KEY in agent.poller.fleet.devices


def resident_megabytes():
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.usefixtures("own_link")
async def test_a_name_that_cannot_be_asked_for_does_not_stop_the_questions(tmp_path, shop, caplog):
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, mdns_settings(fleet)) as (agent, _):
        with multicast() as group:
            await asyncio.sleep(0.3)
            group.send(nameless(b"\xff\xfe" * 20))  # longer than a label once it is text
            await asyncio.sleep(2.5)  # the browser asks again, with the answers that it knows
        assert not [line for line in caplog.messages if "Exception in callback" in line]
        assert agent.supervisor.failures.reasons == {}
        assert agent.counts[COUNTED_AS] == 0


async def test_an_error_in_a_callback_of_the_loop_is_counted(tmp_path, shop):
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, settings_of(fleet, own("6.0/30"))) as (agent, service):

        def fail():
            raise Unforeseen("in a callback")

        asyncio.get_running_loop().call_soon(fail)
        await wait_until(lambda: agent.counts[COUNTED_AS] == 1)
        assert not service.done()


async def test_addresses_outside_the_networks_are_kept_within_bounds(tmp_path, shop, monkeypatch):
    monkeypatch.setattr("agent.discovery.inventory.MAX_OUTSIDE", 20)
    fleet = shop(own("5.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, settings_of(fleet, own("5.0/30"))) as (agent, _):
        for number in range(60):
            seen = Sighting(address=Address(own(f"77.{number}"), 161), via="mdns", at=agent.clock.now())
            assert await agent.discovery.identify_sighting(seen) == "outside"
        agent.discovery._outside.clear()  # a restart later
        for number in range(60, 90):
            seen = Sighting(address=Address(own(f"77.{number}"), 161), via="mdns", at=agent.clock.now())
            await agent.discovery.identify_sighting(seen)
        with closing(open_reader(agent.config.database_path)) as db:
            (rows,) = db.execute("SELECT count(*) FROM candidate WHERE verdict = 'outside'").fetchone()
    assert rows == 20
