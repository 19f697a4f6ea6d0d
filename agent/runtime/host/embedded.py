"""The agent as the guest of a process that a service manager starts and stops by calls, not by signals.

    run    in one thread, until it is told to stop or something fails; the heavy imports happen here
    stop   from any other thread, also before `run` has got far

Where nobody watches over the pulse from outside (Windows has no watchdog for services), a thread of our
own does, and ends a process that has stalled: the service manager starts it again.
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
from agent.runtime.host.watchdog import Guard, Keeper

PATIENCE = 120.0  # seconds without a pulse
STALLED = 70  # exit code of a process that ended itself, EX_SOFTWARE of sysexits.h
LOG_SIZE, LOGS = 1 << 20, 5

log = logging.getLogger("printwarden.service")


def give_up() -> None:
    """End a process that has stalled: at once, since whatever could be asked no longer answers."""
    log.critical("no pulse for %.0f s: the process ends, to be started again", PATIENCE)
    os._exit(STALLED)


@dataclass(slots=True)
class Hosted:
    config: Path
    patience: float = PATIENCE
    stalled: Callable[[], object] = give_up
    _told: threading.Event = field(default_factory=threading.Event)
    _wake: Callable[[], object] | None = None
    _door: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Run the agent until `stop`. Raises ConfigError, StoreError, or whatever ended the agent."""
        asyncio.run(self._serve())

    def stop(self) -> None:
        """End it cleanly; from any thread, and more than once if need be."""
        with self._door:
            self._told.set()
            if self._wake:
                self._wake()

    async def _serve(self) -> None:
        skip_imports.leave_out()
        from agent import app  # noqa: PLC0415 - takes its time: the service manager has been answered by now
        from agent.core.clock import Clock  # noqa: PLC0415
        from agent.runtime import runner  # noqa: PLC0415 - takes its time: the service manager has been answered by now

        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        guard = Guard(self.patience, self.stalled)
        keeper = Keeper(
            patience=self.patience, ready=lambda _: guard.start(), felt=guard.felt, leaving=guard.stop
        )
        with self._door:
            self._wake = lambda: loop.call_soon_threadsafe(stop.set)
            if self._told.is_set():
                stop.set()
        try:
            agent = app.build(self.config, Clock())
            logging.getLogger().setLevel(agent.config.log.level.upper())
            await runner.serve(agent, keeper, stop)
        finally:
            guard.stop()
            with self._door:
                self._wake = None


def log_to(folder: Path) -> None:
    """Keep the last few megabytes of log in `folder`: a hosted process has no screen."""
    folder.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / "printwarden.log", maxBytes=LOG_SIZE, backupCount=LOGS, encoding="utf-8"
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.getLogger().addHandler(file)
    logging.getLogger().setLevel(logging.INFO)
