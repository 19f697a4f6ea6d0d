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
from agent.pipeline.pipeline import Line, Outcome, Reading
from agent.pipeline.polling.fleet_state import Roll

log = logging.getLogger("printwarden.reading")

GROUP = 200  # readings in one transaction

Waiting = tuple[Reading, asyncio.Future[Outcome]]


@dataclass(slots=True)
class Intake:
    store: Store
    line: Line
    roll: Roll
    told: Callable[[Outcome], None]
    company: float = 0.25  # real seconds that a reading waits for others
    _queue: asyncio.Queue[Waiting] = field(default_factory=asyncio.Queue)

    async def settle(self, reading: Reading) -> Outcome:
        """Take one reading down the line; returns once it is on disk."""
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        await self._queue.put((reading, waiting))
        return await waiting

    async def run(self) -> None:
        """For ever: take what has come in down the line, a group at a time."""
        while True:
            group = [await self._queue.get()]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.company):
                    while len(group) < GROUP:
                        group.append(await self._queue.get())
            await self._commit(group)

    def _take(self, tx: sqlite3.Connection, readings: list[Reading], site: SiteFacts) -> list[Outcome]:
        """The site first: what is wrong with all of it is not said of each."""
        self.line.look_round(tx, site, max(reading.snapshot.at for reading in readings))
        return [self.line.take(tx, reading, site) for reading in readings]

    async def _commit(self, group: list[Waiting]) -> None:
        site = self.roll.site
        readings = [reading for reading, _ in group]
        try:
            outcomes = await self.store.run(lambda tx: self._take(tx, readings, site))
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
                self.roll.call(outcome.device, outcome.snapshot)
            self.told(outcome)
            if not waiting.done():
                waiting.set_result(outcome)
