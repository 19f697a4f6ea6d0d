"""The pulse of the service: a beat that is felt only while the loop turns and the state file answers.

    event loop ──beat──► writer thread (an empty transaction) ──► felt ──► systemd's watchdog, or `Guard`

A process that is alive but does nothing is worse than a dead one: nobody restarts it. Whoever watches
and feels no beat for its patience ends the process, and the service manager starts it again; what was
committed is safe, and what was not is read again.
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
    """Who keeps the service running, and what it wants to be told: systemd, Windows, or nobody."""

    watchdog_timeout: float | None  # seconds without a beat after which it acts; None: it feels no pulse
    ready: Callable[[str], object]  # with one line on what the service does
    ping: Callable[[], object]
    stopping: Callable[[], object]


PINGS_PER_TIMEOUT = 3  # in the time that the watcher waits: one may be late without harm


async def watchdog_loop(store: Store, patience: float, felt: Callable[[], object]) -> None:
    """Call `felt` several times within `patience` seconds, for as long as loop and store answer."""
    while True:
        await store.run(_run_empty_transaction)
        felt()
        await asyncio.sleep(patience / PINGS_PER_TIMEOUT)


def _run_empty_transaction(tx: sqlite3.Connection) -> None:
    """An empty transaction: it passes through the writer thread, and writes nothing."""
    del tx


@dataclass(slots=True)
class StallDetector:
    """Where no service manager watches (Windows): a thread that calls `ended` when the pulse stays out."""

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
