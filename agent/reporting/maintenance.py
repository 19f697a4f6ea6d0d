"""Maintenance of the state file: opening, bounds of the outbox, disk reserve, withheld tickets."""

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

log = logging.getLogger(__name__)


def open_store(path: Path, tables: Migrations) -> Store:
    """Open the state file, recovering it if it is damaged, and check the outbox in it. Raises StoreError."""
    check = partial(integrity.check_outbox, now=time.time())
    store = Store(path, tables, relieve=retention.evict_events)
    try:
        findings = store.run_blocking(check)
    except sqlite3.DatabaseError as why:
        store.close()
        if isinstance(why, sqlite3.IntegrityError):  # an index that misses rows of its table
            store_recovery.mark_damaged(path, f"rows contradict their keys: {why}")
        elif not store_recovery.is_corruption(why):
            raise StoreError(f"{path} cannot be used: {why}") from why
        store = Store(path, tables, relieve=retention.evict_events)  # recovers it: it is marked by now
        findings = store.run_blocking(check)
    if not findings.is_clean:
        log.error("the outbox was damaged on the disk: %s", findings)
    return store


async def check_after_crash(store: Store) -> None:
    """Check the state file in the background if the last run was killed or crashed. Never returns.

    Raises StoreError if it finds damage, so that the service manager restarts the agent.
    """
    if store.unclean_stop and (
        complaint := await asyncio.to_thread(store_recovery.check_integrity, store.path)
    ):
        raise StoreError(f"{store.path} is damaged ({complaint}): the next start recovers it")
    await asyncio.Event().wait()


@dataclass(slots=True)
class Maintenance:
    """The periodic upkeep. Call `run_round` every minute or so."""

    store: Store
    clock: Clock
    sender: Sender
    limits: retention.OutboxLimits = field(default_factory=retention.OutboxLimits)
    slowdown: float = 1.0  # how many times as long to wait between polls
    _last: float | None = None

    async def run_round(self) -> None:
        """Restore the disk reserve, apply the limits of the outbox, queue withheld tickets."""
        now = self.clock.monotonic()
        elapsed, self._last = now - (now if self._last is None else self._last), now
        self.store.disk_reserve.ensure_present()
        free = disk_reserve.free_bytes(self.store.path.parent)
        dropped = await self.store.run(
            partial(retention.apply_limits, limits=self.limits, free=free, elapsed=elapsed)
        )
        if dropped:
            log.warning("%d events were dropped by rule; `printwarden outbox status` shows which", dropped)
        self.slowdown = await self.store.run(self._requeue_withheld)

    def _requeue_withheld(self, tx: sqlite3.Connection) -> float:
        for ticket in retention.list_withheld(tx):
            event = self._restated(tx, ticket)
            if event is None:
                tx.execute("DELETE FROM outbox_withheld WHERE subject = ?", (ticket,))
            else:
                self.sender.queue_ticket(tx, event)
        return retention.poll_slowdown(tx)

    def _restated(self, tx: sqlite3.Connection, ticket_id: str) -> TicketEvent | None:
        """Build an event with the ticket's current state; None if the ticket or its printer is gone."""
        ticket = lifecycle.load_ticket(tx, ticket_id)
        device = inventory.load_device(tx, ticket.device) if ticket else None
        return lifecycle.current_state_event(tx, ticket_id, device, self.clock.now())
