"""The high-water mark: the counts of the outbox, kept beside the state file.

What is lost with the state file could not be counted from the file itself. The mark says how many events were
accepted, delivered and dropped at least; what is in no place after a recovery is counted as lost, and no
`agent_seq` is given a second time. It follows each commit, so that a kill leaves it right; once a minute it
is forced to the disk, so that a loss of power leaves it at most so old.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uplink.outbox import tables

Counts = Mapping[tuple[str, int], int]
KEPT = ("accepted", "delivered", "dropped:", "taken:")  # counts that only grow


def load_counts(tx: sqlite3.Connection) -> dict[tuple[str, int], int]:
    """Load the counts that only grow."""
    rows = tx.execute("SELECT what, lane, n FROM outbox_count")
    return {(row["what"], row["lane"]): row["n"] for row in rows if row["what"].startswith(KEPT)}


def read_mark(path: Path) -> dict[tuple[str, int], int]:
    """Read the mark; empty if there is none, or if it is damaged."""
    try:
        listed = json.loads(path.read_text("utf-8"))
        return {(str(what), int(lane)): int(n) for what, lane, n in listed if str(what).startswith(KEPT)}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def write_mark(path: Path, counts: Counts) -> None:
    """Write the mark, whole or not at all. Raises OSError."""
    half_done = path.with_name(path.name + ".part")
    half_done.unlink(missing_ok=True)
    with os.fdopen(os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump([[what, lane, n] for (what, lane), n in counts.items()], file)
    half_done.replace(path)


def sync_mark(path: Path) -> None:
    """Force the mark to the disk. Raises OSError."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


@dataclass(slots=True)
class MarkKeeper:
    """Keeps the mark as new as the last commit of the state file."""

    path: Path
    _saved: Counts | None = None

    def save_commit(self, db: sqlite3.Connection) -> None:
        """Write the mark if the counts have changed; where that fails the old one stays."""
        with contextlib.suppress(OSError, sqlite3.Error):
            counts = load_counts(db)
            if counts != self._saved:
                write_mark(self.path, counts)
                self._saved = counts


def restore_counts(tx: sqlite3.Connection, mark: Counts) -> bool:
    """Raise the counts to those of the mark if the file is behind it; return whether it was."""
    if mark.get(("accepted", -1), 0) <= tables.load_number(tx, "accepted"):
        return False
    here = load_counts(tx)
    for (what, lane), n in mark.items():
        if n > here.get((what, lane), 0):
            tables.set_number(tx, what, n, lane)
    return True
