"""The state file: transactions, migrations, one owner."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from agent.core.errors import StoreError, StoreLocked, StoreTooNew
from agent.core.store import Store, open_reader

COMPONENTS = {"notes": ("CREATE TABLE note (text TEXT); CREATE INDEX note_text ON note (text)",)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "printwarden.db"


def notes(path):
    with open_reader(path) as db:
        found = [row["text"] for row in db.execute("SELECT text FROM note ORDER BY text")]
    db.close()
    return found


async def test_what_run_has_returned_from_is_committed(path):
    store = Store(path, COMPONENTS)
    await store.run(lambda tx: tx.execute("INSERT INTO note VALUES ('kept')"))
    assert notes(path) == ["kept"]
    store.close()


async def test_a_transaction_that_raises_leaves_nothing_behind(path):
    store = Store(path, COMPONENTS)

    def half(tx: sqlite3.Connection) -> None:
        tx.execute("INSERT INTO note VALUES ('half')")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await store.run(half)
    assert notes(path) == []
    store.close()


def test_the_file_is_written_durably(path):
    store = Store(path, COMPONENTS)
    with store.transaction() as tx:
        assert tx.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert tx.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    store.close()


def test_a_second_owner_is_refused_until_the_first_has_gone(path):
    first = Store(path, COMPONENTS)
    with pytest.raises(StoreLocked, match="in use by another printwarden"):
        Store(path, COMPONENTS)
    first.close()
    Store(path, COMPONENTS).close()


def test_a_kill_lets_go_of_the_file(path):
    code = (
        "import sys; from pathlib import Path; from agent.core.store import Store\n"
        f"store = Store(Path({str(path)!r}), {{}}); print('owned', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with other:
        assert other.stdout.readline() == b"owned\n"
        with pytest.raises(StoreLocked):
            Store(path, COMPONENTS)
        other.kill()
        other.wait()
    Store(path, COMPONENTS).close()


def test_a_new_version_adds_its_scripts_and_keeps_what_is_there(path):
    store = Store(path, COMPONENTS)
    with store.transaction() as tx:
        tx.execute("INSERT INTO note VALUES ('old')")
    store.close()
    newer = {
        "notes": (*COMPONENTS["notes"], "ALTER TABLE note ADD COLUMN at REAL"),
        "more": ("CREATE TABLE more (x)",),
    }
    store = Store(path, newer)
    with store.transaction() as tx:
        assert [tuple(row) for row in tx.execute("SELECT text, at FROM note")] == [("old", None)]
    store.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path):
    Store(path, {"notes": (*COMPONENTS["notes"], "CREATE TABLE later (x)")}).close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer version"):
        Store(path, COMPONENTS)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_kept_aside_and_a_new_one_begun(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 100)
    store = Store(path, COMPONENTS)
    assert store.recovery.evidence.read_bytes() == b"this is no database at all" * 100
    assert notes(path) == []
    store.close()


def test_a_copy_is_kept_before_a_newer_version_changes_the_file(path):
    Store(path, COMPONENTS).close()
    Store(path, {"notes": (*COMPONENTS["notes"], "ALTER TABLE note ADD COLUMN at REAL")}).close()
    with closing(sqlite3.connect(path.with_suffix(".before"))) as before:
        assert len(before.execute("PRAGMA table_info(note)").fetchall()) == 1


def test_reading_a_state_that_is_not_there_says_what_to_do(path):
    with pytest.raises(StoreError, match="has the agent run"):
        open_reader(path)


def test_a_new_file_has_what_the_scripts_of_a_component_leave_behind(path):
    scripts = (
        "CREATE TABLE memo (text TEXT); CREATE INDEX memo_text ON memo (text); INSERT INTO memo VALUES ('a; b')",
        "ALTER TABLE memo RENAME TO note; INSERT INTO note VALUES ('second')",
    )
    Store(path, {"notes": scripts}).close()
    assert notes(path) == ["a; b", "second"]
    with closing(sqlite3.connect(path)) as db:
        indexes = db.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'note' AND type = 'index'")
        assert indexes.fetchall() == [("memo_text",)]


STUBBORN = {
    "names": ("CREATE TABLE name (text TEXT)",),
    "notes": (
        "CREATE TABLE note (text TEXT)",
        "ALTER TABLE note ADD COLUMN at REAL; UPDATE note SET at = json_extract(text, '$.at')",
    ),
}


def test_a_damaged_value_that_no_migration_takes_does_not_keep_the_agent_from_starting(path):
    """Its rows are brought over into the tables of today, as far as they have kept their names."""
    Store(path, {**STUBBORN, "notes": STUBBORN["notes"][:1]}).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO note VALUES (?)", [('{"at": 5}',), ("no JSON any more",)])
    path.with_suffix(".damaged").write_text("a bit was flipped")
    store = Store(path, STUBBORN)
    assert store.recovery.recovered == {"name": 0, "note": 2}
    with store.transaction() as tx:
        rows = tx.execute("SELECT text, at FROM note ORDER BY text").fetchall()
        assert [tuple(row) for row in rows] == [("no JSON any more", None), ('{"at": 5}', None)]
    store.close()


def test_a_damaged_file_of_an_older_version_is_migrated_with_its_rows(path):
    Store(path, {**STUBBORN, "notes": STUBBORN["notes"][:1]}).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("""INSERT INTO note VALUES ('{"at": 5}')""")
    path.with_suffix(".damaged").write_text("a bit was flipped")
    store = Store(path, STUBBORN)
    with store.transaction() as tx:
        assert tx.execute("SELECT at FROM note").fetchone()["at"] == 5
    store.close()


def test_a_schema_that_is_no_text_any_more_is_damage(path):
    """SQLite quotes the name in its message, and Python's module fails to decode that."""
    Store(path, COMPONENTS).close()
    image = path.read_bytes()
    assert image.count(b"CREATE INDEX note_text") == 1
    path.write_bytes(image.replace(b"CREATE INDEX", b"CREATE INDEY").replace(b"note_text", b"note_te\xcct"))
    store = Store(path, COMPONENTS)
    assert "decode" in store.recovery.reason
    assert notes(path) == []
    store.close()
