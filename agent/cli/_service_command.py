"""Starts the service without typer and rich.

They and their imports take 8 MB, which a process that runs for months should not keep. A service manager
always writes the same few words; those are parsed here. Everything else, and every mistake, is left to
typer, which has the error messages.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.core.clock import Clock
from agent.runtime.host import skip_imports

OPTIONS = {"--config": "config", "-c": "config", "--clock": "clock"}
NOISY_LOGGERS = ("apscheduler", "httpx", "httpcore")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCommand:
    """`printwarden run` with its options."""

    config: Path | None = None  # None: where this system has it
    clock: Clock

    def start(self) -> None:
        """Run until SIGTERM. Raises ConfigError and StoreError."""
        skip_imports.block_imports()
        from agent import app
        from agent.core.paths import default_paths
        from agent.runtime import runner

        agent = app.build_agent(self.config or default_paths().config_file, self.clock)
        log_to_stderr(agent.config.log.level)
        asyncio.run(runner.run_service(agent))


@dataclass(frozen=True, slots=True)
class ServiceHostCommand:
    """`printwarden service host`: the process that Windows has started for the service."""

    def start(self) -> None:
        """Run the service under Windows' service control manager; return when it has stopped."""
        if sys.platform == "win32":
            from agent.runtime.host import windows_service

            windows_service.host()


def parse_service_command(words: Sequence[str]) -> ServiceCommand | ServiceHostCommand | None:
    """Parse a plainly written command that starts the service; None leaves the words to typer."""
    if sys.platform == "win32" and words == ["service", "host"]:
        return ServiceHostCommand()
    if words[:1] != ["run"]:
        return None
    given: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in OPTIONS or (equals and not name.startswith("--")):
            return None
        value = value if equals else next(rest, "")
        if not value or value.startswith("-") or OPTIONS[name] in given:
            return None
        given[OPTIONS[name]] = value
    try:
        clock = Clock.parse(given["clock"]) if "clock" in given else Clock()
    except ValueError:
        return None
    return ServiceCommand(config=Path(given["config"]) if "config" in given else None, clock=clock)


def log_to_stderr(level: str) -> None:
    """Log to stderr, one line an event: time, level, logger, message."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    for chatty in NOISY_LOGGERS:
        logging.getLogger(chatty).setLevel(max(logging.ERROR, logging.getLogger(chatty).level))
