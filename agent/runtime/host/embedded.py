"""The agent inside a process that a service manager starts and stops by calls, not by signals.

    run    in one thread, until `stop` or a failure; the heavy imports happen here
    stop   from any other thread, also before `run` has got far

Without a watchdog outside (Windows has none for services), a thread of the agent's own watches, and ends
a process that has stalled: the service manager starts it again.
"""

import asyncio
import logging
import logging.handlers
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.runtime.host import skip_imports
from agent.runtime.host.watchdog import ServiceManager, StallDetector

STALL_TIMEOUT = 120.0  # seconds without a ping
STALLED_EXIT_CODE = 70  # exit code of a process that ended itself, EX_SOFTWARE of sysexits.h
LOG_SIZE, LOG_COUNT = 1 << 20, 5

log = logging.getLogger(__name__)


def exit_stalled() -> None:
    """End a process that has stalled: at once, since its event loop no longer answers."""
    log.critical("no pulse for %.0f s: the process ends, to be started again", STALL_TIMEOUT)
    os._exit(STALLED_EXIT_CODE)


@dataclass(slots=True)
class EmbeddedService:
    config: Path
    stall_timeout: float = STALL_TIMEOUT
    on_stall: Callable[[], object] = exit_stalled
    _stop_requested: threading.Event = field(default_factory=threading.Event)
    _wake: Callable[[], object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Run the agent until `stop`. Raises ConfigError, StoreError, or the error that ended the agent."""
        asyncio.run(self._run_agent())

    def stop(self) -> None:
        """End it cleanly; from any thread, and more than once if need be."""
        with self._lock:
            self._stop_requested.set()
            if self._wake:
                self._wake()

    async def _run_agent(self) -> None:
        skip_imports.block_imports()
        from agent import app  # noqa: PLC0415 - takes its time: the service manager has been answered by now
        from agent.core.clock import Clock  # noqa: PLC0415
        from agent.runtime import runner  # noqa: PLC0415 - takes its time: the service manager has been answered by now

        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        guard = StallDetector(self.stall_timeout, self.on_stall)
        keeper = ServiceManager(
            watchdog_timeout=self.stall_timeout,
            ready=lambda _: guard.start(),
            ping=guard.ping,
            stopping=guard.stop,
        )
        with self._lock:
            self._wake = lambda: loop.call_soon_threadsafe(stop.set)
            if self._stop_requested.is_set():
                stop.set()
        try:
            agent = app.build_agent(self.config, Clock())
            logging.getLogger().setLevel(agent.config.log.level.upper())
            await runner.run_service(agent, keeper, stop)
        finally:
            guard.stop()
            with self._lock:
                self._wake = None


def log_to_folder(folder: Path) -> None:
    """Keep the last few megabytes of log in `folder`: a hosted process has no screen."""
    folder.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / "printwarden.log", maxBytes=LOG_SIZE, backupCount=LOG_COUNT, encoding="utf-8"
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.getLogger().addHandler(file)
    logging.getLogger().setLevel(logging.INFO)
