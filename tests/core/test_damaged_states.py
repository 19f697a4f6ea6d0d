"""A damaged state file of the whole agent: it always opens, rows behind smashed pages are saved, and what is lost is
counted and reported."""

import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from damaged_states import PAGE, damaged_images, fill_tables, list_pages, read_content, zero_pages
from loopback import own
from services import running_service

from agent import app
from agent.core import row_recovery, sqlite_pages
from agent.core.disk_reserve import DiskReserve
from agent.core.store import Store
from agent.reporting import maintenance
from agent.runtime import jobs
from uplink.outbox import high_water, outbox, queries
from uplink.outbox.envelope import Envelope, Lane

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
TABLE_INTERIOR, EVENTS = 0x05, 60
Outcome = tuple[int, int, int]  # events kept, lost and not counted, altered


@pytest.fixture(autouse=True)
def no_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiskReserve, "ensure_present", lambda _: False)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


SMASHED: dict[str, Callable[[bytes], list[int]]] = {
    "the first page": lambda _: [1],
    "the pointer map": lambda _: [2],
    "both": lambda _: [1, 2],
    "every inner page of the tables with row numbers": lambda image: list_pages(image, TABLE_INTERIOR),
    "the first page and those": lambda image: [1, *list_pages(image, TABLE_INTERIOR)],
}


@pytest.mark.parametrize("smashed", SMASHED)
def test_no_row_behind_smashed_pages_is_lost(folder: Path, smashed: str) -> None:
    path = folder / "printwarden.db"
    before = fill_tables(path, app.MIGRATIONS, rows=60)
    image = bytearray(path.read_bytes())
    zero_pages(image, *SMASHED[smashed](image))
    path.write_bytes(image)
    path.with_suffix(".damaged").write_text("smashed")
    Store(path, app.MIGRATIONS).close()
    after = read_content(path, app.MIGRATIONS)
    assert {table for table in before if before[table] != after[table]} == set()


def test_what_stands_in_the_log_is_saved_with_a_smashed_first_page(folder: Path) -> None:
    path = folder / "printwarden.db"
    Store(path, app.MIGRATIONS).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO health VALUES ('in the file', '1', 1.0)")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("INSERT INTO health VALUES ('in the log', '1', 1.0)")
        db.commit()
        saved = {suffix: path.with_name(path.name + suffix).read_bytes() for suffix in ("", "-wal")}
    broken = folder / "broken" / "printwarden.db"
    broken.parent.mkdir()
    broken.write_bytes(bytes(PAGE) + saved[""][PAGE:])
    broken.with_name("printwarden.db-wal").write_bytes(saved["-wal"])
    store = Store(broken, app.MIGRATIONS)
    names = store.run_blocking(lambda tx: [row["name"] for row in tx.execute("SELECT name FROM health")])
    store.close()
    assert store.recovery is not None
    assert names == ["in the file", "in the log"]


