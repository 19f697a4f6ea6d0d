"""Recovery of a damaged state file: it is kept as evidence, and its rows are copied one by one.

    printwarden.db         ──► printwarden.db.damaged-20261122T010203Z   (with its log; we never delete it)
    its tables, row by row ──► a new printwarden.db: outbox, tickets, rule state, history, the rest

- Damage is known when SQLite says so on opening or in use, when a check found it (`printwarden.damaged`),
  when a byte of the header is wrong that never changes, or when a table, a column or an index is missing.
- The new file first has the form of the damaged one, by the scripts that made it; then it is migrated.
- Its rows are read by SQLite, or where that fails page by page (`row_recovery`): also behind a first page, a
  schema or a pointer map that is lost.
- After three failed starts within 10 minutes the agent starts with an empty file and keeps the evidence.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

MAX_FAILED_STARTS, FAILED_START_WINDOW = 3, 600.0  # failed starts, seconds
CORRUPTION_CODES = {11, 26}  # SQLITE_CORRUPT, SQLITE_NOTADB
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # what reading a damaged file raises
MAX_CHECK_BYTES = 32 << 20  # bytes of a file that is checked whole at each start (about 0.15 s)


@dataclass(slots=True)
class RecoveryReport:
    """The outcome of a recovery."""

    evidence: Path
    reason: str
    recovered: dict[str, int] = field(default_factory=dict)  # rows, by table
    gaps: int = 0  # rows and pages that could not be read

    def __str__(self) -> str:
        rows = sum(self.recovered.values())
        return (
            f"the state file was damaged ({self.reason}); {rows} rows were brought over, {self.gaps} "
            f"rows or pages could not be read. The damaged file is kept as {self.evidence.name}"
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
    return note.read_text("utf-8", "replace") if note.exists() else None


def check_integrity(path: Path) -> str | None:
    """Run SQLite's quick_check (9 s for 2 GB); note its first complaint for the next start and return it."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except UNREADABLE as why:
        if not is_corruption(why):
            return None  # it is busy, say; that is no damage
        said = str(why)
    if said == "ok":
        return None
    mark_damaged(path, said)
    return said


def check_small_file(path: Path) -> None:
    """Check a file whole before it is opened, if that takes next to no time."""
    if path.is_file() and 0 < path.stat().st_size <= MAX_CHECK_BYTES and read_damage_mark(path) is None:
        check_integrity(path)


def record_failed_start(path: Path, now: float | None = None) -> int:
    """Note a failed start; return how many there were within the last 10 minutes."""
    now = time.time() if now is None else now
    notes = path.with_suffix(".starts")
    known = map(_parse_time, notes.read_text("utf-8", "replace").split()) if notes.exists() else ()
    recent = [at for at in known if abs(now - at) < FAILED_START_WINDOW] + [now]
    notes.write_text("\n".join(map(repr, recent)))
    return len(recent)


def _parse_time(line: str) -> float:
    try:
        return float(line)
    except ValueError:  # a damaged note
        return float("nan")


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
    for suffix in ("-wal", "-journal"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.replace(evidence.with_name(evidence.name + suffix))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return evidence
