"""A wall clock that is set, in the running service: polls go on, no job runs twice, and it is reported once.

Printers are on real sockets. The clock is set inside the process here; `test_a_process_whose_clock_is_set` has a
process of its own under libfaketime, which fakes wall time only.
"""

import asyncio
import logging
import os
import random
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from loopback import own
from services import SPEED, SetClock, running_service, wait_until

from agent.core.clock_jumps import ClockJumpDetector
from agent.core.failure_log import FailureLog
from agent.core.model import Address, Sighting
from agent.core.store import Store
from agent.history import expiry_clock, record
from agent.runtime import jobs
from agent.runtime.calendar_jobs import CalendarJobs
from agent.simulator import models

DAY, YEAR = 86400.0, 365 * 86400.0
JUMPS = (-180.0, 180.0, -DAY, DAY, -3600.0, 3600.0, YEAR, -YEAR)
SCHEDULE = {"alerts": "60 s", "supplies": "60 s", "sweep": "30 days", "heartbeat": "2 minutes"}
KEY = f"sn:{models.HP_M507.serial}"


@pytest.fixture(autouse=True)
def _put_right():
    yield
    SetClock.shift = 0.0


def settings_of(fleet, network):
    return {
        "network": [{"cidr": network, "snmp_port": fleet.members[0].address.port}],
        "schedule": SCHEDULE,
        "ipp": {"enabled": False},
    }


async def count_after_jumps(tmp_path, shop, jumps, caplog, monkeypatch):
    """Set the clock by each of `jumps`; (polls missed, jobs run twice, jumps not reported once)."""
    fleet = shop(own("6.1"), (models.HP_M507, "healthy", ()))
    clock = SetClock.scaled(SPEED)
    missed, sweeps = 0, []

    def packets():
        return fleet.count_packets(own("6.1")).total()

    async def count_sweep(*_, **__):
        sweeps.append(1)

    caplog.set_level(logging.WARNING, "agent.runtime.jobs")
    async with fleet, running_service(tmp_path, settings_of(fleet, own("6.0/30")), clock) as (agent, service):
        await wait_until(lambda: KEY in agent.poller.fleet.devices)
        monkeypatch.setattr(type(agent.discovery), "run_methods", count_sweep)
        for jump in jumps:
            reported, before = agent.counts["clock jump"], packets()
            SetClock.shift += jump
            try:
                await wait_until(lambda least=before + 4: packets() >= least, 20.0)
            except TimeoutError:
                missed += 1
            await wait_until(lambda most=reported: agent.counts["clock jump"] > most)
        assert not service.done()
    said = [line for line in caplog.messages if "the clock of this machine was set" in line]
    return missed, len(sweeps), abs(len(said) - len(jumps))


@pytest.mark.claim("clock-jumps")
@pytest.mark.parametrize("count", [4, pytest.param(200, marks=pytest.mark.long)])
async def test_polls_go_on_whatever_the_clock_is_set_to(tmp_path, shop, figure, caplog, monkeypatch, count):
    dice = random.Random(count)
    jumps = [JUMPS[n % len(JUMPS)] if n < 8 else dice.choice(JUMPS) for n in range(count)]
    missed, doubled, unsaid = await count_after_jumps(tmp_path, shop, jumps, caplog, monkeypatch)
    figure(jumps=count, missed=missed, doubled=doubled, unsaid=unsaid)
    assert (missed, doubled, unsaid) == (0, 0, 0)


