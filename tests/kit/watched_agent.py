"""The agent in a process of its own, as it is installed, whose sockets and memory are watched.

As a script: `python watched_agent.py FILE run --config …` runs `printwarden run …` and adds a line to FILE for each
address beyond loopback that it connects to, sends to or looks up.
"""

import asyncio
import contextlib
import ipaddress
import os
import runpy
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def is_loopback(host: object) -> bool:
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def watch_sockets(file: Path) -> None:
    """Note the addresses beyond loopback, multicast apart."""

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        else:
            return
        if host and not is_loopback(host) and str(host) not in {"224.0.0.251", "0.0.0.0", "::"}:  # noqa: S104 - compared
            with file.open("a") as strays:
                strays.write(f"{event} {host!r}\n")

    sys.addaudithook(look)


@dataclass(slots=True)
class WatchedAgent:
    """A running process."""

    process: "subprocess.Popen[bytes]"
    log: Path
    strays_file: Path

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def strays(self) -> list[str]:
        """What it sent, or looked up, beyond loopback."""
        return self.strays_file.read_text().splitlines() if self.strays_file.exists() else []

    def peak_memory(self) -> float:
        """The most memory that it has had, resident, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6


@contextlib.asynccontextmanager
async def watched_agent(config: Path, *arguments: str) -> AsyncIterator[WatchedAgent]:
    """Run the service with this configuration until the block is left."""
    config.chmod(0o600)  # noqa: ASYNC240 - at once
    log, strays = config.with_name("agent.log"), config.with_name("strays")
    command: Sequence[str] = [
        sys.executable, str(Path(__file__)), str(strays), "run", "--config", str(config), *arguments,
    ]  # fmt: skip
    with log.open("wb") as stderr:
        environment = os.environ | {"MALLOC_ARENA_MAX": "1"}  # as the unit has it
        process = subprocess.Popen(command, stderr=stderr, env=environment)  # noqa: ASYNC220
    try:
        yield WatchedAgent(process, log, strays)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, timeout=60)
        finally:
            process.kill()


if __name__ == "__main__":
    watch_sockets(Path(sys.argv[1]))
    sys.argv = ["printwarden", *sys.argv[2:]]
    runpy.run_module("agent", run_name="__main__")
