"""A damaged state file never keeps the agent from starting, and costs as little as it can; and that is counted."""

import sqlite3
import statistics
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from agent.core import store_recovery
from agent.core.disk_reserve import DiskReserve
from agent.core.errors import StoreTooNew
from agent.core.store import Store
from agent.reporting import maintenance
from uplink.outbox import outbox, queries, tables
from uplink.outbox.envelope import Envelope, Lane

Make = Callable[..., Envelope]
COMPONENTS = {
    "outbox": outbox.SCHEMA,
    "notes": ("CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID",),
}


@pytest.fixture(autouse=True)
def no_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiskReserve, "ensure_present", lambda _: False)


def written(path: Path, make: Make, count: int = 4000) -> dict[UUID, bytes]:
    """A state file with `count` events and a table without row numbers; what is in it."""
    store = Store(path, COMPONENTS)
    with store.transaction() as tx:
        for number in range(count):
            outbox.put(tx, make(number, Lane(number % 3)))
        tx.executemany("INSERT INTO note VALUES (?, ?)", [(f"{n:05d}", "x" * 50) for n in range(count)])
        found = tx.execute("SELECT id, data FROM outbox_event").fetchall()
    store.close()
    return {UUID(bytes=row["id"]): bytes(row["data"]) for row in found}


def flip_bits(image: bytearray, dice: Random) -> None:
    for _ in range(dice.randint(1, 6)):
        image[dice.randrange(len(image))] ^= 1 << dice.randrange(8)


