"""The watchdog: a ping that is sent only while the event loop runs and the state file answers.

    event loop ──► writer thread (an empty transaction) ──► ping ──► systemd's watchdog, or `StallDetector`

A process that is alive but does nothing is worse than a dead one, which is restarted. After a time without
a ping the process is ended, and the service manager starts it again; committed work is safe, the rest is
read again.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceManager:
    """The service manager (systemd, Windows, or none), and the reports that it expects."""

    watchdog_timeout: float | None  # seconds without a ping after which it acts; None: no watchdog
    ready: Callable[[str], object]  # with one line on the service
    ping: Callable[[], object]
    stopping: Callable[[], object]


PINGS_PER_TIMEOUT = 3  # within the watchdog's timeout: one may be late without harm


async def watchdog_loop(store: Store, patience: float, felt: Callable[[], object]) -> None:
    """Call `felt` several times within `patience` seconds, while the loop and the store answer."""
    while True:
        await store.run(_run_empty_transaction)
        felt()
        await asyncio.sleep(patience / PINGS_PER_TIMEOUT)


def _run_empty_transaction(tx: sqlite3.Connection) -> None:
    """An empty transaction: it passes through the writer thread, and writes nothing."""
    del tx


@dataclass(slots=True)
class StallDetector:
    """The watchdog for Windows, which has none: a thread that calls `on_stall` when the pings stay out."""

    timeout: float  # seconds
    on_stall: Callable[[], object]  # ends the process; a stalled one cannot be asked to
    _last_ping: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._watch_pings, name="pulse", daemon=True).start()

    def ping(self) -> None:
        self._last_ping = time.monotonic()

    def stop(self) -> None:
        self._stopped.set()

    def _watch_pings(self) -> None:
        while not self._stopped.wait(self.timeout / PINGS_PER_TIMEOUT):
            if time.monotonic() - self._last_ping > self.timeout:
                self.on_stall()
                return
