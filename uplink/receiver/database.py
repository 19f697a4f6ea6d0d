"""Where the receiver keeps things: one SQLite file, or PostgreSQL for more than one replica.

    "receiver.db"                         SQLite; one process
    "postgresql://user@host/database"     PostgreSQL 13 or newer; any number of replicas (extra: postgres)

The SQL of the ledger is written once, in what both understand; `?` marks a value.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

DatabaseRow = Mapping[str, Any]
COLUMN_TYPES = {
    "sqlite": {"bytes": "BLOB", "real": "REAL", "number": "INTEGER PRIMARY KEY"},
    "postgresql": {"bytes": "BYTEA", "real": "DOUBLE PRECISION", "number": "BIGSERIAL PRIMARY KEY"},
}


class DatabaseBusy(Exception):
    """Another replica is at work on the same thing; asking again soon will do."""


class Database(Protocol):
    """What the ledger needs. Used from one thread."""

    def fetch_rows(self, query: str, values: Sequence[object] = ()) -> list[DatabaseRow]:
        """What `query` finds."""
        ...

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run `statement`; how many rows it changed."""
        ...

    def execute_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        """Run `statement` for each of `many`."""
        ...

    def transaction(self) -> Any:
        """A block that is done as a whole or not at all. Raises Busy where two replicas collide."""
        ...

    def claim_lock(self, name: str) -> None:
        """Within a transaction: be the only one at work on `name`. Raises Busy."""
        ...

    def wait_for_lock(self, name: str) -> None:
        """Within a transaction: wait until nobody else is at work on `name`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def open_database(where: Path | str, tables: str) -> Database:
    """The database, with `tables` made where missing ("{bytes}", "{real}" and "{number}" are types)."""
    text = str(where)
    if text.startswith(("postgresql://", "postgres://")):
        return _PostgresDatabase(text, tables.format(**COLUMN_TYPES["postgresql"]))
    return _SqliteDatabase(Path(text), tables.format(**COLUMN_TYPES["sqlite"]))


class _SqliteDatabase:
    def __init__(self, path: Path, tables: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(tables)

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
        """BEGIN IMMEDIATE has claimed everything."""

    def wait_for_lock(self, name: str) -> None:
        """BEGIN IMMEDIATE has waited."""

    def close(self) -> None:
        self._db.close()


class _PostgresDatabase:
    def __init__(self, where: str, tables: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
            from psycopg.rows import dict_row  # noqa: PLC0415
        except ImportError as why:
            raise ModuleNotFoundError(
                "PostgreSQL needs the extra: pip install 'printwarden[postgres]'"
            ) from why
        self._errors = psycopg.errors
        self._db = psycopg.connect(where, autocommit=True, row_factory=dict_row)
        with self._db.transaction():  # two replicas may start at once
            self._db.execute("SELECT pg_advisory_xact_lock(7274)")
            for statement in filter(str.strip, tables.split(";")):
                self._db.execute(statement.encode())

    def fetch_rows(self, query: str, values: Sequence[object] = ()) -> list[DatabaseRow]:
        return list(self._db.execute(_convert_marks(query), values).fetchall())

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._db.execute(_convert_marks(statement), values).rowcount

    def execute_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(_convert_marks(statement), many)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self._db.transaction():
                yield
        except (self._errors.DeadlockDetected, self._errors.SerializationFailure) as why:
            raise DatabaseBusy(str(why)) from why

    def claim_lock(self, name: str) -> None:
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS mine"
        if not self.fetch_rows(query, (name,))[0]["mine"]:
            raise DatabaseBusy(name)

    def wait_for_lock(self, name: str) -> None:
        self.fetch_rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0)) AS mine", (name,))

    def close(self) -> None:
        self._db.close()


def _convert_marks(statement: str) -> bytes:
    """psycopg marks a value by "%s"; no statement of ours has a "?" or "%" of its own."""
    return statement.replace("?", "%s").encode()
