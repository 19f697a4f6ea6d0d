"""PostgreSQL behind the receiver: for more than one replica.

A connection that breaks is made anew by the next statement outside a transaction, at most once a second; the
statement that met the break raises `DatabaseUnavailable`.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from uplink.receiver.database import DatabaseBusy, DatabaseRow, DatabaseUnavailable
from uplink.receiver.tables import list_statements

RECONNECT_PAUSE = 1.0  # seconds between two attempts to reach PostgreSQL
CONNECT_TIMEOUT = 5  # seconds that one attempt may take
POSTGRES_WORDS = {
    "{bytes}": "BYTEA", "{real}": "DOUBLE PRECISION", "{number}": "BIGSERIAL PRIMARY KEY",
    "{data:site_id}": "COALESCE(data::json #>> '{agent,site_id}', '')",
    "{data:agent_id}": "COALESCE(data::json #>> '{agent,agent_id}', '')",
    "{closed}": "COALESCE((SELECT f.data::json ->> 'status' FROM feedback_v1 f "
    "WHERE f.data::json ->> 'ticket_id' = ticket_v1.ticket_id "
    "AND f.data::json ->> 'status' IS NOT NULL ORDER BY f.number DESC LIMIT 1), '') = 'closed'",
}  # fmt: skip


class PostgresDatabase:
    def __init__(self, where: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
            from psycopg.rows import dict_row  # noqa: PLC0415
        except ImportError as why:
            raise ModuleNotFoundError(
                "PostgreSQL needs the extra: pip install 'printwarden[postgres]'"
            ) from why
        self._errors = psycopg.errors
        self._connect: Callable[[], Any] = lambda: psycopg.connect(
            where, autocommit=True, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT
        )
        self._connection, self._next_attempt, self._depth = self._connect(), 0.0, 0
        with self.transaction():  # two replicas may start at once
            self.execute("SELECT pg_advisory_xact_lock(7274)")
            for statement in list_statements(POSTGRES_WORDS, first_version=self._is_first_version()):
                self._connection.execute(statement.encode())

    def fetch_rows(self, query: str, values: Sequence[object] = ()) -> list[DatabaseRow]:
        with self._noticing_breaks():
            return list(self._ready().execute(_convert_marks(query), values).fetchall())

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        with self._noticing_breaks():
            return int(self._ready().execute(_convert_marks(statement), values).rowcount)

    def execute_many(self, statement: str, many: Sequence[Sequence[object]]) -> None:
        with self._noticing_breaks(), self._ready().cursor() as cursor:
            cursor.executemany(_convert_marks(statement), many)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self._noticing_breaks(), self._ready().transaction():
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
        except (self._errors.DeadlockDetected, self._errors.SerializationFailure) as why:
            raise DatabaseBusy(str(why)) from why

    def claim_lock(self, name: str) -> None:
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS mine"
        if not self.fetch_rows(query, (name,))[0]["mine"]:
            raise DatabaseBusy(name)

    def wait_for_lock(self, name: str) -> None:
        self.fetch_rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0)) AS mine", (name,))

    def close(self) -> None:
        self._connection.close()

    def _ready(self) -> Any:
        """Return the connection; a broken one is made anew, at most once a second, never in a transaction."""
        if not self._connection.closed or self._depth:
            return self._connection
        if time.monotonic() < self._next_attempt:
            raise DatabaseUnavailable("PostgreSQL was out of reach a moment ago")
        try:
            self._connection = self._connect()
        except self._errors.OperationalError:
            self._next_attempt = time.monotonic() + RECONNECT_PAUSE
            raise
        return self._connection

    @contextmanager
    def _noticing_breaks(self) -> Iterator[None]:
        """Close a connection that PostgreSQL has ended. Raises DatabaseUnavailable for it."""
        broken = (self._errors.OperationalError, self._errors.InterfaceError)
        collisions = (self._errors.DeadlockDetected, self._errors.SerializationFailure)
        try:
            yield
        except collisions:  # operational errors as well, but the connection is sound
            raise
        except broken as why:
            with contextlib.suppress(Exception):
                self._connection.close()
            raise DatabaseUnavailable(str(why).strip()) from why

    def _is_first_version(self) -> bool:
        query = (
            "SELECT column_name AS name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = 'ticket'"
        )
        columns = {row["name"] for row in self.fetch_rows(query)}
        return bool(columns) and "occupied" not in columns


def _convert_marks(statement: str) -> bytes:
    """psycopg marks a value by "%s"; no statement of ours has a "?" or "%" of its own."""
    return statement.replace("?", "%s").encode()