def smash_pages(image: bytearray, dice: Random) -> None:
    for _ in range(dice.randint(1, 3)):
        page = dice.randrange(1, len(image) // 4096)
        image[page * 4096 : (page + 1) * 4096] = dice.choice([bytes(4096), dice.randbytes(4096)])


def cut_short(image: bytearray, dice: Random) -> None:
    del image[int(len(image) * dice.uniform(0.99, 1.0)) :]


DAMAGES = (flip_bits, smash_pages, cut_short)


def after_damage(path: Path, image: bytes, truth: dict[UUID, bytes]) -> tuple[float, int]:
    """Start on `image`; the share of events that survived unharmed, and how many were altered unseen."""
    path.parent.mkdir()
    path.write_bytes(image)
    store = maintenance.open_store(path, COMPONENTS)
    try:
        with store.transaction() as tx:
            kept = tx.execute("SELECT id, data FROM outbox_event").fetchall()
            told = queries.count_outbox(tx)
    finally:
        store.close()
    survived = sum(truth.get(UUID(bytes=row["id"])) == row["data"] for row in kept)
    gone = sum(told.dead.values()) + sum(told.dropped.values())
    assert told.accepted == sum(told.pending.values()) + gone, "a loss that is not counted"
    return survived / len(truth), len(kept) - survived


def corrupted(folder: Path, make: Make, *, files: int, seed: int) -> list[tuple[float, int]]:
    truth = written(folder / "good.db", make)
    good, dice = (folder / "good.db").read_bytes(), Random(seed)
    found = []
    for number in range(files):
        image = bytearray(good)
        DAMAGES[number % len(DAMAGES)](image, dice)
        found.append(after_damage(folder / f"{number}" / "agent.db", bytes(image), truth))
    return found


@pytest.mark.claim("corrupt")
@pytest.mark.parametrize(("files", "seed"), [(30, 1), pytest.param(500, 2, marks=pytest.mark.long)])
def test_damaged_files_start_and_lose_little(
    tmp_path: Path, make: Make, files: int, seed: int, figure: Any
) -> None:
    found = corrupted(tmp_path, make, files=files, seed=seed)
    median = statistics.median(share for share, _ in found)
    altered = sum(altered for _, altered in found)
    figure(files=files, median=median, altered=altered)
    assert (median >= 0.99, altered) == (True, 0)


@pytest.mark.control("corrupt")
def test_without_digests_altered_events_would_go_unseen(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, figure: Any
) -> None:
    """Broken: nobody looks at the digests."""
    monkeypatch.setattr(tables, "is_event_intact", lambda _: True)
    unseen = sum(altered for _, altered in corrupted(tmp_path, make, files=30, seed=1))
    figure(files=30, altered=unseen)
    assert unseen > 3


def test_bytes_that_became_a_text_that_is_none_cost_one_event(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "state" / "agent.db"
    written(path, make, count=50)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE outbox_event SET digest = CAST(x'5d51ff34fe' AS TEXT) WHERE seq = 20")
        db.commit()
    store = maintenance.open_store(path, COMPONENTS)
    with store.transaction() as tx:
        told = queries.count_outbox(tx)
    store.close()
    assert sum(told.pending.values()) == 49
    assert sum(told.dropped.values()) + sum(told.dead.values()) == 1


def test_a_file_that_was_cut_short_loses_its_end_only(tmp_path: Path, make: Make) -> None:
    truth = written(tmp_path / "good.db", make)
    image = (tmp_path / "good.db").read_bytes()
    share, altered = after_damage(tmp_path / "cut" / "agent.db", image[: int(len(image) * 0.99)], truth)
    assert share > 0.95
    assert altered == 0
    assert not list((tmp_path / "cut").glob("*filled-up*"))


def test_the_evidence_is_kept_and_what_was_done_is_said(
    tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / "agent.db"
    written(path, make)
    image = bytearray(path.read_bytes())
    image[4096 * 3 : 4096 * 5] = bytes(8192)
    path.write_bytes(image)
    store_recovery.mark_damaged(path, "found by a check")
    store = maintenance.open_store(path, COMPONENTS)
    assert store.recovery is not None
    assert store.recovery.evidence.read_bytes() == bytes(image)
    assert "found by a check" in caplog.text
    assert store.recovery.evidence.name in caplog.text
    store.close()
    again = maintenance.open_store(path, COMPONENTS)
    assert again.recovery is None, "once is enough"
    again.close()


def test_a_table_that_is_gone_is_damage(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "agent.db"
    written(path, make, count=20)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE note")
    store = maintenance.open_store(path, COMPONENTS)
    assert store.recovery is not None
    with store.transaction() as tx:
        assert queries.count_outbox(tx).accepted == sum(queries.count_outbox(tx).pending.values()) == 20
    store.close()


def test_a_check_after_an_unclean_stop_finds_damage_and_the_next_start_salvages(
    tmp_path: Path, make: Make
) -> None:
    path = tmp_path / "agent.db"
    written(path, make)
    path.with_suffix(".clean").unlink()
    image = bytearray(path.read_bytes())
    image[4096 * 6 : 4096 * 7] = bytes(4096)
    assert store_recovery.check_integrity(path) is None
    path.write_bytes(image)
    assert store_recovery.check_integrity(path)
    store = maintenance.open_store(path, COMPONENTS)
    assert store.unclean_stop
    assert store.recovery is not None
    store.close()


def test_three_failed_starts_end_in_an_empty_file_and_the_evidence(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "agent.db"
    written(path, make, count=10)
    for _ in range(2):
        store_recovery.record_failed_start(path)
    store_recovery.mark_damaged(path, "again")
    store = maintenance.open_store(path, COMPONENTS)
    with store.transaction() as tx:
        assert queries.count_outbox(tx).accepted == 0
    assert store.recovery is not None
    assert store.recovery.evidence.stat().st_size > 4096
    store.close()


def test_failures_of_another_day_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    assert [store_recovery.record_failed_start(path, at) for at in (0.0, 100.0, 5000.0)] == [1, 2, 1]


def test_a_kill_is_no_damage(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "agent.db"
    written(path, make, count=10)
    for _ in range(5):
        path.with_suffix(".clean").unlink()
        store = maintenance.open_store(path, COMPONENTS)
        assert (store.unclean_stop, store.recovery) == (True, None)
        store.close()


def test_a_newer_file_is_neither_salvaged_nor_touched(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "agent.db"
    written(path, make, count=10)
    before = path.read_bytes()
    with pytest.raises(StoreTooNew):
        maintenance.open_store(path, {"outbox": outbox.SCHEMA})
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.damaged*"))
