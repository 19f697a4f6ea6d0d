"""Keeping house: the outbox in its bounds, the ballast in its place, tickets told again when room returns."""

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent.core import disk_reserve, store_recovery
from agent.core.clock import Clock
from agent.core.errors import StoreError
from agent.core.migrations import Migrations
from agent.core.model import TicketEvent
from agent.core.store import Store
from agent.discovery import inventory
from agent.reporting.sender import Sender
from agent.tickets import lifecycle
from uplink.outbox import integrity, retention

log = logging.getLogger("printwarden.house")


def opened(path: Path, tables: Migrations) -> Store:
    """The state file, salvaged if it must be, and the outbox in it looked through. Raises StoreError."""
    check = partial(integrity.check, now=time.time())
    store = Store(path, tables, relieve=retention.shed)
    try:
        findings = store.do(check)
    except sqlite3.DatabaseError as why:
        store.close()
        if isinstance(why, sqlite3.IntegrityError):  # an index that misses rows of its table
            store_recovery.mark(path, f"rows contradict their keys: {why}")
        elif not store_recovery.is_damage(why):
            raise StoreError(f"{path} cannot be used: {why}") from why
        store = Store(path, tables, relieve=retention.shed)  # salvages it: it is marked by now
        findings = store.do(check)
    if not findings.clean:
        log.error("the outbox was damaged on the disk: %s", findings)
    return store


async def examine(store: Store) -> None:
    """After a stop that was none of ours: look through the state file, beside everything else. Runs for ever;
    raises StoreError where it finds damage, so that a service manager starts the agent anew."""
    if store.unclean and (complaint := await asyncio.to_thread(store_recovery.examine, store.path)):
        raise StoreError(f"{store.path} is damaged ({complaint}): the next start salvages it")
    await asyncio.Event().wait()


@dataclass(slots=True)
class Housekeeping:
    """`keep` it every minute or so."""

    store: Store
    clock: Clock
    sender: Sender
    limits: retention.Limits = field(default_factory=retention.Limits)
    stretch: float = 1.0  # how many times as long to wait between polls
    _last: float | None = None

    async def keep(self) -> None:
        """One round."""
        now = self.clock.monotonic()
        elapsed, self._last = now - (now if self._last is None else self._last), now
        self.store.ballast.keep()
        free = disk_reserve.free(self.store.path.parent)
        dropped = await self.store.run(
            partial(retention.upkeep, limits=self.limits, free=free, elapsed=elapsed)
        )
        if dropped:
            log.warning("%d events were dropped by rule; `printwarden outbox status` shows which", dropped)
        self.stretch = await self.store.run(self._settle)

    def _settle(self, tx: sqlite3.Connection) -> float:
        for ticket in retention.withheld(tx):
            event = self._restated(tx, ticket)
            if event is None:
                tx.execute("DELETE FROM outbox_withheld WHERE subject = ?", (ticket,))
            else:
                self.sender.ticket(tx, event)
        return retention.stretch(tx)

    def _restated(self, tx: sqlite3.Connection, ticket_id: str) -> TicketEvent | None:
        """How a ticket stands now; None if the ticket or its printer is gone."""
        ticket = lifecycle.load_ticket(tx, ticket_id)
        device = inventory.load_device(tx, ticket.device) if ticket else None
        return lifecycle.restated(tx, ticket_id, device, self.clock.now())
