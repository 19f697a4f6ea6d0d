"""A demonstration whose agent cannot start ends, and says why."""

import asyncio
import io
import time
from pathlib import Path

import pytest
from loopback import LOCALHOST
from rich.console import Console

from agent.core.clock import Clock
from agent.runtime.demo import run
from agent.runtime.demo.console import DemoConsole
from agent.runtime.demo.processes import DemoProcesses, DemoProcessFailed
from agent.runtime.demo.workspace import DemoWorkspace


async def test_an_agent_that_never_starts_ends_the_demonstration(tmp_path: Path) -> None:
    (tmp_path / "agent.log").write_text("Traceback\nModuleNotFoundError: No module named 'holidays'\n")
    props = DemoWorkspace(folder=tmp_path, snmp_port=1, base=LOCALHOST, clock="1.0", started=0.0)
    players = DemoProcesses(props, restarts=run.GIVE_UP_AFTER)
    screen = DemoConsole(Console(file=io.StringIO()))
    with pytest.raises(DemoProcessFailed, match="No module named 'holidays'"):
        async with asyncio.timeout(10):
            await run._watch_demo(props, players, Clock(), time.monotonic() + 1, screen, asyncio.Event())
