"""Loss of power under the product's own statements (kit/small_disk.py).

The promise at stake: what was accepted is never lost and nothing is half done, wherever the power goes.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from small_disk import Disk, after_power_loss

from agent.core.disk_reserve import DiskReserve
from agent.core.store import Store
from uplink.delivery.responses import ItemOutcome, ItemResult
from uplink.outbox import outbox, queries
from uplink.outbox.envelope import Envelope

COMPONENTS = {"outbox": outbox.SCHEMA}
Make = Callable[..., Envelope]


@dataclass
class Ledger:
    """What was promised to whom, and since which event of the disk."""

    accepted: dict[UUID, int] = field(default_factory=dict)
    with_provider: dict[UUID, int] = field(default_factory=dict)
    begins: int = 0  # from here on there is a file with tables


def no_ballast(path: Path) -> DiskReserve:
    return DiskReserve(path.with_suffix(".ballast"), min_free=1 << 60)


def live(
    disk: Disk, path: Path, make: Make, *, steps: int, synchronous: str = "FULL", seed: int = 1
) -> Ledger:
    """Put, send, settle; note after each commit what has been promised."""
    ledger, dice = Ledger(), Random(seed)
    disk.recording = True
    store = Store(path, COMPONENTS, connect=disk.connect, ballast=no_ballast(path))
    if synchronous != "FULL":
        with suppress(sqlite3.OperationalError):
            store._db.execute(f"PRAGMA synchronous={synchronous}")
    ledger.begins = len(disk.events)
    for step in range(steps):
        if dice.random() < 0.6:
            new = [make(step * 10 + n) for n in range(dice.randint(1, 3))]
            with store.transaction() as tx:
                for one in new:
                    outbox.put(tx, one)
            ledger.accepted |= {one.id: len(disk.events) for one in new}
            continue
        with store.transaction() as tx:
            batch = outbox.next_batch(tx, source="/a", now=1.0)
        if batch is None:
            continue
        ledger.with_provider |= {name: len(disk.events) for name in batch.ids}
        with store.transaction() as tx:
            receipt = {name: ItemResult(ItemOutcome.ACCEPTED) for name in batch.ids}
            outbox.apply_receipt(tx, batch, receipt, now=1.0, dice=dice)
    disk.recording = False
    store.close()
    return ledger


def broken_promises(ledger: Ledger, files: dict[str, bytes], folder: Path, at: int) -> int:
    """Start on what the disk holds; how many accepted events are in no place. Other damage counts as one."""
    folder.mkdir()
    for name, image in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(image)
    try:
        store = Store(folder / "agent.db", COMPONENTS, ballast=no_ballast(folder / "agent.db"))
    except Exception:  # noqa: BLE001 - whatever it is, it is a broken promise
        return 1
    try:
        if store.recovery:
            return 1
        with store.transaction() as tx:
            there = {entry.id for entry in queries.list_pending(tx, 10_000)}
            whole = tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    finally:
        store.close()
    promised = {name for name, since in ledger.accepted.items() if since <= at}
    taken = {name for name, since in ledger.with_provider.items() if since <= at}
    return len(promised - taken - there) + (not whole)


def lose_power(folder: Path, make: Make, *, images: int, synchronous: str, seed: int = 1) -> int:
    """How many of `images` break a promise."""
    disk = Disk(f"recorder-{synchronous}-{seed}")
    (folder / "live").mkdir(parents=True)
    ledger = live(disk, folder / "live" / "agent.db", make, steps=60, synchronous=synchronous, seed=seed)
    dice, broken = Random(seed), 0
    for number in range(images):
        at = dice.randrange(ledger.begins, len(disk.events))
        files = after_power_loss(disk.events, at, dice)
        broken += broken_promises(ledger, files, folder / f"{number}", at) > 0
    disk.close()
    return broken


IMAGES = [(1, 200), *(pytest.param(seed, 1000, marks=pytest.mark.long) for seed in range(100, 120))]


@pytest.mark.claim("power")
@pytest.mark.parametrize(("seed", "images"), IMAGES)
def test_no_loss_of_power_breaks_a_promise(
    tmp_path: Path, make: Make, seed: int, images: int, figure: Any
) -> None:
    broken = lose_power(tmp_path, make, images=images, synchronous="FULL", seed=seed)
    figure(images=images, broken=broken)
    assert broken == 0


@pytest.mark.control("power")
@pytest.mark.parametrize(("seed", "images"), [(1, 100), pytest.param(100, 2000, marks=pytest.mark.long)])
def test_with_synchronous_normal_power_loss_breaks_promises(
    tmp_path: Path, make: Make, seed: int, images: int, figure: Any
) -> None:
    """Broken: NORMAL does not sync the log at each commit."""
    broken = lose_power(tmp_path, make, images=images, synchronous="NORMAL", seed=seed)
    figure(images=images, broken=broken)
    assert broken > images / 10
