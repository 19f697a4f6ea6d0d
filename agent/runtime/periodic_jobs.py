"""The periodic jobs of the service, on monotonic time: a clock that is set neither stops nor repeats them.

Each job is a supervised task of its own. The next run is due one interval after the last one was due, or at
once if that has passed; a run that takes longer than the interval delays the next and is not doubled. A run
that fails is over: the next one comes at its time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.core.clock import Clock
from agent.core.failure_log import FailureLog
from agent.core.supervisor import Supervisor

MIN_INTERVAL = 0.02  # real seconds between two runs, however fast the clock

JobFunction = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class PeriodicJob:
    """One job. Times are the event loop's: real seconds, monotonic."""

    interval: float
    work: JobFunction
    due: float

    async def run(self) -> None:
        """Run the job whenever it is due, for ever. Raises what a run raises; call it again then."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.0, self.due - loop.time()))
            self.due = max(self.due + self.interval, loop.time())
            await self.work()


@dataclass(slots=True)
class PeriodicJobs:
    """The few jobs of the service, each at most once at a time."""

    clock: Clock
    supervisor: Supervisor = field(default_factory=lambda: Supervisor(FailureLog()))
    _jobs: dict[str, tuple[float, JobFunction, bool]] = field(default_factory=dict)

    def add_job(self, seconds: float, name: str, work: JobFunction, *, at_once: bool = False) -> None:
        """Run `work` every `seconds` of the clock, `at_once` for the first time or after one interval."""
        self._jobs[name] = (max(self.clock.real_seconds(seconds), MIN_INTERVAL), work, at_once)

    def start(self) -> None:
        """Start every job. Call it from the event loop."""
        now = asyncio.get_running_loop().time()
        for name, (interval, work, at_once) in self._jobs.items():
            job = PeriodicJob(interval=interval, work=work, due=now if at_once else now + interval)
            self.supervisor.start(name, job.run)
