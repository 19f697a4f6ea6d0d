"""Loss of power, I/O errors and a full disk, under the product's own statements (small_disk.py).

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

from agent.ballast import Ballast
from agent.errors import StoreError
from agent.store import Store
from uplink import bounds, outbox, views
from uplink.answers import Result, Verdict
from uplink.envelope import Envelope, Lane

ROOMS = {"outbox": outbox.SCHEMA}
MIB = 1024 * 1024
Make = Callable[..., Envelope]


@dataclass
class Ledger:
    """What was promised to whom, and since which event of the disk."""

    accepted: dict[UUID, int] = field(default_factory=dict)
    with_provider: dict[UUID, int] = field(default_factory=dict)
    begins: int = 0  # from here on there is a file with tables


def no_ballast(path: Path) -> Ballast:
    return Ballast(path.with_suffix(".ballast"), comfort=1 << 60)


def live(
    disk: Any, path: Path, make: Make, *, steps: int, synchronous: str = "FULL", seed: int = 1
) -> Ledger:
    """Put, send, settle; note after each commit what has been promised."""
    ledger, dice = Ledger(), Random(seed)
    disk.recording = True
    store = Store(path, ROOMS, connect=disk.connect, ballast=no_ballast(path))
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
            receipt = {name: Verdict(Result.ACCEPTED) for name in batch.ids}
            outbox.settle(tx, batch, receipt, now=1.0, dice=dice)
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
        store = Store(folder / "agent.db", ROOMS, ballast=no_ballast(folder / "agent.db"))
    except Exception:  # noqa: BLE001 - whatever it is, it is a broken promise
        return 1
    try:
        if store.salvaged:
            return 1
        with store.transaction() as tx:
            there = {entry.id for entry in views.pending(tx, 10_000)}
            whole = tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    finally:
        store.close()
    promised = {name for name, since in ledger.accepted.items() if since <= at}
    taken = {name for name, since in ledger.with_provider.items() if since <= at}
    return len(promised - taken - there) + (not whole)


def lose_power(
    small_disk: Any, folder: Path, make: Make, *, images: int, synchronous: str, seed: int = 1
) -> int:
    """How many of `images` break a promise."""
    disk = small_disk.Disk(f"recorder-{synchronous}-{seed}")
    (folder / "live").mkdir(parents=True)
    ledger = live(disk, folder / "live" / "agent.db", make, steps=60, synchronous=synchronous, seed=seed)
    dice, broken = Random(seed), 0
    for number in range(images):
        at = dice.randrange(ledger.begins, len(disk.events))
        files = small_disk.after_power_loss(disk.events, at, dice)
        broken += broken_promises(ledger, files, folder / f"{number}", at) > 0
    disk.close()
    return broken


@pytest.mark.parametrize("seed", [1, 2])
def test_no_loss_of_power_breaks_a_promise(
    small_disk: Any, tmp_path: Path, make: Make, seed: int, claim: Any
) -> None:
    broken = lose_power(small_disk, tmp_path, make, images=150, synchronous="FULL", seed=seed)
    claim("power loss", f"150 images of the disk, synchronous=FULL: {broken} with a broken promise")
    assert broken == 0


def test_with_synchronous_normal_power_loss_breaks_promises(
    small_disk: Any, tmp_path: Path, make: Make, claim: Any
) -> None:
    """Broken: NORMAL does not sync the log at each commit."""
    broken = lose_power(small_disk, tmp_path, make, images=150, synchronous="NORMAL")
    claim.broken("power loss", f"synchronous=NORMAL: {broken} of 150 images break promises")
    assert broken > 15


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_thousand_losses_of_power_twenty_times_over(
    small_disk: Any, tmp_path: Path, make: Make, seed: int, claim: Any
) -> None:
    broken = lose_power(small_disk, tmp_path, make, images=1000, synchronous="FULL", seed=seed)
    claim("power loss", f"1,000 images, seed {seed}: {broken} with a broken promise")
    assert broken == 0


def fail_everywhere(
    small_disk: Any, folder: Path, make: Make, *, failure: str, every: int, most: int
) -> tuple[int, int]:
    """Fail at every `every`-th operation, once a life; (lives, accepted events that were lost)."""
    lives = lost = 0
    for at in range(1, most, every):
        disk = small_disk.Disk(f"{failure}-{at}-{every}")
        disk.failure = getattr(small_disk.apsw, failure)
        (folder / f"{at}").mkdir(parents=True)
        lost += _one_life(disk, folder / f"{at}" / "agent.db", make, at)
        lives += 1
        done = disk.operations < at
        disk.close()
        if done:
            break
    return lives, lost


def _one_life(disk: Any, path: Path, make: Make, fail_at: int) -> int:
    """Twenty puts, each tried again if it fails; then everything is read back with a healthy disk."""
    accepted: set[UUID] = set()
    disk.fail_at = fail_at
    store = None
    for number in range(20):
        one = make(number)
        with suppress(sqlite3.Error, StoreError):  # not accepted, then; the next one is tried
            store = store or Store(path, ROOMS, connect=disk.connect, ballast=no_ballast(path))
            store.do(lambda tx, e=one: outbox.put(tx, e))
            accepted.add(one.id)
    if store is not None:
        with suppress(sqlite3.Error):
            store.close()
    healthy = Store(path, ROOMS, ballast=no_ballast(path))
    with healthy.transaction() as tx:
        there = {entry.id for entry in views.pending(tx, 1000)}
        assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    healthy.close()
    return len(accepted - there)


@pytest.mark.parametrize("failure", ["IOError", "FullError"])
def test_a_disk_that_fails_at_any_operation_loses_nothing_accepted(
    small_disk: Any, tmp_path: Path, make: Make, failure: str, claim: Any
) -> None:
    lives, lost = fail_everywhere(small_disk, tmp_path, make, failure=failure, every=13, most=400)
    claim("failing disk", f"{failure} at every 13th operation: {lives} lives, {lost} accepted events lost")
    assert (lives > 10, lost) == (True, 0)


@pytest.mark.long
@pytest.mark.parametrize("failure", ["IOError", "FullError"])
def test_a_disk_that_fails_at_every_single_operation_loses_nothing_accepted(
    small_disk: Any, tmp_path: Path, make: Make, failure: str, claim: Any
) -> None:
    lives, lost = fail_everywhere(small_disk, tmp_path, make, failure=failure, every=1, most=2000)
    claim("failing disk", f"{failure} at every operation: {lives} lives, {lost} accepted events lost")
    assert (lives > 100, lost) == (True, 0)


def fill_up(small_disk: Any, path: Path, make: Make, ballast: Ballast) -> tuple[int, int, int]:
    """Fill a 3 MiB disk with readings, then bring 50 tickets; (readings, tickets kept, failed rounds)."""
    disk = small_disk.Disk(f"quota-{path.parent.name}")
    disk.folder, disk.quota = path.parent, 3 * MIB
    path.parent.mkdir()
    store = Store(path, ROOMS, connect=disk.connect, relieve=bounds.shed, ballast=ballast)
    if ballast.comfort < 1 << 50:
        ballast.path.write_bytes(bytes(ballast.size))
    readings = tickets = failed = 0
    with suppress(sqlite3.OperationalError):
        for number in range(10_000):
            with store.transaction() as tx:  # without healing: until the disk is full to the brim
                outbox.put(tx, make(number, Lane.METERS))
            readings += 1
    for number in range(50):
        try:
            store.do(lambda tx, n=number: outbox.put(tx, make(n)))
            tickets += 1
        except sqlite3.OperationalError:
            failed += 1
    kept = store.do(lambda tx: views.counts(tx).pending.get(Lane.TICKETS, 0)) if tickets else 0
    with suppress(sqlite3.Error):
        store.close()
    disk.close()
    assert kept == tickets
    return readings, tickets, failed


def test_a_full_disk_heals_itself_and_takes_every_ticket(
    small_disk: Any, tmp_path: Path, make: Make, claim: Any
) -> None:
    path = tmp_path / "full" / "agent.db"
    ballast = Ballast(path.with_suffix(".ballast"), size=MIB, comfort=0)
    readings, tickets, failed = fill_up(small_disk, path, make, ballast)
    claim("full disk", f"full after {readings} readings; then {tickets} of 50 tickets kept, {failed} failed")
    assert readings > 50
    assert (tickets, failed) == (50, 0)


def test_without_ballast_a_full_disk_stays_full(
    small_disk: Any, tmp_path: Path, make: Make, claim: Any
) -> None:
    """Broken: no ballast. SQLite cannot even delete."""
    path = tmp_path / "stuck" / "agent.db"
    _, tickets, failed = fill_up(small_disk, path, make, no_ballast(path))
    claim.broken("full disk", f"no ballast: {tickets} of 50 tickets kept, {failed} failed")
    assert (tickets, failed) == (0, 50)
