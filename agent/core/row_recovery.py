"""The rows of a damaged state file, copied to a new one that has the form of the damaged one.

    each table    by SQLite, whole ──► done, but for pages to which its tree does not lead (`page_owners`)
                        │ cannot be read
                        └──► page by page, each row for itself (`sqlite_pages`)

The schema is ours: where the damaged file's cannot be read, the scripts that made it say which columns.
The evidence is not changed: where it has a log, or was cut within a page, a copy is read.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from agent.core import migrations, sqlite_pages
from agent.core.migrations import Migrations
from agent.core.page_owners import PageOwners, StoredTable, read_schema
from agent.core.sqlite_pages import HEADER_SIZE, PAGE_SIZE, DamagedPage, PageFile
from agent.core.store_recovery import UNREADABLE, RecoveryReport


def detect_form(evidence: Path, known: Migrations) -> Migrations:
    """Return the scripts of `known` that a damaged file had; all of them where its schema is lost."""
    with _readable_copy(evidence) as readable, sqlite_pages.open_pages(readable) as pages:
        schema = read_schema(pages)
        with closing(sqlite3.connect(":memory:")) as like:
            for _, _, sql in schema.values():
                with suppress(sqlite3.Error, sqlite3.Warning, ValueError):
                    like.execute(sql)
            _copy_versions(pages, schema, like)
            return migrations.detect_form(like, known)


def _copy_versions(
    pages: PageFile, schema: dict[str, tuple[str, int, str]], like: sqlite3.Connection
) -> None:
    for name in ("component_version", "room_version"):
        root = schema.get(name, ("", 0, ""))[1]
        for row in pages.read_rows(root) if 0 < root <= pages.size else ():
            with suppress(sqlite3.Error):
                if not isinstance(row, DamagedPage):
                    like.execute(f"INSERT INTO {name} VALUES (?, ?)", row.values)  # noqa: S608 - one of two names


def recover_tables(report: RecoveryReport, into: sqlite3.Connection, names: Sequence[str]) -> None:
    """Copy every readable row of the tables `names`. `into` is in no transaction."""
    into.execute("PRAGMA foreign_keys=OFF")
    with _readable_copy(report.evidence) as readable, sqlite_pages.open_pages(readable) as pages:
        roots = {name: root for name, (_, root, _) in read_schema(pages).items() if root}
        tables = [_describe_table(into, name) for name in names]
        fresh = dict(into.execute("SELECT name, rootpage FROM sqlite_master").fetchall())
        owners = PageOwners(pages, roots, [*tables, *_describe_indexes(into, names)], fresh)
        with closing(sqlite3.connect(f"{readable.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as old:
            for table in tables:
                report.recovered[table.name] = _copy_table(report, table, old, into, owners)
        report.gaps += owners.unreadable
    into.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _readable_copy(evidence: Path) -> Iterator[Path]:
    """Give the file if its pages can be read as they are; else a copy, filled up, its log written back."""
    log = evidence.with_name(f"{evidence.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    size = evidence.stat().st_size
    with evidence.open("rb") as file:
        pages = int.from_bytes(file.read(HEADER_SIZE)[28:32], "big")
    if not has_log and size % PAGE_SIZE == 0 and pages <= size // PAGE_SIZE:
        yield evidence
        return
    copy = evidence.with_name(f"{evidence.name}.filled-up")
    try:
        shutil.copyfile(evidence, copy)
        _fill_up(copy, pages)
        if has_log:
            shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
            _write_log_back(copy)
        yield copy
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _fill_up(copy: Path, pages: int) -> None:
    """Fill up what was cut: SQLite reads no file with fewer pages than its header says (1.3.7)."""
    here = -(-copy.stat().st_size // PAGE_SIZE)
    wanted = pages if here < pages <= 2 * here + 1024 else max(here, 1)
    with copy.open("r+b") as file:
        file.truncate(wanted * PAGE_SIZE)
        head = bytearray(file.read(HEADER_SIZE))
        sqlite_pages.mend_header(head, wanted)
        file.seek(0)
        file.write(head)


def _write_log_back(copy: Path) -> None:
    """Let SQLite write the valid part of the log back, which it does when the last connection is closed."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db, suppress(*UNREADABLE):
        db.execute("SELECT 1 FROM sqlite_master").fetchall()


