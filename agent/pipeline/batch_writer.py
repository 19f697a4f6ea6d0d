"""Readings come in one by one and reach the disk in groups: a durable commit costs about 3 ms.

Promises:
- `settle` returns when the reading and all of its effects are safe on disk.
- Readings take effect in the order in which they came in.
- Nobody who polls waits for a commit, unless they ask to.
- A disk that is full, also after `Store` has made room, costs the readings at hand and nothing else: who
  waits for them hears of it, and the next ones are tried.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core.model import SiteFacts
from agent.core.store import Store
from agent.pipeline.pipeline import Pipeline, PollOutcome, PollResult
from agent.pipeline.polling.fleet_state import FleetState

log = logging.getLogger("printwarden.reading")

MAX_BATCH = 200  # readings in one transaction

PendingPoll = tuple[PollResult, asyncio.Future[PollOutcome]]


@dataclass(slots=True)
class BatchWriter:
    store: Store
    pipeline: Pipeline
    fleet: FleetState
    on_outcome: Callable[[PollOutcome], None]
    batch_delay: float = 0.25  # real seconds that a reading waits for others
    _queue: asyncio.Queue[PendingPoll] = field(default_factory=asyncio.Queue)

    async def write_poll(self, reading: PollResult) -> PollOutcome:
        """Take one reading down the line; returns once it is on disk."""
        waiting: asyncio.Future[PollOutcome] = asyncio.get_running_loop().create_future()
        await self._queue.put((reading, waiting))
        return await waiting

    async def run(self) -> None:
        """For ever: take what has come in down the line, a group at a time."""
        while True:
            group = [await self._queue.get()]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.batch_delay):
                    while len(group) < MAX_BATCH:
                        group.append(await self._queue.get())
            await self._commit_batch(group)

    def _process_batch(
        self, tx: sqlite3.Connection, readings: list[PollResult], site: SiteFacts
    ) -> list[PollOutcome]:
        """The site first: what is wrong with all of it is not said of each."""
        self.pipeline.evaluate_site(tx, site, max(reading.snapshot.at for reading in readings))
        return [self.pipeline.process_poll(tx, reading, site) for reading in readings]

    async def _commit_batch(self, group: list[PendingPoll]) -> None:
        site = self.fleet.site_facts
        readings = [reading for reading, _ in group]
        try:
            outcomes = await self.store.run(lambda tx: self._process_batch(tx, readings, site))
        except BaseException as why:
            for _, waiting in group:  # who waits for it must hear of it
                if not waiting.done():
                    waiting.set_exception(why)
            if isinstance(why, sqlite3.OperationalError):
                log.error("%d readings could not be kept: %s", len(group), why)  # noqa: TRY400 - no news in a traceback
                return
            raise
        for (_, waiting), outcome in zip(group, outcomes, strict=True):
            if outcome.device:
                self.fleet.record_poll(outcome.device, outcome.snapshot)
            self.on_outcome(outcome)
            if not waiting.done():
                waiting.set_result(outcome)
