"""The state folder is its owner's alone, and what is wrong with it is one sentence; what is lost with it is counted."""

import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent import app
from agent.core.errors import StoreError
from agent.core.store import open_reader
from agent.reporting import maintenance
from uplink.outbox import high_water, outbox, queries
from uplink.outbox.envelope import Envelope, Lane

posix = pytest.mark.skipif(sys.platform == "win32", reason="access lists guard the folder there")


def lived(path: Path, events: int = 5) -> None:
    """A state file with events that wait, and the mark that maintenance leaves beside it."""
    store = maintenance.open_store(path, app.MIGRATIONS)
    with store.transaction() as tx:
        for number in range(events):
            one = Envelope(lane=Lane.TICKETS, type="t/1", subject=f"T{number}", time=1.0, data={"n": number})
            outbox.put(tx, one)
        counts = high_water.load_counts(tx)
    store.close()
    high_water.write_mark(path.with_suffix(maintenance.MARK_SUFFIX), counts)


@pytest.mark.parametrize("damage", ["deleted", "cut to nothing", "random first page", "cut in half"])
def test_what_is_lost_with_the_file_is_counted_and_no_number_is_given_twice(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / "printwarden.db"
    lived(path)
    size = path.stat().st_size
    for log in path.parent.glob("printwarden.db-*"):
        log.unlink()
    match damage:
        case "deleted":
            path.unlink()
        case "cut to nothing":
            os.truncate(path, 0)
        case "cut in half":
            os.truncate(path, size // 2 // 4096 * 4096)
        case _:
            with path.open("r+b") as file:
                file.write(os.urandom(4096))
    store = maintenance.open_store(path, app.MIGRATIONS)
    with store.transaction() as tx:
        told = queries.count_outbox(tx)
        one = Envelope(lane=Lane.TICKETS, type="t/1", subject="new", time=1.0, data={})
        assert outbox.put(tx, one) == 6
    store.close()
    kept = sum(told.pending.values())
    assert (told.accepted, kept + sum(told.dropped.values())) == (5, 5)
    assert ("was missing or empty" in caplog.text) is (damage in {"deleted", "cut to nothing"})


def test_a_sound_file_loses_nothing_by_its_mark(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The control."""
    path = tmp_path / "printwarden.db"
    lived(path)
    maintenance.open_store(path, app.MIGRATIONS).close()
    store = maintenance.open_store(path, app.MIGRATIONS)
    told = store.run_blocking(queries.count_outbox)
    store.close()
    assert (sum(told.pending.values()), dict(told.dropped), caplog.text) == (5, {}, "")


@pytest.mark.parametrize(
    "text", ["", "{", "[[1]]", '[["accepted", -1, "x"]]', "[" * 100_000, '[["bytes", 0, 7]]']
)
def test_a_damaged_mark_is_no_mark(tmp_path: Path, text: str) -> None:
    (tmp_path / "mark").write_text(text)
    assert high_water.read_mark(tmp_path / "mark") == {}


@posix
def test_folder_and_files_that_others_may_read_become_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "printwarden.db"
    lived(path)
    for entry in path.parent.iterdir():
        entry.chmod(0o666)
    path.parent.chmod(0o777)
    before = os.umask(0)
    try:
        maintenance.open_store(path, app.MIGRATIONS).close()
    finally:
        os.umask(before)
    modes = {
        entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in [path.parent, *path.parent.iterdir()]
    }
    assert modes.pop("state") == 0o700
    assert set(modes.values()) == {0o600}, modes


@posix
def test_the_rights_of_a_folder_with_other_things_stay_as_they_are(tmp_path: Path) -> None:
    """A state file in /var/lib or /home must not lock everybody else out of it."""
    shared = tmp_path / "lib"
    (shared / "postgresql").mkdir(parents=True)
    shared.chmod(0o755)
    maintenance.open_store(shared / "printwarden.db", app.MIGRATIONS).close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE((shared / "printwarden.db").stat().st_mode) == 0o600
    shared.chmod(0o1777)
    with pytest.raises(
        StoreError, match=r"lib holds other things, and others may write in it: .*\[storage\]"
    ):
        maintenance.open_store(shared / "printwarden.db", app.MIGRATIONS)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


@posix
@pytest.mark.parametrize("name", ["printwarden.db", "printwarden.part", "audit.jsonl", "printwarden.lock"])
def test_a_link_in_the_state_folder_is_refused(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    state = tmp_path / "state"
    state.mkdir()
    (state / name).symlink_to(victim)
    with pytest.raises(StoreError, match=f"{name} is a link"):
        maintenance.open_store(state / "printwarden.db", app.MIGRATIONS)
    assert victim.read_bytes() == b"precious"


def test_a_folder_in_place_of_the_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "printwarden.db").mkdir()
    with pytest.raises(StoreError, match="is a folder, where the state file should be"):
        maintenance.open_store(tmp_path / "printwarden.db", app.MIGRATIONS)


@pytest.mark.parametrize("made", ["", "CREATE TABLE other (x)"])
def test_a_half_made_state_is_one_sentence_for_readers(tmp_path: Path, made: str) -> None:
    with closing(sqlite3.connect(tmp_path / "printwarden.db")) as db:
        db.execute(made)
    (tmp_path / "printwarden.db").touch()
    with pytest.raises(StoreError, match="is not ready yet"):
        open_reader(tmp_path / "printwarden.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="does not exist yet"):
        open_reader(tmp_path / "folder.db")


@posix
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        maintenance.open_store(tmp_path / "file" / "printwarden.db", app.MIGRATIONS)
