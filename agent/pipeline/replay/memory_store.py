"""A store in memory with the tables of the live stages, for replays and trials."""

import sqlite3
from collections.abc import Iterable, Sequence

from agent.core import migrations


def open_memory_store(components: Iterable[Sequence[str]]) -> sqlite3.Connection:
    """Open an empty store with the tables of these components (their SCHEMA)."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    migrations.create_tables(db, components)
    return db
