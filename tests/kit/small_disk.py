"""A disk for the product's own statements: it records every write and sync, runs full, or fails when told.

    Store ──connect──► Connection (looks like sqlite3's) ──► APSW ──► DiskVfs ──► a real folder

`images` builds what the disk may hold after a loss of power: everything synced is there; what was written
after the last sync of its file is there, torn within a sector, lost, or there while earlier writes are lost.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw

SECTOR = 512
MAPPED = {
    apsw.FullError: sqlite3.SQLITE_FULL,
    apsw.IOError: sqlite3.SQLITE_IOERR,
    apsw.CantOpenError: sqlite3.SQLITE_CANTOPEN,
    apsw.CorruptError: sqlite3.SQLITE_CORRUPT,
    apsw.NotADBError: sqlite3.SQLITE_NOTADB,
    apsw.BusyError: sqlite3.SQLITE_BUSY,
    apsw.SQLError: sqlite3.SQLITE_ERROR,
}


class Row(Sequence[Any]):
    """As sqlite3.Row is used by the product: by name, by number, as a sequence, as a mapping."""

    def __init__(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        self._names, self._values = names, values

    def keys(self) -> tuple[str, ...]:
        return self._names

    def __getitem__(self, key: Any) -> Any:
        return self._values[self._names.index(key) if isinstance(key, str) else key]

    def __len__(self) -> int:
        return len(self._values)


class Rows:
    """What `execute` returns: read to its end at once."""

    def __init__(self, db: apsw.Connection, found: list[Row]) -> None:
        self._found, self.rowcount, self.lastrowid = found, db.changes(), db.last_insert_rowid()

    def fetchone(self) -> Any:
        return self._found.pop(0) if self._found else None

    def fetchall(self) -> list[Any]:
        found, self._found = self._found, []
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class Connection:
    """The part of sqlite3.Connection that the product uses, on APSW."""

    row_factory: Any = None

    def __init__(self, path: str, disk: "Disk") -> None:
        self._disk = disk
        self._db = self._mapped(lambda: apsw.Connection(path, vfs=disk.name))
        self._db.set_busy_timeout(10_000)

    def execute(self, statement: str, values: Any = ()) -> Rows:
        def run() -> Rows:
            cursor, found = self._db.execute(statement, values), []
            for row in cursor:
                names = tuple(column[0] for column in cursor.get_description())
                found.append(Row(names, row))
            return Rows(self._db, found)

        return self._mapped(run)

    def executemany(self, statement: str, many: Iterable[Any]) -> Rows:
        changes = 0
        for values in many:
            changes += self.execute(statement, values).rowcount
        rows = Rows(self._db, [])
        rows.rowcount = changes
        return rows

    def executescript(self, script: str) -> None:
        self._mapped(lambda: list(self._db.execute(script)))

    @property
    def in_transaction(self) -> bool:
        return bool(self._db.in_transaction)

    def close(self) -> None:
        self._mapped(self._db.close)

    def _mapped(self, work: Callable[[], Any]) -> Any:
        """`work()`, its errors as sqlite3 would raise them."""
        was_open = getattr(self, "_db", None) and self._db.in_transaction
        try:
            return work()
        except apsw.ConstraintError as why:
            raise sqlite3.IntegrityError(str(why)) from why
        except apsw.Error as why:
            if was_open and not self._db.in_transaction and self._disk.failed_on.endswith(".db"):
                # The commit is done: what failed is the checkpoint after it, which SQLite passes over
                # (the log is still there) and APSW does not.
                return None
            kind = (
                sqlite3.DatabaseError
                if isinstance(why, apsw.CorruptError | apsw.NotADBError)
                else sqlite3.OperationalError
            )
            error = kind(str(why))
            error.sqlite_errorcode = MAPPED.get(type(why), sqlite3.SQLITE_ERROR)
            raise error from why


@dataclass
class Disk:
    """What happened, and what shall happen."""

    name: str
    kind: Any = None  # of connection; Connection unless a broken one is asked for
    events: list[tuple[Any, ...]] = field(default_factory=list)  # (kind, file, offset, bytes)
    recording: bool = False
    quota: int | None = None  # bytes in the folder, ballast and all
    folder: Path | None = None
    fail_at: int | None = None  # this operation fails …
    failure: type[apsw.Error] = apsw.IOError  # … like this, and all after it, if `broken` stays
    once: bool = True
    operations: int = 0
    failed_on: str = ""  # the file whose operation failed last
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.vfs = _DiskVfs(self)

    def connect(self, path: str) -> Any:
        return (self.kind or Connection)(path, self)

    def close(self) -> None:
        self.vfs.unregister()

    def step(self, path: str) -> None:
        """Count an operation that may fail."""
        self.operations += 1
        if self.fail_at is not None and (
            self.operations == self.fail_at or (not self.once and self.operations > self.fail_at)
        ):
            self.failed_on = path
            raise self.failure("told to fail")

    def room(self, path: str, end: int) -> None:
        """Raises FullError unless the file may grow to `end` bytes."""
        if self.quota is None or self.folder is None:
            return
        sizes = {str(file): file.stat().st_size for file in self.folder.iterdir() if file.is_file()}
        growth = end - sizes.get(path, 0)
        if growth > 0 and sum(sizes.values()) + growth > self.quota:
            self.failed_on = path
            raise apsw.FullError("the disk is full")

    def note(self, *event: Any) -> None:
        if self.recording:
            with self.lock:
                self.events.append(event)


class _DiskVfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - APSW's name
        return _DiskFile(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.disk.step(filename)
        super().xDelete(filename, syncdir)
        self.disk.note("delete", Path(filename).name)


class _DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self.disk.step(self.path)
        self.disk.room(self.path, offset + len(data))
        super().xWrite(data, offset)
        self.disk.note("write", Path(self.path).name, offset, bytes(data))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.disk.step(self.path)
        if not self.disk.recording:
            super().xSync(flags)
        self.disk.note("sync", Path(self.path).name)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.step(self.path)
        super().xTruncate(size)
        self.disk.note("truncate", Path(self.path).name, size)


@dataclass
class _Platter:
    """One file: what is certainly on it, and what was written since."""

    safe: bytearray = field(default_factory=bytearray)
    loose: list[tuple[Any, ...]] = field(default_factory=list)


def after_power_loss(events: Sequence[tuple[Any, ...]], at: int, dice: Random) -> dict[str, bytes]:
    """The files as they may be if the power goes after `events[:at]`."""
    platters: dict[str, _Platter] = {}
    for kind, name, *what in events[:at]:
        platter = platters.setdefault(name, _Platter())
        if kind == "sync":
            for change in platter.loose:
                _apply(platter.safe, change)
            platter.loose.clear()
        elif kind == "delete":
            del platters[name]
        else:
            platter.loose.append((kind, *what))
    return {name: bytes(_torn(platter, dice)) for name, platter in platters.items()}


def _torn(platter: _Platter, dice: Random) -> bytearray:
    """Some of the loose changes, perhaps out of order, the last of them perhaps torn."""
    image, mood = bytearray(platter.safe), dice.random()
    for change in platter.loose:
        if mood < 0.25 or (mood < 0.75 and dice.random() < 0.5):
            continue  # nothing of it, or not this one
        torn = change[0] == "write" and dice.random() < 0.2
        _apply(image, _cut(change, dice) if torn else change)
    return image


def _cut(change: tuple[Any, ...], dice: Random) -> tuple[Any, ...]:
    """The first sectors of a write."""
    _, offset, data = change
    return ("write", offset, data[: dice.randrange(0, len(data) + 1) // SECTOR * SECTOR])


def _apply(image: bytearray, change: tuple[Any, ...]) -> None:
    if change[0] == "truncate":
        del image[change[1] :]
        image.extend(bytes(max(0, change[1] - len(image))))
        return
    _, offset, data = change
    image.extend(bytes(max(0, offset - len(image))))
    image[offset : offset + len(data)] = data
