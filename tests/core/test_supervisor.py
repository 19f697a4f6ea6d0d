"""Long-lived tasks: restarted with backoff, counted, and logged once."""

import asyncio
import logging

import pytest

from agent.core.errors import StoreError
from agent.core.failure_log import COUNTED_AS, FailureLog
from agent.core.supervisor import FIRST_DELAY, MAX_DELAY, Supervisor, restart_delay


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("agent.core.supervisor.FIRST_DELAY", 0.001)


def test_the_wait_doubles_up_to_a_minute():
    assert restart_delay(2) == 2 * restart_delay(1) < FIRST_DELAY
    assert restart_delay(10_000) == MAX_DELAY


async def test_a_task_that_fails_or_ends_is_started_again_and_logged_once(caplog):
    supervisor, starts, enough = Supervisor(FailureLog()), 0, asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts % 2:
            raise RuntimeError(f"attempt {starts}")
        if starts >= 6:
            enough.set()
            await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        supervisor.start("worker", work)
        await enough.wait()
    assert supervisor.restarts["worker"] == supervisor.failures.counts[COUNTED_AS] == 5
    assert len(caplog.records) == 2, "one for the error, one for the end: not five"
    assert supervisor.list_failing() == {"worker": "RuntimeError: attempt 5"}
    await supervisor.stop()


async def test_one_failure_leaves_the_other_tasks_alone():
    supervisor, ended = Supervisor(FailureLog()), asyncio.Event()

    async def fail() -> None:
        raise RuntimeError

    async def once() -> None:
        ended.set()

    supervisor.start("fails", fail)
    supervisor.start("ends", once, may_end=True)
    await ended.wait()
    await asyncio.sleep(0.01)
    assert supervisor.restarts["fails"]
    assert "ends" not in supervisor.restarts
    await supervisor.stop()


async def test_a_damaged_state_ends_the_service():
    supervisor = Supervisor(FailureLog(is_fatal=lambda why: isinstance(why, StoreError)))

    async def fail() -> None:
        raise StoreError("damaged")

    supervisor.start("fails", fail)
    with pytest.raises(StoreError, match="damaged"):
        await supervisor.wait_fatal()
    await supervisor.stop()


def test_many_different_errors_are_remembered_within_bounds():
    failures = FailureLog()
    for n in range(1000):
        failures.record_failure(f"edge {n}", type(f"Error{n}", (Exception,), {})("x"))
    assert failures.counts[COUNTED_AS] == 1000
    assert len(failures.reasons) <= 200
