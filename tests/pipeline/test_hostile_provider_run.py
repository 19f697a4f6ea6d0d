"""The installed agent against a provider that answers with what it should not: it polls and delivers on."""

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from hostile_provider import hostile_provider
from loopback import LOCALHOST, free_port, own
from services import wait_until
from watched_agent import __file__ as watched_agent_module
from watched_agent import watched_agent

from agent.core.clock import Clock
from agent.core.store import open_reader
from agent.simulator import models
from uplink.delivery import http_exchange
from uplink.outbox import queries

SPEED = 20_000  # the clock's: pauses of an hour take 0.2 s
PATIENCE = 120.0  # real seconds; a good agent never needs them
MAX_MEMORY = 120.0  # MB


def write_config(folder, fleet, port, network):
    """The configuration of an agent that has a token and is to enrol by itself."""
    (folder / "state").mkdir(mode=0o700)
    (folder / "state" / "enrolment.token").write_text("x" * 32)
    (folder / "state" / "enrolment.token").chmod(0o600)
    config = folder / "config.toml"
    config.write_text(
        f'[site]\nid = "S"\n'
        f'[[network]]\ncidr = "{network}"\nsnmp_port = {fleet.members[0].address.port}\n'
        f'[provider]\nurl = "http://{LOCALHOST}:{port}/v1/events"\ninsecure_loopback = true\n'
        '[mdns]\nenabled = false\n[ipp]\nenabled = false\n[storage]\nfolder = "state"\n'
        '[schedule]\nalerts = "6 h"\nsupplies = "6 h"\nmeters = "1 d"\nsweep = "30 d"\nheartbeat = "1 h"\n'
        'feedback = "15 minutes"\n[log]\nlevel = "info"\n'
    )
    return config


def count_events(folder):
    with closing(open_reader(folder / "state" / "printwarden.db")) as db:
        return queries.count_outbox(db)


async def face_provider(folder, shop, answers):
    """Run the agent until it has had so many hostile answers, then good ones; what became of it."""
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()))
    port = free_port(socket.SOCK_STREAM, LOCALHOST)
    config = write_config(folder, fleet, port, own("1.0/30"))
    clock = str(Clock.scaled(SPEED))

    def packets():
        return fleet.count_packets(own("1.1")).total()

    async with fleet, hostile_provider(LOCALHOST, port, enrolments=answers // 10) as provider:
        async with watched_agent(config, "--clock", clock) as agent:
            seen, asked = 0, Counter()
            while provider.hostile.total() < answers:
                await wait_until(
                    lambda least=seen + 20: (
                        provider.hostile.total() >= min(least, answers) or not agent.is_running
                    ),
                    PATIENCE,
                )
                if not agent.is_running:
                    break
                seen = provider.hostile.total()
                before = packets()
                await wait_until(lambda least=before: packets() > least or not agent.is_running, PATIENCE)
            asked.update(provider.hostile)
            provider.is_good = True
            if agent.is_running:
                before = len(provider.events)
                await wait_until(lambda: len(provider.events) > before or not agent.is_running, PATIENCE)
            ended, memory = not agent.is_running, agent.peak_memory() if agent.is_running else 0.0
        strays, log = agent.strays, agent.log.read_text()
    told = count_events(folder)
    known = [told.pending, told.delivered, told.dead, told.dropped]
    lost = told.accepted - sum(sum(one.values()) for one in known)
    return {
        "answers": asked, "ended": ended, "rss": memory, "outside": strays, "lost": lost, "log": log,
        "delivered": sum(told.delivered.values()),
    }  # fmt: skip


@pytest.mark.claim("hostile-provider")
@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.long)])
async def test_the_agent_polls_and_delivers_on_whatever_the_provider_answers(tmp_path, shop, figure, count):
    found = await face_provider(tmp_path, shop, count)
    figure(
        answers=found["answers"].total(), kinds=len(found["answers"]), ended=int(found["ended"]),
        lost=found["lost"], outside=len(found["outside"]), rss=found["rss"],
    )  # fmt: skip
    assert (found["ended"], found["outside"], found["lost"]) == (False, [], 0), found["log"][-3000:]
    assert found["delivered"] > 0
    assert "Traceback" not in found["log"]
    assert found["rss"] <= MAX_MEMORY


@pytest.mark.control("hostile-provider")
async def test_without_the_edge_an_answer_ends_more_than_its_exchange(figure):
    """Broken: an exchange as it was before, which knew httpx's errors and no bounds."""

    async def as_it_was(client, url):
        try:
            return (await client.post(url, follow_redirects=False)).content
        except httpx.HTTPError as why:
            raise http_exchange.Unreachable(str(why)) from why

    port = free_port(socket.SOCK_STREAM, LOCALHOST)
    failed, most = 0, 0
    async with hostile_provider(LOCALHOST, port) as provider, httpx.AsyncClient(trust_env=False) as client:
        for _ in range(60):
            try:
                async with asyncio.timeout(60):
                    most = max(most, len(await as_it_was(client, f"http://{LOCALHOST}:{port}/v1/events")))
            except http_exchange.Unreachable:
                pass
            except Exception:  # noqa: BLE001 - what would have ended the agent
                failed += 1
        figure(answers=provider.hostile.total(), failed=failed, bytes=most)
    assert most > http_exchange.MAX_ANSWER_BYTES
    assert failed


def test_what_leaves_the_machine_is_noted(tmp_path):
    """The control of "nothing outside": a process that looks a name up and sends a datagram."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(watched_agent_module).parent)!r}); import socket, pathlib\n"
        f"from watched_agent import watch_sockets; watch_sockets(pathlib.Path({str(tmp_path / 'strays')!r}))\n"
        "one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"one.sendto(b'x', ({LOCALHOST!r}, 9))\n"
        "sys.audit('socket.getaddrinfo', 'outside.example', 80, 0, 0, 0)\n"
        "sys.audit('socket.connect', one, ('192.0.2.1', 80))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert len((tmp_path / "strays").read_text().splitlines()) == 2
