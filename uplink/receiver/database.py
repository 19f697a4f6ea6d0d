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

Row = Mapping[str, Any]
TYPES = {
    "sqlite": {"bytes": "BLOB", "real": "REAL", "number": "INTEGER PRIMARY KEY"},
    "postgresql": {"bytes": "BYTEA", "real": "DOUBLE PRECISION", "number": "BIGSERIAL PRIMARY KEY"},
}


class Busy(Exception):
    """Another replica is at work on the same thing; asking again soon will do."""


class Database(Protocol):
    """What the ledger needs. Used from one thread."""

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """What `query` finds."""
        ...

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run `statement`; how many rows it changed."""
        ...

    def change_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        """Run `statement` for each of `many`."""
        ...

    def transaction(self) -> Any:
        """A block that is done as a whole or not at all. Raises Busy where two replicas collide."""
        ...

    def claim(self, name: str) -> None:
        """Within a transaction: be the only one at work on `name`. Raises Busy."""
        ...

    def queue(self, name: str) -> None:
        """Within a transaction: wait until nobody else is at work on `name`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def connect(where: Path | str, tables: str) -> Database:
    """The database, with `tables` made where missing ("{bytes}", "{real}" and "{number}" are types)."""
    text = str(where)
    if text.startswith(("postgresql://", "postgres://")):
        return _Postgres(text, tables.format(**TYPES["postgresql"]))
    return _Sqlite(Path(text), tables.format(**TYPES["sqlite"]))


class _Sqlite:
    def __init__(self, path: Path, tables: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(tables)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return [dict(row) for row in self._db.execute(query, values)]

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._db.execute(statement, values).rowcount

    def change_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
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

    def claim(self, name: str) -> None:
        """BEGIN IMMEDIATE has claimed everything."""

    def queue(self, name: str) -> None:
        """BEGIN IMMEDIATE has waited."""

    def close(self) -> None:
        self._db.close()


class _Postgres:
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

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return list(self._db.execute(_marks(query), values).fetchall())

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._db.execute(_marks(statement), values).rowcount

    def change_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(_marks(statement), many)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self._db.transaction():
                yield
        except (self._errors.DeadlockDetected, self._errors.SerializationFailure) as why:
            raise Busy(str(why)) from why

    def claim(self, name: str) -> None:
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS mine"
        if not self.rows(query, (name,))[0]["mine"]:
            raise Busy(name)

    def queue(self, name: str) -> None:
        self.rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0)) AS mine", (name,))

    def close(self) -> None:
        self._db.close()


def _marks(statement: str) -> bytes:
    """psycopg marks a value by "%s"; no statement of ours has a "?" or "%" of its own."""
    return statement.replace("?", "%s").encode()
