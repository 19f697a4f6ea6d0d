"""One SQLite file behind the receiver: for one process. Only its owner may read it."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uplink.receiver.database import DatabaseRow
from uplink.receiver.tables import list_statements

SQLITE_WORDS = {
    "{bytes}": "BLOB", "{real}": "REAL", "{number}": "INTEGER PRIMARY KEY",
    "{data:site_id}": "COALESCE(json_extract(data, '$.agent.site_id'), '')",
    "{data:agent_id}": "COALESCE(json_extract(data, '$.agent.agent_id'), '')",
    "{closed}": "COALESCE((SELECT json_extract(f.data, '$.status') FROM feedback_v1 f "
    "WHERE json_extract(f.data, '$.ticket_id') = ticket_v1.ticket_id "
    "AND json_extract(f.data, '$.status') IS NOT NULL ORDER BY f.number DESC LIMIT 1), '') = 'closed'",
}  # fmt: skip


class SqliteDatabase:
    def __init__(self, path: Path) -> None:
        _restrict_file(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        with self.transaction():
            for statement in list_statements(SQLITE_WORDS, first_version=self._is_first_version()):
                self._db.execute(statement)

    def fetch_rows(self, query: str, values: Sequence[object] = ()) -> list[DatabaseRow]:
        return [dict(row) for row in self._db.execute(query, values)]

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._db.execute(statement, values).rowcount

    def execute_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        self._db.executemany(statement, many)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def claim_lock(self, name: str) -> None:
        """BEGIN IMMEDIATE has locked everything."""

    def wait_for_lock(self, name: str) -> None:
        """BEGIN IMMEDIATE has waited."""

    def close(self) -> None:
        self._db.close()

    def _is_first_version(self) -> bool:
        columns = {row["name"] for row in self._db.execute("PRAGMA table_info(ticket)")}
        return bool(columns) and "occupied" not in columns


def _restrict_file(path: Path) -> None:
    """Make the file readable by its owner only, before anything is in it. SQLite's -wal and -shm follow."""
    if os.name != "posix" or str(path) == ":memory:":
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with contextlib.suppress(PermissionError):  # another user's file that we may write
        path.chmod(0o600)
