"""The receiver's database: one SQLite file, or PostgreSQL for more than one replica.

    "receiver.db"                         SQLite; one process; a file that only its owner may read
    "postgresql://user@host/database"     PostgreSQL 13 or newer; any number of replicas (extra: postgres)

All SQL of the receiver is written once, in what both understand; `?` marks a value. A database of the first
version is migrated when it is opened, in one transaction.
"""

from pathlib import Path

from uplink.receiver.database import Database
from uplink.receiver.postgres import PostgresDatabase
from uplink.receiver.sqlite import SqliteDatabase


def open_database(where: Path | str) -> Database:
    """Open the database; make missing tables, and migrate those of the first version."""
    text = str(where)
    if text.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(text)
    return SqliteDatabase(Path(text))
