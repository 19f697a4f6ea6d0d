"""The whole service in this process: what `printwarden run` runs, on real sockets, until the block is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agent import app, config
from agent.app import Agent
from agent.core.clock import Clock
from agent.runtime import runner
from agent.runtime.host.watchdog import ServiceManager

SPEED = 60  # a poll each second, where a printer is asked each minute

QUICK_SNMP = {
    "timeout": "300 ms", "retries": 1, "requests_per_second": 5000.0, "requests_per_second_per_subnet": 5000.0,
}  # fmt: skip


class SetClock(Clock):
    """A clock whose wall time can be set while the monotonic one goes on, as NTP or a person does it."""

    shift = 0.0

    def now(self) -> float:
        return Clock.now(self) + SetClock.shift


@contextlib.asynccontextmanager
async def running_service(
    folder: Path, given: dict[str, Any], clock: Clock | None = None
) -> AsyncIterator[tuple[Agent, "asyncio.Task[None]"]]:
    """The agent and the task that runs it."""
    settings = {"mdns": {"enabled": False}, "rules": {"first_days": "0 s"}, "snmp": QUICK_SNMP} | given
    agent = app.build_agent_from(config.build_config(settings, folder), clock or Clock.scaled(SPEED))
    agent.batch_writer.batch_delay = 0.01
    ready, stop = asyncio.Event(), asyncio.Event()
    keeper = ServiceManager(
        watchdog_timeout=3.0, ready=lambda _: ready.set(), ping=lambda: None, stopping=lambda: None
    )
    service = asyncio.create_task(runner.run_service(agent, keeper, stop))
    waits = asyncio.create_task(ready.wait())
    await asyncio.wait({service, waits}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield agent, service
    finally:
        stop.set()
        await service


async def wait_until(holds: Any, seconds: float = 30.0) -> None:
    """Wait until `holds()`; fail after far more time than it can take."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)
