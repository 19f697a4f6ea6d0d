"""A disk that fails, once or for good, at every single operation of put, send and delete (kit/small_disk.py)."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import apsw
import pytest
from small_disk import Connection, Disk, Rows

from agent.core.disk_reserve import DiskReserve
from agent.core.errors import StoreError
from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope

COMPONENTS = {"outbox": outbox.SCHEMA}
ROUNDS = 20
Make = Callable[..., Envelope]


@dataclass
class Life:
    """What an agent was promised on a disk that fails at operation `fail_at`."""

    path: Path
    accepted: set[UUID] = field(default_factory=set)
    with_provider: set[UUID] = field(default_factory=set)

    def live(self, disk: Disk, make: Make) -> None:
        """Twenty rounds of a put and, every third, a delivery; what fails is passed over."""
        store = None
        for number in range(ROUNDS):
            with suppress(sqlite3.Error, StoreError):  # not accepted, then; the next one is tried
                store = store or Store(self.path, COMPONENTS, connect=disk.connect, ballast=self.no_ballast)
                one = make(number)
                store.run_blocking(lambda tx, e=one: outbox.put(tx, e))
                self.accepted.add(one.id)
                if number % 3 == 2:
                    self.deliver(store)
        if store is not None:
            with suppress(sqlite3.Error):
                store.close()

    def deliver(self, store: Store) -> None:
        batch = store.run_blocking(lambda tx: outbox.next_batch(tx, source="/a", now=1.0))
        if batch is not None:
            self.with_provider |= set(batch.ids)
            receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
            store.run_blocking(lambda tx: outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=Random(1)))

    def lost(self) -> int:
        """Read back with a healthy disk: accepted, and in no place."""
        healthy = Store(self.path, COMPONENTS, ballast=self.no_ballast)
        with healthy.transaction() as tx:
            there = {entry.id for entry in queries.list_pending(tx, 1000)}
            assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        healthy.close()
        return len(self.accepted - self.with_provider - there)

    @property
    def no_ballast(self) -> DiskReserve:
        return DiskReserve(self.path.with_suffix(".ballast"), min_free=1 << 60)


def fail_everywhere(
    folder: Path, make: Make, *, failure: type[apsw.Error], once: bool, every: int, kind: Any = Connection
) -> tuple[int, int]:
    """Fail at every `every`-th operation, one a life; (lives, accepted events that were lost)."""
    lives = lost = 0
    done = False
    while not done:
        at = 1 + lives * every
        disk = Disk(f"{failure.__name__}-{once}-{at}", kind=kind, failure=failure, once=once, fail_at=at)
        life = Life(folder / f"{at}" / "agent.db")
        life.path.parent.mkdir(parents=True)
        life.live(disk, make)
        done = disk.operations < at  # it lived to its end without meeting the failure
        disk.close()
        lost += life.lost()
        lives += 1
    return lives, lost


@pytest.mark.claim("disk-error")
@pytest.mark.parametrize("every", [17, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("once", [True, False], ids=["once", "for good"])
@pytest.mark.parametrize("failure", [apsw.IOError, apsw.FullError])
def test_a_disk_that_fails_at_any_operation_loses_nothing_accepted(
    tmp_path: Path, make: Make, failure: type[apsw.Error], once: bool, every: int, figure: Any
) -> None:
    lives, lost = fail_everywhere(tmp_path, make, failure=failure, once=once, every=every)
    figure(lives=lives, lost=lost)
    assert (lives > 200 / every, lost) == (True, 0)


class Believing(Connection):
    """Broken: does not look at what COMMIT says."""

    def execute(self, statement: str, values: Any = ()) -> Rows:
        if statement != "COMMIT":
            return super().execute(statement, values)
        try:
            return super().execute(statement)
        except sqlite3.Error:
            return super().execute("ROLLBACK" if self.in_transaction else "SELECT 1")


@pytest.mark.control("disk-error")
def test_who_does_not_look_at_what_commit_says_loses_events(tmp_path: Path, make: Make, figure: Any) -> None:
    lives, lost = fail_everywhere(tmp_path, make, failure=apsw.FullError, once=False, every=7, kind=Believing)
    figure(lives=lives, lost=lost)
    assert lost > 10
