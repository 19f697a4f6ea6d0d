"""A service that stops begins nothing new: no poll and no sweep while it waits for what is under way."""

import asyncio
import json
import subprocess
import sys

import pytest
from loopback import own
from services import SetClock, running_service, wait_until

from agent.pipeline.polling.poller import Poller
from agent.runtime import jobs, runner
from agent.simulator import models

SCHEDULE = {"alerts": "60 s", "supplies": "60 s", "sweep": "6 h", "heartbeat": "2 minutes"}


def settings_of(fleet, network):
    return {
        "network": [{"cidr": network, "snmp_port": fleet.members[0].address.port}],
        "schedule": SCHEDULE,
        "ipp": {"enabled": False},
    }


async def test_no_poll_begins_while_the_service_stops(tmp_path, shop, monkeypatch):
    fleet = shop(own("1.1"), (models.HP_M507, "healthy", ()), (models.LEXMARK_MS521, "healthy", ()))
    stopping, begun = asyncio.Event(), []
    honest = Poller._poll_printer

    async def count_poll(self, device, tiers):
        if stopping.is_set():
            begun.append(device.key)
        await honest(self, device, tiers)

    async def wait_long(_self):
        stopping.set()
        await asyncio.sleep(3.0)  # two printers are due each second

    async with fleet, running_service(tmp_path, settings_of(fleet, own("1.0/29"))) as (agent, _):
        await wait_until(lambda: len(agent.poller.fleet.devices) == 2)
        monkeypatch.setattr(Poller, "_poll_printer", count_poll)
        monkeypatch.setattr(Poller, "finish_polls", wait_long)
        monkeypatch.setattr(runner, "STOP_TIMEOUT", 60.0)
        agent.supervisor.start("a sweep without end", asyncio.Event().wait)
    assert stopping.is_set()
    assert begun == []


async def test_what_a_poll_under_way_has_read_is_kept_when_the_service_stops(tmp_path, shop, monkeypatch):
    fleet = shop(own("2.1"), (models.HP_M507, "healthy", ()))
    kept, honest = [], Poller._poll_printer

    async def read_late(self, device, tiers):
        await asyncio.sleep(0.3)
        await honest(self, device, tiers)
        kept.append(device.key)

    async with fleet, running_service(tmp_path, settings_of(fleet, own("2.0/30"))) as (agent, _):
        await wait_until(lambda: agent.poller.fleet.devices)
        monkeypatch.setattr(runner, "STOP_TIMEOUT", 60.0)
        monkeypatch.setattr(Poller, "_poll_printer", read_late)
        await wait_until(lambda: agent.poller._polls)
        before = len(kept)
    assert len(kept) > before


async def test_status_says_once_that_the_clock_was_set(tmp_path, shop):
    fleet = shop(own("3.1"), (models.HP_M507, "healthy", ()))
    async with fleet, running_service(tmp_path, settings_of(fleet, own("3.0/30")), SetClock()) as (agent, _):
        SetClock.shift = -86400.0
        try:
            await wait_until(lambda: agent.counts["clock jump"])
            await jobs.send_heartbeat(agent)
        finally:
            SetClock.shift = 0.0
    config = tmp_path / "config.toml"
    config.write_text(f'[storage]\nfolder = "{agent.config.state_folder}"\n')
    config.chmod(0o600)
    command = [sys.executable, "-m", "agent", "status", "--config", str(config)]
    text = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout  # noqa: ASYNC221
    assert text.count("the clock of this machine was set back by 1 day") == 1
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120, check=False)  # noqa: ASYNC221
    assert json.loads(told.stdout)["agent"]["counts"]["clock jump"] == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(180.0, "forward by 3 min"), (-86400.0, "back by 1 day"), (3600.0, "forward by 1 h")],
)
def test_a_jump_is_a_sentence(seconds, said):
    assert said in jobs.describe_jump(seconds)
