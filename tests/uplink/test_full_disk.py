"""A full disk, under the product's own statements: it heals itself within one round, and no ticket is lost."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from small_disk import Disk

from agent.core.disk_reserve import DiskReserve
from agent.core.store import Store
from uplink.outbox import outbox, queries, retention
from uplink.outbox.envelope import Envelope, Lane

COMPONENTS = {"outbox": outbox.SCHEMA}
MIB = 1024 * 1024
QUOTA = 6 * MIB  # of the disk
TICKETS = 1500  # more than the ballast has room for: readings must go
Make = Callable[..., Envelope]


def no_ballast(path: Path) -> DiskReserve:
    return DiskReserve(path.with_suffix(".ballast"), min_free=1 << 60)


def fill_up(path: Path, make: Make, ballast: DiskReserve) -> tuple[int, int, int]:
    """Fill a small disk with readings, then bring tickets; (readings, tickets kept, failed rounds)."""
    disk = Disk(f"quota-{path.parent.name}")
    disk.folder, disk.quota = path.parent, QUOTA
    path.parent.mkdir()
    store = Store(path, COMPONENTS, connect=disk.connect, relieve=retention.evict_events, ballast=ballast)
    if ballast.min_free < 1 << 50:
        ballast.path.write_bytes(bytes(ballast.size))
    readings = tickets = failed = 0
    with suppress(sqlite3.OperationalError):
        for number in range(10_000):
            with store.transaction() as tx:  # without healing: until the disk is full to the brim
                outbox.put(tx, make(number, Lane.METERS))
            readings += 1
    for number in range(TICKETS):
        try:
            store.run_blocking(lambda tx, n=number: outbox.put(tx, make(n)))
            tickets += 1
        except sqlite3.OperationalError:
            failed += 1
    kept = (
        store.run_blocking(lambda tx: queries.count_outbox(tx).pending.get(Lane.TICKETS, 0)) if tickets else 0
    )
    with suppress(sqlite3.Error):
        store.close()
    disk.close()
    assert kept == tickets
    return readings, tickets, failed


@pytest.mark.claim("full-disk")
def test_a_full_disk_heals_itself_and_takes_every_ticket(tmp_path: Path, make: Make, figure: Any) -> None:
    path = tmp_path / "full" / "agent.db"
    ballast = DiskReserve(path.with_suffix(".ballast"), size=MIB, min_free=0)
    readings, tickets, failed = fill_up(path, make, ballast)
    figure(readings=readings, kept=tickets, tickets=TICKETS, failed=failed)
    assert readings > 50
    assert (tickets, failed) == (TICKETS, 0)


@pytest.mark.control("full-disk")
def test_without_ballast_a_full_disk_stays_full(tmp_path: Path, make: Make, figure: Any) -> None:
    """Broken: no ballast. SQLite cannot even delete."""
    path = tmp_path / "stuck" / "agent.db"
    _, tickets, failed = fill_up(path, make, no_ballast(path))
    figure(kept=tickets, tickets=TICKETS)
    assert (tickets, failed) == (0, TICKETS)
