"""Maintenance of the state file: opening, bounds of the outbox, disk reserve, withheld tickets."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent.core import audit, disk_reserve, state_folder, store_recovery
from agent.core.clock import Clock
from agent.core.errors import StoreError
from agent.core.migrations import Migrations
from agent.core.store import Store
from agent.reporting import promise_watch, restatement
from agent.reporting.restatement import RequestAnswer
from agent.reporting.sender import Sender
from uplink.outbox import high_water, integrity, retention

MARK_SUFFIX = ".counts"  # of the high-water mark beside the state file

log = logging.getLogger(__name__)


def open_store(path: Path, tables: Migrations) -> Store:
    """Open the state file, recovering it if it is damaged, and check the outbox in it. Raises StoreError."""
    mark = high_water.read_mark(_mark_path(path))
    ran_before = not (path.is_file() and path.stat().st_size) and has_run_before(path)
    check = partial(_check_outbox, mark=mark)
    state_folder.prepare_folder(path)
    store_recovery.check_small_file(path)
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
    _note_incidents(store, findings, is_missing=store.is_new and ran_before)
    store.on_commit = high_water.MarkKeeper(_mark_path(path)).save_commit
    store.run_blocking(lambda _: None)
    return store


def has_run_before(path: Path) -> bool:
    """True if an agent ran in this folder: its lock, disk reserve, counts or audit log is there."""
    beside = [path.with_suffix(suffix) for suffix in (".lock", ".ballast", MARK_SUFFIX)]
    return any(file.exists() for file in beside) or audit.has_entry(path.parent, "service started")


def _note_incidents(store: Store, findings: integrity.IntegrityFindings, *, is_missing: bool) -> None:
    """Note for `status` and the heartbeat what happened to the state file, and what was lost with it."""
    if is_missing:
        store.incidents["state file missing"] += 1
        store.notices["state"] = (
            f"{store.path} was missing or empty, although an agent ran here: its history starts anew"
        )
    elif store.recovery:
        store.incidents["state file recovered"] += 1
        store.notices["state"] = str(store.recovery)
    if is_missing:
        log.error("%s", store.notices["state"])
    if findings.lost:
        store.incidents["events lost with the state"] += findings.lost
        store.notices["lost"] = (
            f"{findings.lost} events that were accepted are lost with the state file; they are counted, "
            "and the provider is told in the heartbeat"
        )


def _check_outbox(tx: sqlite3.Connection, mark: high_water.Counts) -> integrity.IntegrityFindings:
    """Check the outbox, after its counts were raised to the mark that lies beside the state file."""
    high_water.restore_counts(tx, mark)
    return integrity.check_outbox(tx, time.time())


def _mark_path(path: Path) -> Path:
    return path.with_suffix(MARK_SUFFIX)


def _sync_mark(path: Path) -> None:
    """Force the high-water mark to the disk; where that fails it is as old as its last writing."""
    try:
        high_water.sync_mark(_mark_path(path))
    except OSError as why:
        log.warning("the counts beside the state file could not be saved: %s", why)


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
    requests_answered: int = 0  # of the provider
    _last: float | None = None

    async def run_round(self) -> None:
        """Restore the disk reserve, apply the limits, queue withheld tickets and what the provider asked for,
        force the high-water mark to the disk."""
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
        await self._answer_requests()
        await self.store.run(self._announce_tickets)
        await self.store.run(lambda _: _sync_mark(self.store.path))  # on the thread that writes it

    def _announce_tickets(self, tx: sqlite3.Connection) -> None:
        """Tell of decisions about tickets, and of their promises."""
        promise_watch.announce_decisions(tx, self.sender, self.clock.now())
        promise_watch.announce_promises(tx, self.sender, self.clock.now())

    def _requeue_withheld(self, tx: sqlite3.Connection) -> float:
        for ticket in retention.list_withheld(tx):
            if not restatement.requeue_ticket(tx, self.sender, ticket, self.clock.now()):
                tx.execute("DELETE FROM outbox_withheld WHERE subject = ?", (ticket,))
        return retention.poll_slowdown(tx)

    async def _answer_requests(self) -> None:
        """Answer what the provider has asked for, a piece a transaction; each answer is audited."""
        queued = Counter[str]()
        while answer := await self.store.run(self._answer_next):
            queued[answer.kind] += answer.events
            if answer.finished:
                self.requests_answered += 1
                events = queued.pop(answer.kind)
                log.info("the provider asked to %s: %d events queued", answer.kind, events)
                what = {"request": answer.kind, "events": events, "reason": answer.reason}
                await asyncio.to_thread(
                    partial(audit.append_entry, self.store.path.parent, "the provider asked", **what)
                )

    def _answer_next(self, tx: sqlite3.Connection) -> RequestAnswer | None:
        return restatement.answer_request(tx, self.sender, self.clock.now())
