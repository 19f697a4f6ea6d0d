"""Recovery of a damaged state file: it is kept as evidence, and its rows are copied one by one.

    printwarden.db         ──► printwarden.db.damaged-20261122T010203Z   (with its log; we never delete it)
    its tables, row by row ──► a new printwarden.db: outbox, tickets, rule state, history, the rest

- Damage is known when SQLite says so on opening or in use, when a background check found it
  (`printwarden.damaged`), or when a table is missing.
- The new file first has the form of the damaged one, by the scripts that made it; then it is migrated.
- A stretch that cannot be read is skipped, and the rows beyond it are found by doubling and halving.
- After three failed starts within 10 minutes the agent starts with an empty file and keeps the evidence.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.core import migrations
from agent.core.migrations import Migrations

MAX_FAILED_STARTS, FAILED_START_WINDOW = 3, 600.0  # failed starts, seconds
MAX_ROWID_GAP = 1 << 40  # row numbers that are skipped at most in search of the next readable one
MAX_COPY_BYTES = 1 << 40  # bytes; a header that says more is damaged itself
CORRUPTION_CODES = {11, 26}  # SQLITE_CORRUPT, SQLITE_NOTADB
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # what reading a damaged file raises
WAYS = ("?mode=ro", "?mode=ro&immutable=1")  # with its log; and if that is what is damaged, without


@dataclass(slots=True)
class RecoveryReport:
    """The outcome of a recovery."""

    evidence: Path
    reason: str
    recovered: dict[str, int] = field(default_factory=dict)  # rows, by table
    gaps: int = 0  # stretches that could not be read

    def __str__(self) -> str:
        rows = sum(self.recovered.values())
        return (
            f"the state file was damaged ({self.reason}); {rows} rows were brought over, {self.gaps} "
            f"stretches could not be read. The damaged file is kept as {self.evidence.name}"
        )


def is_corruption(why: BaseException) -> bool:
    """Return True for an error that means a damaged file.

    A flipped bit can also break the UTF-8 of a text. Python's module notices that and gives no code for it;
    in the schema, which SQLite quotes in its message, it even hides SQLite's own error.
    """
    if isinstance(why, UnicodeDecodeError):
        return True
    if not isinstance(why, sqlite3.DatabaseError):
        return False
    code = getattr(why, "sqlite_errorcode", None) or 0
    return code & 0xFF in CORRUPTION_CODES or "Could not decode to UTF-8" in str(why)


def mark_damaged(path: Path, reason: str) -> None:
    """Remember for the next start that the file is damaged."""
    path.with_suffix(".damaged").write_text(reason, "utf-8")


def read_damage_mark(path: Path) -> str | None:
    """Why the file is known to be damaged; None if it is not."""
    note = path.with_suffix(".damaged")
    return note.read_text("utf-8") if note.exists() else None


def check_integrity(path: Path) -> str | None:
    """Run SQLite's quick_check (9 s for 2 GB); note its first complaint for the next start and return it."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as why:
        if not is_corruption(why):
            return None  # it is busy, say; that is no damage
        said = str(why)
    if said == "ok":
        return None
    mark_damaged(path, said)
    return said


def record_failed_start(path: Path, now: float | None = None) -> int:
    """Note a failed start; return how many there were within the last 10 minutes."""
    now = time.time() if now is None else now
    notes = path.with_suffix(".starts")
    known = [float(line) for line in notes.read_text().split()] if notes.exists() else []
    recent = [at for at in known if abs(now - at) < FAILED_START_WINDOW] + [now]
    notes.write_text("\n".join(map(repr, recent)))
    return len(recent)


def clear_failed_starts(path: Path) -> None:
    path.with_suffix(".starts").unlink(missing_ok=True)
    path.with_suffix(".damaged").unlink(missing_ok=True)