def test_a_schema_that_is_lost_whole_is_ours_again(folder: Path) -> None:
    path = folder / "printwarden.db"
    state = lived(path)
    image = bytearray(state.image)
    with sqlite_pages.open_pages(path) as pages:
        schema = [1, *pages.list_children(1)]
    assert len(schema) > 2
    zero_pages(image, 2, *schema)
    assert open_damaged(folder / "again" / path.name, bytes(image), state) == (EVENTS, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state file, the high-water mark beside it, and the events in it."""

    image: bytes
    mark: bytes
    events: dict[bytes, bytes]


def lived(path: Path) -> State:
    """A state file of the agent, with events that wait."""
    store = maintenance.open_store(path, app.MIGRATIONS)
    with store.transaction() as tx:
        for number in range(EVENTS):
            data = {"n": number, "text": "y" * 300}
            outbox.put(tx, Envelope(lane=Lane.TICKETS, type="t/1", subject=f"T{number}", time=1.0, data=data))
        events = {row["id"]: row["data"] for row in tx.execute("SELECT id, data FROM outbox_event")}
    store.close()
    mark = path.with_suffix(maintenance.MARK_SUFFIX).read_bytes()
    return State(image=path.read_bytes(), mark=mark, events=events)


def open_damaged(path: Path, image: bytes, state: State) -> Outcome:
    """Start on a damaged file."""
    path.parent.mkdir()
    path.write_bytes(image)
    path.with_suffix(maintenance.MARK_SUFFIX).write_bytes(state.mark)
    path.with_suffix(".clean").touch()
    store = maintenance.open_store(path, app.MIGRATIONS)
    with store.transaction() as tx:
        kept = {row["id"]: row["data"] for row in tx.execute("SELECT id, data FROM outbox_event")}
        told = queries.count_outbox(tx)
    store.close()
    shutil.rmtree(path.parent)
    right = sum(state.events.get(name) == data for name, data in kept.items())
    counted = sum(told.dead.values()) + sum(told.dropped.values())
    return right, max(0, EVENTS - right - counted), len(kept) - right


def count_losses(folder: Path, files: int, offsets: range, seed: int) -> dict[str, int]:
    logging.disable(logging.CRITICAL)  # each recovery is an error in the log
    try:
        state = lived(folder / "good" / "printwarden.db")
        images = damaged_images(state.image, files, offsets, seed)
        found = [
            open_damaged(folder / str(n) / "printwarden.db", image, state) for n, image in enumerate(images)
        ]
    finally:
        logging.disable(logging.NOTSET)
    return {
        "files": len(found),
        "whole": sum(kept == EVENTS for kept, _, _ in found),
        "uncounted": sum(uncounted for _, uncounted, _ in found),
        "altered": sum(altered for _, _, altered in found),
    }


@pytest.mark.claim("damaged-states")
@pytest.mark.parametrize(
    ("files", "offsets", "seed"),
    [
        (25, range(0, 2 * PAGE, 257), 1),
        pytest.param(300, range(2 * PAGE), 2, marks=pytest.mark.long),
    ],
)
def test_every_damaged_file_opens_and_no_loss_is_uncounted(
    folder: Path, figure: Any, files: int, offsets: range, seed: int
) -> None:
    found = count_losses(folder, files, offsets, seed)
    figure(**found)
    assert found["files"] == files + len(offsets)
    assert (found["uncounted"], found["altered"]) == (0, 0)
    assert found["whole"] >= len(offsets) + files // 3, "a byte of the first pages costs nothing"


@pytest.mark.control("damaged-states")
def test_without_pages_and_mark_losses_go_uncounted(
    folder: Path, figure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: rows are read by SQLite alone, and nothing beside the file says how many there were."""
    monkeypatch.setattr(row_recovery, "_copy_by_pages", lambda *_: 0)
    monkeypatch.setattr(high_water, "read_mark", lambda _: {})
    found = count_losses(folder, 25, range(0, 100, 10), 1)
    figure(files=found["files"], uncounted=found["uncounted"])
    assert found["uncounted"] > EVENTS


@pytest.mark.parametrize("damage", ["smashed", "missing"])
async def test_the_heartbeat_reports_a_state_that_was_damaged_or_is_missing(
    tmp_path: Path, damage: str, unused_udp_port: int
) -> None:
    given = {"network": [{"cidr": own("1.0/30"), "snmp_port": unused_udp_port}], "ipp": {"enabled": False}}
    async with running_service(tmp_path, given) as (agent, _):
        path = agent.config.database_path
        await agent.store.run(
            lambda tx: outbox.put(
                tx, Envelope(lane=Lane.TICKETS, type="t/1", subject="T1", time=1.0, data={"ticket": 1})
            )
        )
    for log in path.parent.glob(f"{path.name}-*"):
        log.unlink()
    match damage:
        case "smashed":
            path.write_bytes(bytes(2 * PAGE) + path.read_bytes()[2 * PAGE :])
        case "missing":  # with the lock and the counts: only the audit log says that an agent ran
            for file in path.parent.glob("printwarden.*"):
                file.unlink()
    async with running_service(tmp_path, given) as (agent, _):
        health = jobs.collect_health(agent)
        waiting = {
            entry.subject for entry in await agent.store.run(lambda tx: list(queries.list_pending(tx)))
        }
    incident = {"smashed": "state file recovered", "missing": "state file missing"}[damage]
    assert health.counts[incident] == 1
    assert any("state file" in said or "history starts anew" in said for said in health.notices)
    assert ("T1" in waiting) is (damage == "smashed")