@pytest.mark.control("clock-jumps")
async def test_due_times_by_wall_time_stop_with_the_clock(tmp_path, shop, figure, monkeypatch):
    monkeypatch.setattr(SetClock, "monotonic", lambda self: self.now())
    fleet = shop(own("7.1"), (models.HP_M507, "healthy", ()))
    clock = SetClock.scaled(SPEED)
    async with fleet, running_service(tmp_path, settings_of(fleet, own("7.0/30")), clock) as (agent, _):
        await wait_until(lambda: KEY in agent.poller.fleet.devices)
        found = fleet.count_packets(own("7.1")).total()
        await wait_until(lambda: fleet.count_packets(own("7.1")).total() >= found + 8)  # polled twice or more
        SetClock.shift -= DAY
        await asyncio.sleep(1.5)  # what is under way ends
        before = fleet.count_packets(own("7.1")).total()
        await asyncio.sleep(3.0)
        stopped = int(fleet.count_packets(own("7.1")).total() == before)
    figure(stopped=stopped)
    assert stopped


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
async def test_a_clock_that_is_set_over_a_restart_delays_no_poll(tmp_path, shop, jump):
    fleet = shop(own("9.1"), (models.HP_M507, "healthy", ()))
    clock = SetClock.scaled(SPEED)
    given = settings_of(fleet, own("9.0/30"))
    async with fleet:
        async with running_service(tmp_path, given, clock) as (agent, _):
            await wait_until(lambda: KEY in agent.poller.fleet.devices)
        SetClock.shift += jump
        async with running_service(tmp_path, given, clock) as (agent, _):
            before = fleet.count_packets(own("9.1")).total()
            await wait_until(lambda: fleet.count_packets(own("9.1")).total() >= before + 4)


async def test_a_host_that_did_not_answer_is_asked_again_after_the_clock_was_set_back(tmp_path, shop):
    fleet = shop(own("9.9"), (models.HP_M507, "healthy", ()))
    clock = SetClock.scaled(SPEED)
    port = fleet.members[0].address.port
    given = settings_of(fleet, own("9.8/30"))
    async with running_service(tmp_path, given, clock) as (agent, _):
        seen = Sighting(address=Address(own("9.9"), port), via="mdns", at=clock.now(), is_printer=True)
        assert await agent.discovery.identify_sighting(seen) == "no answer"
        SetClock.shift -= DAY
        async with fleet:
            seen = Sighting(address=Address(own("9.9"), port), via="mdns", at=clock.now(), is_printer=True)
            assert await agent.discovery.identify_sighting(seen) == "printer"


def test_a_jump_is_seen_once_and_slewing_is_none():
    detector = ClockJumpDetector()
    assert detector.detect_jump(1000.0, 5.0) is None
    assert detector.detect_jump(1001.2, 6.0) is None
    assert detector.detect_jump(1001.2 - DAY, 7.0) == pytest.approx(-DAY, abs=2)
    assert detector.detect_jump(1002.2 - DAY, 8.0) is None


def test_a_year_forward_for_a_night_costs_a_week_of_history_at_most():
    expiry, moved = 1e9, 1e9
    for wall in (1e9 + YEAR, 1e9 + YEAR + 60, 1e9 + YEAR + 3600):  # three starts with the wrong clock
        expiry, moved = expiry_clock.advance_expiry(expiry, moved, wall)
    assert expiry <= 1e9 + expiry_clock.MAX_STEP
    expiry, moved = expiry_clock.advance_expiry(expiry, moved, 1e9 + 2 * DAY)
    assert expiry == 1e9 + 2 * DAY, "put right, it follows the clock again"
    for day in range(3, 30):
        expiry, moved = expiry_clock.advance_expiry(expiry, moved, 1e9 + day * DAY)
        assert expiry == 1e9 + day * DAY


def test_the_expiry_time_is_kept_over_a_restart(tmp_path):
    for wall, expected in ((1e9, 1e9), (1e9 + YEAR, 1e9 + 7 * DAY), (1e9 + YEAR + 60, 1e9 + 7 * DAY)):
        with (
            closing(Store(tmp_path / "p.db", {"history": record.SCHEMA})) as store,
            store.transaction() as tx,
        ):
            assert expiry_clock.move_expiry(tx, wall) == expected


