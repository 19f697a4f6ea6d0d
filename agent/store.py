"""The one SQLite file, and what it promises.

- Everything a poll causes (history, rule state, tickets, outbox) changes in one transaction, or not at all.
- What `transaction()` has committed survives a kill, a crash of the system and a loss of power:
  write-ahead log with `synchronous=FULL` (NORMAL would lose the last commits with the power).
- One process owns the file; a second one is refused. Reading alongside is free (`open_reader`).
- A file that a newer version wrote is refused, never changed.

Each room brings its own tables as a tuple of SQL scripts, one per version, appended and never edited.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from agent.errors import StoreError, StoreLocked, StoreTooNew

T = TypeVar("T")
Connect = Callable[[str], sqlite3.Connection]
Migrations = Mapping[str, Sequence[str]]


def connect(path: str) -> sqlite3.Connection:
    """A connection that leaves transactions to us and may be used from the writer thread."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)


class Store:
    """The owner of the state file. Blocking; `run` does the work on the one writer thread."""

    def __init__(self, path: Path, rooms: Migrations, *, connect: Connect = connect) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _own(path.with_suffix(".lock"))
        try:
            self._db = connect(str(path))
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._migrate(rooms)
        except sqlite3.DatabaseError as why:
            self._lock.close()
            raise StoreError(f"{path} cannot be used: {why}") from why
        except StoreError:
            self._db.close()
            self._lock.close()
            raise
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work(tx)` in one transaction on the writer thread; returns after the commit."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._do, work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self.transaction() as tx:
            return work(tx)

    def close(self) -> None:
        """Finish the work at hand, close the file, and let go of it."""
        self._writer.shutdown(wait=True)
        self._db.close()
        self._lock.close()

    def _migrate(self, rooms: Migrations) -> None:
        with self.transaction() as tx:
            tx.execute("CREATE TABLE IF NOT EXISTS room_version (room TEXT PRIMARY KEY, version INTEGER)")
            have = {row["room"]: row["version"] for row in tx.execute("SELECT * FROM room_version")}
            for room, version in have.items():
                if version > len(rooms.get(room, ())):
                    raise StoreTooNew(
                        f"{self.path} was written by a newer version ({room} {version}); "
                        "install that version again, or move the file away to start afresh"
                    )
            for room, scripts in rooms.items():
                for script in scripts[have.get(room, 0) :]:
                    for statement in filter(str.strip, script.split(";")):
                        tx.execute(statement)
                tx.execute("INSERT OR REPLACE INTO room_version VALUES (?, ?)", (room, len(scripts)))


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only view of a state file, also while its owner runs. Raises StoreError if there is none."""
    if not path.exists():
        raise StoreError(f"{path} does not exist yet: has the agent run with this configuration?")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _own(path: Path) -> IO[str]:
    """An exclusive lock by the operating system, which a kill releases too. Raises StoreLocked."""
    handle = path.open("a+")
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists on POSIX only

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as why:
        handle.close()
        raise StoreLocked(f"{path.parent} is in use by another printwarden; stop it first") from why
    return handle
