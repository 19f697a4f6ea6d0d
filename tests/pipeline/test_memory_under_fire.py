"""The installed agent under fuzzed mDNS packets and hostile IPP answers: what memory it takes, and where it sends."""

import asyncio
import contextlib
import subprocess
import sys
from itertools import islice

import pytest
from hostile_ipp import hostile_answers, hostile_ipp
from loopback import LOCALHOST, free_port, own
from mdns_packets import announcement, fuzzed, multicast
from services import wait_until
from watched_agent import WatchedAgent, watched_agent

from agent.core.clock import Clock
from agent.simulator import models

pytestmark = [pytest.mark.xdist_group("multicast"), pytest.mark.usefixtures("own_link")]

MAX_MEMORY = 120.0  # MB
SPEED = 3600  # the clock's: a host that did not answer is asked again a second later
HOSTS = 12  # with hostile IPP answers
PATIENCE = 120.0


def write_config(folder, fleet, port):
    config = folder / "config.toml"
    config.write_text(
        f'[[network]]\ncidr = "{own("6.0/27")}"\nsnmp_port = {fleet.members[0].address.port}\nsweep = false\n'
        f'[mdns]\ninterfaces = ["{LOCALHOST}"]\n[ipp]\nport = {port}\ntimeout = "2 s"\n'
        '[snmp]\ntimeout = "100 ms"\nretries = 0\n[storage]\nfolder = "state"\n'
        '[schedule]\nalerts = "1 h"\nsupplies = "1 h"\nheartbeat = "1 h"\n'
    )
    return config


async def face_the_lan(folder, shop, packets, answers):
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    port = free_port()
    hosts = [own(f"6.{number}") for number in range(10, 10 + HOSTS)]
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(fleet)
        endless = hostile_answers(1)
        answered = [await stack.enter_async_context(hostile_ipp(host, port, endless)) for host in hosts]
        group = stack.enter_context(multicast())
        clock = str(Clock.scaled(SPEED))
        agent = await stack.enter_async_context(
            watched_agent(write_config(folder, fleet, port), "--clock", clock)
        )
        await wait_until(lambda: "watches over" in agent.log.read_text() or not agent.is_running, PATIENCE)

        def announce():
            for number, host in enumerate(hosts):
                group.send(announcement(b"hostile %d" % number, host))
            return sum(one[0] for one in answered)

        for number, packet in enumerate(islice(fuzzed(packets), packets)):
            group.send(packet[:9000] or b"?")
            if number % 50 == 0:
                await asyncio.sleep(0.01)  # about what a process reads
            if number % 5000 == 0:
                announce()
        await wait_until(lambda: announce() >= answers or not agent.is_running, PATIENCE)

        def is_found():
            group.send(announcement(b"good printer", own("6.1")))
            return fleet.count_packets(own("6.1")).total() > 3

        await wait_until(lambda: is_found() or not agent.is_running, PATIENCE)
        memory = agent.peak_memory() if agent.is_running else 0.0
        return {
            "packets": packets, "answers": sum(one[0] for one in answered), "rss": memory,
            "ended": int(not agent.is_running), "outside": len(agent.strays),
        }, agent.log.read_text()  # fmt: skip


@pytest.mark.claim("memory")
@pytest.mark.parametrize(
    ("packets", "answers"), [(300, 24), pytest.param(20_000, 100, marks=pytest.mark.long)]
)
async def test_the_installed_agent_stays_within_its_memory(tmp_path, shop, figure, packets, answers):
    found, log = await face_the_lan(tmp_path, shop, packets, answers)
    figure(**found)
    assert (found["ended"], found["outside"]) == (0, 0), log[-3000:]
    assert found["rss"] <= MAX_MEMORY


@pytest.mark.control("memory")
async def test_a_process_that_keeps_what_it_hears_is_found_out(tmp_path, figure):
    script = "import os; kept = os.urandom(150_000_000); print(flush=True); input()"
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        await asyncio.to_thread(process.stdout.readline)
        kept = WatchedAgent(process, tmp_path, tmp_path).peak_memory()
    finally:
        process.kill()
        process.communicate()
    figure(kept=kept)
    assert kept > MAX_MEMORY
