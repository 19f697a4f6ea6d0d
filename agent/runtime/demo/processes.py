"""Three real processes: the simulator, the receiver, and the agent, which is restarted if it dies."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from agent.core.errors import PrintwardenError
from agent.runtime.demo.workspace import DemoWorkspace

READY_TIMEOUT = 20.0  # real seconds until a process must report that it is ready
STOP_TIMEOUT = 8.0  # real seconds until a process must end after SIGTERM


class DemoProcessFailed(PrintwardenError):
    """A process of the demonstration did not start or ended early."""


@dataclass(slots=True)
class DemoProcesses:
    """The running processes of the demonstration."""

    workspace: DemoWorkspace
    restarts: int = 0
    agent: asyncio.subprocess.Process | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _ending: bool = False

    async def supervise_agent(self) -> None:
        """Run the agent; start it again whenever it dies, as a service manager would."""
        while True:
            self.agent = await _start_process(
                "run",
                "--config",
                str(self.workspace.config_file),
                "--clock",
                self.workspace.clock,
                log=self._agent_log,
            )
            await self.agent.wait()
            if self._ending:
                return
            self.restarts += 1
            await asyncio.sleep(0.2)

    @property
    def _agent_log(self) -> str:
        return str(self.workspace.folder / "agent.log")

    async def stop_agent(self) -> None:
        """Stop the agent cleanly: it delivers what it can and closes its state."""
        self._ending = True
        if self.agent:
            await _stop_process(self.agent)


@contextlib.asynccontextmanager
async def run_processes(props: DemoWorkspace) -> AsyncIterator[DemoProcesses]:
    """Start all three, and stop them in the right order afterwards. Raises DemoProcessFailed."""
    players = DemoProcesses(props)
    log = str(props.folder / "players.log")
    receiver = await _start_process(
        "receive", "--port", "0", "--database", str(props.receiver_database), "--json", log=log
    )
    simulator = await _start_process(
        "simulate", "--json", "--mdns", "--base", props.base, "--port", str(props.snmp_port),
        "--clock", props.clock, "--started", repr(props.started), log=log,
    )  # fmt: skip
    try:
        at = await _read_ready_line(receiver, log)
        await _read_ready_line(simulator, log)
        props.write_config(at["url"], at["ca_file"])
        drains = [asyncio.create_task(_drain_output(player)) for player in (receiver, simulator)]
        keeper = asyncio.create_task(players.supervise_agent())
        try:
            yield players
        finally:
            await players.stop_agent()
            for task in (keeper, *drains):
                task.cancel()
            await asyncio.gather(keeper, *drains, return_exceptions=True)
    finally:
        await asyncio.gather(_stop_process(simulator), _stop_process(receiver))


async def _start_process(*arguments: str, log: str) -> asyncio.subprocess.Process:
    with open(log, "ab") as errors:  # noqa: ASYNC230, PTH123 - a local file, opened once per process
        return await asyncio.create_subprocess_exec(
            *own_command(), *arguments, stdout=asyncio.subprocess.PIPE, stderr=errors
        )


def own_command() -> list[str]:
    """Return the command that runs this program again: frozen, or from Python."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "agent"]


async def _read_ready_line(player: asyncio.subprocess.Process, log: str) -> dict[str, Any]:
    """Return the line with which a process reports that it is ready."""
    assert player.stdout is not None  # noqa: S101 - asked for above
    with contextlib.suppress(TimeoutError, ValueError):
        line = await asyncio.wait_for(player.stdout.readline(), READY_TIMEOUT)
        return dict(json.loads(line))
    raise DemoProcessFailed(f"a process of the demonstration did not start; its log is {log}")


async def _drain_output(player: asyncio.subprocess.Process) -> None:
    """Read the output of a process, so that its pipe never fills up."""
    assert player.stdout is not None  # noqa: S101 - asked for above
    while await player.stdout.read(65536):
        pass


async def _stop_process(player: asyncio.subprocess.Process) -> None:
    """SIGTERM, and if that is not enough, SIGKILL."""
    if player.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        player.terminate()
        try:
            await asyncio.wait_for(player.wait(), STOP_TIMEOUT)
        except TimeoutError:
            player.kill()
            await player.wait()