def _describe_table(into: sqlite3.Connection, name: str) -> StoredTable:
    """Describe a table of the new file."""
    (sql,) = into.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    has_rowid = not str(sql).rstrip("; \n").upper().endswith("WITHOUT ROWID")
    info = [tuple(row) for row in into.execute(f"PRAGMA table_info({name})")]
    keys = sorted((column for column in info if column[5]), key=lambda it: it[5])
    if not has_rowid:
        info = keys + [column for column in info if not column[5]]
    alias = keys[0][0] if has_rowid and len(keys) == 1 and keys[0][2].upper() == "INTEGER" else None
    defaults = [into.execute(f"SELECT {column[4] or 'NULL'}").fetchone()[0] for column in info]
    return StoredTable(
        name=name,
        columns=tuple(column[1] for column in info),
        types=tuple(column[2].upper() for column in info),
        required=tuple(bool(column[3]) for column in info),
        defaults=tuple(defaults),
        rowid_column=alias,
        has_rowid=has_rowid,
    )


def _describe_indexes(into: sqlite3.Connection, tables: Sequence[str]) -> Iterator[StoredTable]:
    """Describe the indexes of the tables: their records end with the row number or the key of the table."""
    for table in tables:
        columns = {row[0]: tuple(row) for row in into.execute(f"PRAGMA table_info({table})")}
        has_rowid = _describe_table(into, table).has_rowid
        listed = into.execute(f"PRAGMA index_list({table})").fetchall()
        for index in [
            row[1] for row in listed if has_rowid or row[3] != "pk"
        ]:  # there the table is its own index
            parts = [columns.get(row[1]) for row in into.execute(f"PRAGMA index_xinfo({index})")]
            yield StoredTable(
                name=index,
                columns=tuple(part[1] if part else "rowid" for part in parts),
                types=tuple(part[2].upper() if part else "INTEGER" for part in parts),
                required=tuple(bool(part[3]) if part else True for part in parts),
                defaults=(),
                rowid_column=None,
                has_rowid=False,
            )


def _copy_table(
    report: RecoveryReport,
    table: StoredTable,
    old: sqlite3.Connection,
    into: sqlite3.Connection,
    owners: PageOwners,
) -> int:
    whole = _copy_by_sqlite(table, old, into)
    pages = owners.list_pages(table) if whole is None else owners.list_orphans(table)
    into.execute("BEGIN IMMEDIATE")
    by_pages = _copy_by_pages(report, table, pages, into, owners.pages)
    into.execute("COMMIT")
    if whole is None and not pages and table.name in owners.roots:
        report.gaps += 1
    return (whole or 0) + by_pages


def _copy_by_sqlite(table: StoredTable, old: sqlite3.Connection, into: sqlite3.Connection) -> int | None:
    """Copy a table that SQLite can read from its begin to its end, return its rows; else leave nothing."""
    rows = 0
    into.execute("BEGIN IMMEDIATE")
    try:
        there = [row[1] for row in old.execute(f"PRAGMA table_info({table.name})")]
        shared = [column for column in table.columns if column in there]
        if shared:
            added = _insert_statement(table.name, shared)
            query = f"SELECT {', '.join(shared)} FROM {table.name} NOT INDEXED"  # noqa: S608 - our own names
            for row in old.execute(query):
                rows += into.execute(added, row).rowcount
    except (*UNREADABLE, OverflowError):
        shared = []
    into.execute("COMMIT" if shared else "ROLLBACK")
    return rows if shared else None


def _copy_by_pages(
    report: RecoveryReport,
    table: StoredTable,
    numbers: Sequence[int],
    into: sqlite3.Connection,
    pages: PageFile,
) -> int:
    rows, added = 0, _insert_statement(table.name, table.columns)
    for number in numbers:
        for row in pages.read_rows(number):
            values = None if isinstance(row, DamagedPage) else table.complete_row(row)
            try:
                if values is None:
                    raise ValueError("more values than columns")  # noqa: TRY301 - counted like the others
                rows += into.execute(added, values).rowcount
            except (sqlite3.Error, ValueError, OverflowError):  # a value that the column does not take
                report.gaps += 1
    return rows


def _insert_statement(name: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR IGNORE INTO {name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
