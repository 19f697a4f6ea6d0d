"""Three real processes: the simulator, the receiver, and the agent, which is restarted if it dies."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from agent.core.errors import PrintwardenError
from agent.runtime.demo.workspace import Props

READY = 20.0  # real seconds for a player to say that it is ready
LEAVE = 8.0  # real seconds for a player to end after SIGTERM


class PlayerFailed(PrintwardenError):
    """A process of the demonstration did not start or ended early."""


@dataclass(slots=True)
class Players:
    """The processes that are on stage."""

    props: Props
    restarts: int = 0
    agent: asyncio.subprocess.Process | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _ending: bool = False

    async def keep_agent(self) -> None:
        """Run the agent; start it again whenever it dies, as a service manager would."""
        while True:
            self.agent = await _start(
                "run", "--config", str(self.props.config_file), "--clock", self.props.clock, log=self._log
            )
            await self.agent.wait()
            if self._ending:
                return
            self.restarts += 1
            await asyncio.sleep(0.2)

    @property
    def _log(self) -> str:
        return str(self.props.folder / "agent.log")

    async def end_agent(self) -> None:
        """Stop the agent cleanly: it delivers what it can and closes its state."""
        self._ending = True
        if self.agent:
            await _end(self.agent)


@contextlib.asynccontextmanager
async def on_stage(props: Props) -> AsyncIterator[Players]:
    """All three, ready; ended in the right order afterwards. Raises PlayerFailed."""
    players = Players(props)
    log = str(props.folder / "players.log")
    receiver = await _start(
        "receive", "--port", "0", "--database", str(props.receiver_database), "--json", log=log
    )
    simulator = await _start(
        "simulate", "--json", "--mdns", "--base", props.base, "--port", str(props.snmp_port),
        "--clock", props.clock, "--started", repr(props.started), log=log,
    )  # fmt: skip
    try:
        at = await _first_line(receiver, log)
        await _first_line(simulator, log)
        props.write_config(at["url"], at["ca_file"])
        drains = [asyncio.create_task(_drain(player)) for player in (receiver, simulator)]
        keeper = asyncio.create_task(players.keep_agent())
        try:
            yield players
        finally:
            await players.end_agent()
            for task in (keeper, *drains):
                task.cancel()
            await asyncio.gather(keeper, *drains, return_exceptions=True)
    finally:
        await asyncio.gather(_end(simulator), _end(receiver))


async def _start(*arguments: str, log: str) -> asyncio.subprocess.Process:
    with open(log, "ab") as errors:  # noqa: ASYNC230, PTH123 - a local file, opened once per player
        return await asyncio.create_subprocess_exec(
            *own_command(), *arguments, stdout=asyncio.subprocess.PIPE, stderr=errors
        )


def own_command() -> list[str]:
    """How to run this very program again: frozen, or from Python."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "agent"]


async def _first_line(player: asyncio.subprocess.Process, log: str) -> dict[str, Any]:
    """The line by which a player says that it is ready."""
    assert player.stdout is not None  # noqa: S101 - asked for above
    with contextlib.suppress(TimeoutError, ValueError):
        line = await asyncio.wait_for(player.stdout.readline(), READY)
        return dict(json.loads(line))
    raise PlayerFailed(f"a process of the demonstration did not start; its log is {log}")


async def _drain(player: asyncio.subprocess.Process) -> None:
    """Read what a player prints, so that it never waits for us."""
    assert player.stdout is not None  # noqa: S101 - asked for above
    while await player.stdout.read(65536):
        pass


async def _end(player: asyncio.subprocess.Process) -> None:
    """SIGTERM, and if that is not enough, SIGKILL."""
    if player.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        player.terminate()
        try:
            await asyncio.wait_for(player.wait(), LEAVE)
        except TimeoutError:
            player.kill()
            await player.wait()
