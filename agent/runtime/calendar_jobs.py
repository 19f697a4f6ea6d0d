"""Jobs at an hour of the site's calendar (APScheduler), such as the nightly deletion of old history.

APScheduler computes the next run from wall time when it starts, and then waits on the event loop. After the
clock was set that wait is wrong: `follow_clock` computes it anew, from the new time. What was missed is not
made up for, and a job does not run twice in a night that a clock lived twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from agent.core.failure_log import FailureLog

MIN_GAP = 12 * 3600.0  # monotonic seconds between two runs of a daily job


@dataclass(slots=True)
class CalendarJobs:
    """The daily jobs of the service."""

    zone: ZoneInfo | None  # None: this machine's
    failures: FailureLog
    _scheduler: AsyncIOScheduler = field(init=False)
    _ran: dict[str, float] = field(default_factory=dict)  # the loop's time of each job's last run

    def __post_init__(self) -> None:
        self._scheduler = AsyncIOScheduler(**({"timezone": self.zone} if self.zone else {}))

    def add_daily_job(self, hour: int, minute: int, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` every day at that time of the site."""
        trigger = self._daily(hour, minute)
        self._scheduler.add_job(
            self._run_job, trigger, (name, work), id=name, name=name, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        """Start the scheduler. Call it from the event loop."""
        self._scheduler.start()

    def follow_clock(self) -> None:
        """Compute every next run anew: the wall clock was set."""
        for job in self._scheduler.get_jobs():
            job.reschedule(job.trigger)
        self._scheduler.wakeup()

    def next_runs(self) -> dict[str, float]:
        """Return the wall time of each job's next run."""
        return {job.id: job.next_run_time.timestamp() for job in self._scheduler.get_jobs()}

    def stop(self) -> None:
        """Stop the scheduler; a run under way is cancelled."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _daily(self, hour: int, minute: int) -> CronTrigger:
        return CronTrigger(hour=hour, minute=minute, **({"timezone": self.zone} if self.zone else {}))

    async def _run_job(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._ran.get(name, -MIN_GAP) < MIN_GAP:
            return
        self._ran[name] = now
        try:
            await work()
        except asyncio.CancelledError:  # `stop` cancels a run under way
            return
        except Exception as why:  # noqa: BLE001 - the edge of every calendar job
            self.failures.record_failure(name, why)