def set_aside(path: Path, now: float | None = None) -> Path:
    """Rename the file and its log; return the new path."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    evidence = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while evidence.exists():
        number += 1
        evidence = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    path.replace(evidence)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        log.replace(evidence.with_name(f"{evidence.name}-wal"))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return evidence


def detect_form(evidence: Path, known: Migrations) -> Migrations:
    """Return the scripts of `known` that a damaged file had; all of them where its schema is unreadable."""
    with _padded_copy(evidence) as readable:
        for way in WAYS:
            uri = readable.resolve().as_uri() + way
            with suppress(*UNREADABLE), closing(sqlite3.connect(uri, uri=True)) as old:
                return migrations.detect_form(old, known)
    return known


def recover_tables(salvaged: RecoveryReport, into: sqlite3.Connection, names: Sequence[str]) -> None:
    """Copy every readable row of the tables `names`. `into` is in no transaction."""
    into.execute("PRAGMA foreign_keys=OFF")
    with _padded_copy(salvaged.evidence) as readable:
        _copy_tables(salvaged, readable, into, names)
    into.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _padded_copy(evidence: Path) -> Iterator[Path]:
    """Give the file; if it was cut short, a copy filled up with empty pages.

    SQLite reads no file that has fewer pages than its header says (file format, 1.3.7). The evidence is not
    changed.
    """
    with evidence.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18], "big") * int.from_bytes(head[28:32], "big")
    if not evidence.stat().st_size < size < MAX_COPY_BYTES:
        yield evidence
        return
    copy = evidence.with_name(f"{evidence.name}.filled-up")
    log, log_copy = (file.with_name(f"{file.name}-wal") for file in (evidence, copy))
    try:
        shutil.copyfile(evidence, copy)
        if log.exists():
            shutil.copyfile(log, log_copy)
        os.truncate(copy, size)
        yield copy
    finally:
        for leftover in (copy, log_copy, copy.with_name(f"{copy.name}-shm")):
            leftover.unlink(missing_ok=True)


def _copy_tables(
    salvaged: RecoveryReport, readable: Path, into: sqlite3.Connection, names: Sequence[str]
) -> None:
    for way in WAYS:
        uri = readable.resolve().as_uri() + way
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as old:
            old.row_factory = None
            for name in names:
                if not salvaged.recovered.get(name):
                    salvaged.recovered[name] = _copy_table(old, into, name, salvaged)
        if sum(salvaged.recovered.values()):
            break


def _copy_table(
    old: sqlite3.Connection, into: sqlite3.Connection, name: str, salvaged: RecoveryReport
) -> int:
    try:
        there = [row[1] for row in old.execute(f"PRAGMA table_info({name})")]
    except UNREADABLE:
        return 0
    here = [row[1] for row in into.execute(f"PRAGMA table_info({name})")]
    shared = [column for column in here if column in there]
    if not shared:
        return 0
    columns, marks = ", ".join(shared), ", ".join("?" * len(shared))
    rows = 0
    into.execute("BEGIN IMMEDIATE")
    for row in _read_rows(old, name, columns, salvaged):
        added = f"INSERT OR IGNORE INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own tables
        try:
            rows += into.execute(added, row).rowcount
        except sqlite3.Error:  # a value that the column does not take is damage, too
            salvaged.gaps += 1
    into.execute("COMMIT")
    return rows


def _read_rows(
    old: sqlite3.Connection, name: str, columns: str, salvaged: RecoveryReport
) -> Iterator[tuple[object, ...]]:
    try:
        old.execute(f"SELECT rowid FROM {name} LIMIT 0")  # noqa: S608
    except sqlite3.OperationalError:
        yield from _read_from_both_ends(old, name, columns, salvaged)
    except UNREADABLE:
        return
    else:
        yield from _read_by_rowid(old, name, columns, salvaged)


def _read_by_rowid(
    old: sqlite3.Connection, name: str, columns: str, salvaged: RecoveryReport
) -> Iterator[tuple[object, ...]]:
    """Give every readable row in order, skipping unreadable stretches."""
    at: int | None = -(1 << 62)
    query = f"SELECT rowid, {columns} FROM {name} NOT INDEXED WHERE rowid > ? ORDER BY rowid"  # noqa: S608
    while at is not None:
        try:
            for row in old.execute(query, (at,)):
                at = row[0]
                yield row[1:]
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
            salvaged.gaps += 1
            at = _next_readable_rowid(old, name, max(at or 0, 0))
        else:
            return


def _next_readable_rowid(old: sqlite3.Connection, name: str, at: int) -> int | None:
    """Find the row number after which rows are readable again; None if there is no such row."""
    step = 1
    while not _is_readable(old, name, at + step):
        step *= 2
        if step > MAX_ROWID_GAP:
            return None
    low, high = at + step // 2, at + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_readable(old, name, middle) else (middle, high)
    return high


def _is_readable(old: sqlite3.Connection, name: str, at: int) -> bool:
    try:
        old.execute(
            f"SELECT * FROM {name} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT 1",  # noqa: S608
            (at,),
        ).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
        return False
    return True


def _read_from_both_ends(
    old: sqlite3.Connection, name: str, columns: str, salvaged: RecoveryReport
) -> Iterator[tuple[object, ...]]:
    """Read a table without row numbers: from its front until an error, then from its end."""
    key = [row[1] for row in old.execute(f"PRAGMA table_info({name})") if row[5]]
    for way in ("ASC", "DESC"):
        order = ", ".join(f"{column} {way}" for column in key)
        try:
            yield from old.execute(f"SELECT {columns} FROM {name} ORDER BY {order}")  # noqa: S608
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
            salvaged.gaps += 1
        else:
            return
