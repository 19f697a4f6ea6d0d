"""The batch writer: readings arrive one by one and are committed in groups (a durable commit costs 3 ms).

Promises:
- `write_poll` returns when the reading and all of its effects are on disk.
- Readings take effect in the order in which they arrived.
- The poll loop waits for no commit, unless the caller awaits `write_poll`.
- A disk that is full, also after `Store` has made room, costs the readings of one group only: their callers
  get the error, and the next group is tried.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core import store_recovery
from agent.core.model import SiteFacts
from agent.core.store import Store
from agent.pipeline.pipeline import Pipeline, PollOutcome, PollResult
from agent.pipeline.polling.fleet_state import FleetState

log = logging.getLogger(__name__)

MAX_BATCH = 200  # readings in one transaction

PendingPoll = tuple[PollResult, asyncio.Future[PollOutcome]]


@dataclass(slots=True)
class BatchWriter:
    """Commits readings in groups, in the order of their arrival."""

    store: Store
    pipeline: Pipeline
    fleet: FleetState
    on_outcome: Callable[[PollOutcome], None]
    batch_delay: float = 0.25  # real seconds that a reading waits for others
    _queue: asyncio.Queue[PendingPoll] = field(default_factory=asyncio.Queue)

    async def write_poll(self, reading: PollResult) -> PollOutcome:
        """Process one reading; return once it is on disk."""
        waiting: asyncio.Future[PollOutcome] = asyncio.get_running_loop().create_future()
        await self._queue.put((reading, waiting))
        return await waiting

    async def run(self) -> None:
        """Process arriving readings for ever, a group at a time."""
        while True:
            group: list[PendingPoll] = []
            try:
                await self._collect_batch(group)
                await self._commit_batch(group)
            except BaseException as why:
                _reject_polls(group, why)
                raise

    async def _collect_batch(self, group: list[PendingPoll]) -> None:
        """Fill `group` with the polls of the next `batch_delay`."""
        group.append(await self._queue.get())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.batch_delay):
                while len(group) < MAX_BATCH:
                    group.append(await self._queue.get())

    def _process_batch(
        self, tx: sqlite3.Connection, readings: list[PollResult], site: SiteFacts
    ) -> list[PollOutcome]:
        """Evaluate the site first: an outage of the site is not reported for each printer."""
        self.pipeline.evaluate_site(tx, site, max(reading.snapshot.at for reading in readings))
        return [self.pipeline.process_poll(tx, reading, site) for reading in readings]

    async def _commit_batch(self, group: list[PendingPoll]) -> None:
        """Commit the polls. If one of several cannot be processed, each is committed alone."""
        site = self.fleet.site_facts
        readings = [reading for reading, _ in group]
        try:
            outcomes = await self.store.run(lambda tx: self._process_batch(tx, readings, site))
        except sqlite3.OperationalError as why:
            log.error("%d readings could not be kept: %s", len(group), why)  # noqa: TRY400 - no news in a traceback
            _reject_polls(group, why)
        except Exception as why:
            if isinstance(why, sqlite3.DatabaseError) and store_recovery.is_corruption(why):
                raise
            if len(group) == 1:
                _reject_polls(group, why)  # recorded at the edge of that poll
            else:
                for one in group:
                    await self._commit_batch([one])
        else:
            self._report_outcomes(group, outcomes)

    def _report_outcomes(self, group: list[PendingPoll], outcomes: list[PollOutcome]) -> None:
        for (_, waiting), outcome in zip(group, outcomes, strict=True):
            if outcome.device:
                for other in outcome.displaced:
                    self.fleet.add_device(other)
                self.fleet.record_poll(outcome.device, outcome.snapshot)
            self.on_outcome(outcome)
            if not waiting.done():
                waiting.set_result(outcome)


def _reject_polls(group: list[PendingPoll], why: BaseException) -> None:
    """Raise `why` where the polls are awaited."""
    for _, waiting in group:
        if not waiting.done():
            waiting.set_exception(why)