async def test_a_calendar_job_follows_the_clock_and_runs_once_in_a_night():
    runs = []

    async def work() -> None:
        runs.append(1)

    calendar = CalendarJobs(None, FailureLog())
    calendar.add_daily_job(*jobs.PRUNE_TIME, "history", work)
    calendar.start()
    (before,) = calendar.next_runs().values()
    calendar.follow_clock()
    assert list(calendar.next_runs().values()) == [before]
    await calendar._run_job("history", work)
    await calendar._run_job("history", work)  # the clock was set back over the hour
    assert runs == [1]
    calendar.stop()


@pytest.mark.parametrize("start", [date(2026, 3, 27), date(2026, 10, 23)], ids=["spring", "autumn"])
def test_the_nightly_job_runs_once_a_day_when_summer_time_begins_and_ends(start):
    zone = ZoneInfo("Europe/Berlin")
    trigger = CalendarJobs(zone, FailureLog())._daily(*jobs.PRUNE_TIME)
    at, runs = datetime.combine(start, time(), zone), []
    while len(runs) < 5:
        fired = trigger.get_next_fire_time(runs[-1] if runs else None, at)
        runs.append(fired)
        at = fired.astimezone(UTC) + timedelta(seconds=1)
    assert [run.date().day for run in runs] == [start.day + n for n in range(5)]
    assert {(run.hour, run.minute) for run in runs} == {jobs.PRUNE_TIME}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param("+0", "-1d", id="a day back"),
        pytest.param("@1970-01-02 00:00:00", "+0", id="1970, put right by NTP", marks=pytest.mark.long),
        pytest.param("+0", "+1y", id="a year forward", marks=pytest.mark.long),
        pytest.param("+0", "-180", id="three minutes back", marks=pytest.mark.long),
        pytest.param("+0", "+180", id="three minutes forward", marks=pytest.mark.long),
        pytest.param("+0", "+1d", id="a day forward", marks=pytest.mark.long),
        pytest.param("+0", "-1y", id="a year back", marks=pytest.mark.long),
    ],
)
async def test_a_process_whose_clock_is_set_polls_on(tmp_path, shop, needs, first, then):
    needs("faketime")
    fleet = shop(own("8.1"), (models.HP_M507, "healthy", ()))
    stamp, config = tmp_path / "now", tmp_path / "config.toml"
    stamp.write_text(first)
    config.write_text(
        f'[[network]]\ncidr = "{own("8.0/30")}"\nsnmp_port = {fleet.members[0].address.port}\n'
        '[mdns]\nenabled = false\n[ipp]\nenabled = false\n[storage]\nfolder = "state"\n'
        '[schedule]\nalerts = "10 s"\nsupplies = "10 s"\nheartbeat = "10 s"\n[log]\nlevel = "warning"\n'
    )
    config.chmod(0o600)
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")  # noqa: ASYNC240
    environment = os.environ | {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(stamp), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
    log = tmp_path / "log"

    def reported():
        return log.read_text().count("the clock of this machine was set")

    async with fleet:
        with log.open("w") as stderr:
            process = subprocess.Popen(command, env=environment, stderr=stderr)  # noqa: ASYNC220
        try:
            await wait_until(lambda: fleet.count_packets(own("8.1")).total() >= 4, 60.0)
            await asyncio.sleep(2.0)
            stamp.write_text(then)
            before = fleet.count_packets(own("8.1")).total()
            await wait_until(lambda: fleet.count_packets(own("8.1")).total() >= before + 4, 90.0)
            await wait_until(reported)
            status = [sys.executable, "-m", "agent", "status", "--config", str(config)]
            shown = ""
            async with asyncio.timeout(90):
                while "the clock of this machine was set" not in shown:  # from the next heartbeat on
                    done = await asyncio.to_thread(
                        subprocess.run, status, capture_output=True, text=True, timeout=60, check=False
                    )
                    shown = done.stdout
            assert shown.count("the clock of this machine was set") == 1
            assert process.poll() is None
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, timeout=30)
    assert reported() == 1
    assert "Traceback" not in log.read_text()
