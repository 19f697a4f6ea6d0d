"""The periodic jobs: on monotonic time, never doubled, each failure its own."""

import asyncio

from agent.core.clock import Clock
from agent.core.failure_log import FailureLog
from agent.core.supervisor import Supervisor
from agent.runtime.periodic_jobs import PeriodicJob, PeriodicJobs


async def test_a_job_runs_on_the_scaled_clock_and_not_twice_at_once():
    jobs, running, most, runs = PeriodicJobs(Clock.scaled(3600)), 0, 0, 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        if runs >= 3:
            enough.set()

    jobs.add_job(72.0, "work", work, at_once=True)  # 0.02 s of real time
    jobs.start()
    await enough.wait()
    await jobs.supervisor.stop()
    assert most == 1


async def test_a_job_that_fails_runs_again_at_its_next_time_and_disturbs_no_other(monkeypatch):
    monkeypatch.setattr("agent.core.supervisor.FIRST_DELAY", 0.01)
    supervisor, runs = Supervisor(FailureLog()), {"bad": 0, "good": 0}
    jobs, enough = PeriodicJobs(Clock(), supervisor), asyncio.Event()

    async def bad() -> None:
        runs["bad"] += 1
        raise RuntimeError("out of order")

    async def good() -> None:
        runs["good"] += 1
        if runs["bad"] >= 3 and runs["good"] >= 3:
            enough.set()

    jobs.add_job(0.02, "bad", bad)
    jobs.add_job(0.02, "good", good)
    jobs.start()
    await enough.wait()
    assert set(supervisor.list_failing()) == {"bad"}
    await supervisor.stop()
    assert supervisor.restarts["bad"] >= 2
    assert "good" not in supervisor.restarts


async def test_a_failed_run_is_not_made_again_before_its_time():
    now = asyncio.get_running_loop().time()

    async def fail() -> None:
        raise RuntimeError

    job = PeriodicJob(interval=900.0, work=fail, due=now)
    try:
        await job.run()
    except RuntimeError:
        assert job.due >= now + 900.0
    else:
        raise AssertionError("the failure must reach the supervisor")
