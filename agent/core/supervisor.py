"""Long-lived tasks: one that fails is restarted, and its failure stays where it happened.

    start(name, work) ──► running ──raises, or ends──► counted, logged once ──► waits 1, 2, 4 … 60 s ──┐
                             ▲                                                                         │
                             └─────────────────────────────────────────────────────────────────────────┘

- A failure ends nothing but the task that it happened in.
- A task that ran for `STEADY_TIME` before it failed waits `FIRST_DELAY` again.
- A fatal error is not restarted: `wait_fatal` raises it, and the service ends (the state on disk is damaged).
- Waits are the event loop's seconds: monotonic, and real also in a demonstration.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from agent.core.failure_log import FailureLog

FIRST_DELAY = 1.0  # seconds until a failed task is started again
MAX_DELAY = 60.0
STEADY_TIME = 120.0  # seconds after which a task counts as well again

LongWork = Callable[[], Awaitable[None]]


class TaskEnded(Exception):
    """A task that must run for ever has returned."""


def restart_delay(failures: int) -> float:
    """Return the seconds until a restart, after so many failures in a row."""
    return float(min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, 30)))


@dataclass(slots=True)
class Supervisor:
    """The long-lived tasks of the service, by name."""

    failures: FailureLog
    restarts: Counter[str] = field(default_factory=Counter)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _failed_at: dict[str, float] = field(default_factory=dict)  # the loop's time of the last failure
    _fatal: "asyncio.Future[None] | None" = None

    @property
    def names(self) -> list[str]:
        """The names of the tasks that are supervised now."""
        return sorted(self._tasks)

    def __post_init__(self) -> None:
        self.failures.on_fatal = self._end_service

    def start(self, name: str, work: LongWork, *, may_end: bool = False) -> None:
        """Run `work` until `stop`, or with `may_end` until it returns. Call it from the event loop."""
        self._tasks[name] = asyncio.create_task(self._keep_running(name, work, may_end=may_end), name=name)

    async def stop(self, keep: Collection[str] = ()) -> None:
        """Cancel every task but those named `keep`, and wait until they have ended."""
        tasks = [self._tasks.pop(name) for name in list(self._tasks) if name not in keep]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def wait_fatal(self) -> None:
        """Wait for ever, or until a task has failed fatally; raise its error then."""
        await self._fatal_future()

    def list_failing(self) -> dict[str, str]:
        """Return the tasks that failed within `STEADY_TIME`, with the reason of the last failure."""
        now = asyncio.get_running_loop().time()
        recent = [name for name, at in self._failed_at.items() if now - at < STEADY_TIME]
        return {name: self.failures.reasons.get(name, "") for name in recent}

    async def _keep_running(self, name: str, work: LongWork, *, may_end: bool) -> None:
        loop, in_a_row = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                await work()
                if may_end:
                    return
                raise TaskEnded(f"{name} has ended")  # noqa: TRY301 - handled like any other failure
            except Exception as why:  # noqa: BLE001 - the edge of every long-lived task
                self.failures.record_failure(name, why)
            self.restarts[name] += 1
            self._failed_at[name] = loop.time()
            in_a_row = 1 if loop.time() - began > STEADY_TIME else in_a_row + 1
            await asyncio.sleep(restart_delay(in_a_row))

    def _end_service(self, why: BaseException) -> None:
        if not self._fatal_future().done():
            self._fatal_future().set_exception(why)

    def _fatal_future(self) -> "asyncio.Future[None]":
        if self._fatal is None:
            self._fatal = asyncio.get_running_loop().create_future()
        return self._fatal
