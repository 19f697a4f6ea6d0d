"""The tables of a state file: each component brings its scripts, and the file says how many of them it has.

    component_version   component -> how many of its scripts have run

- Scripts are appended and never edited; a script that has run is never run again.
- A component's scripts know its own tables only.
- All scripts that are missing run in the caller's transaction: all of them, or none.
- A component that the file does not have yet is written as its scripts leave it: quicker than to run them.
- Until 0.1 the table was called `room_version`, and some components had other names. A view of that name
  stays, so that a program of that time refuses the file as too new instead of failing in it.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

MAX_NEWER = 100  # scripts by which a newer version is ahead at most; more is damage

Migrations = Mapping[str, Sequence[str]]
Columns = frozenset[tuple[str, str]]  # (table, column)

RENAMED = {
    "portrait": "inventory_changes",
    "stock": "supply_stages",
    "together": "grouping",
    "desk": "feedback",
}  # components, as `room_version` called them
PRECIOUS = ("outbox", "tickets", "rules", "history", "inventory")  # components that are recovered first


def load_versions(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many scripts of each component the file has; empty for a new file."""
    if _exists(db, "component_version"):
        return dict(map(tuple, db.execute("SELECT component, version FROM component_version")))
    if not _exists(db, "room_version"):
        return {}
    old = map(tuple, db.execute("SELECT room, version FROM room_version"))
    return {RENAMED.get(component, component): version for component, version in old}


def find_newer(versions: Mapping[str, int], migrations: Migrations) -> str | None:
    """Return the component that has run more scripts than are known here, if there is one."""
    known = {component: len(migrations.get(component, ())) for component in versions}
    newer = (
        f"{component} {version}"
        for component, version in versions.items()
        if known[component] < version <= known[component] + MAX_NEWER
    )
    return next(newer, None)


def check_versions(db: sqlite3.Connection, versions: Mapping[str, int], migrations: Migrations) -> None:
    """Raise the error of a damaged file if its note of its versions contradicts its tables."""
    outdated = find_outdated(versions, migrations)
    if not versions and not {name for name, _ in _objects(db)} & set(table_names(migrations)):
        return
    too_new = [
        name for name, version in versions.items() if version > len(migrations.get(name, ())) + MAX_NEWER
    ]
    there = detect_form(db, migrations) if outdated and not is_old_form(db) else {}
    wrong = [
        name for name in outdated & versions.keys() if len(there.get(name, ())) not in {0, versions[name]}
    ]
    if not versions or too_new or wrong:
        raise _damage_error("the note of its versions contradicts its tables")


def find_outdated(versions: Mapping[str, int], migrations: Migrations) -> set[str]:
    """Return the components that have scripts to run."""
    return {name for name, scripts in migrations.items() if versions.get(name, 0) < len(scripts)}


def is_old_form(db: sqlite3.Connection) -> bool:
    """True for a file that still has `room_version`: its tables have other names than the code's."""
    return _exists(db, "room_version") and not _exists(db, "component_version")


def run_scripts(tx: sqlite3.Connection, migrations: Migrations, versions: Mapping[str, int]) -> None:
    """Run the scripts that the file, which has `versions`, does not have yet."""
    _write_versions(tx, versions)
    for component, scripts in migrations.items():
        for statement in _missing(scripts, versions.get(component, 0)):
            tx.execute(statement)
        tx.execute("INSERT OR REPLACE INTO component_version VALUES (?, ?)", (component, len(scripts)))


def create_tables(db: sqlite3.Connection, components: Iterable[Sequence[str]]) -> None:
    """Write what the scripts of each of `components` leave behind to an empty database."""
    for scripts in components:
        for statement in _result(tuple(scripts)).statements:
            db.execute(statement)


def _missing(scripts: Sequence[str], version: int) -> Iterable[str]:
    """Return the statements that bring a component from `version` to what `scripts` make of it."""
    if not version:
        return _result(tuple(scripts)).statements
    return (it for script in scripts[version:] for it in script.split(";") if it.strip())


def _write_versions(tx: sqlite3.Connection, versions: Mapping[str, int]) -> None:
    """Create `component_version` with what an older file says, unless it is there."""
    if _exists(tx, "component_version"):
        return
    tx.execute("CREATE TABLE component_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    tx.executemany("INSERT INTO component_version VALUES (?, ?)", versions.items())
    tx.execute("DROP TABLE IF EXISTS room_version")
    tx.execute("CREATE VIEW room_version AS SELECT component AS room, version FROM component_version")


def table_names(migrations: Migrations) -> list[str]:
    """Return the tables of all components, the most precious first."""
    ordered = sorted(migrations, key=lambda name: PRECIOUS.index(name) if name in PRECIOUS else len(PRECIOUS))
    return [table for component in ordered for table in _result(tuple(migrations[component])).tables]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """The tables that one component's scripts leave in an empty file."""

    tables: tuple[str, ...]
    objects: frozenset[tuple[str, str]]  # name and kind of tables and indexes
    details: Mapping[
        str, tuple[tuple[object, ...], ...]
    ]  # name, type, NOT NULL, default, key of each table's columns
    statements: tuple[str, ...]  # that write the same at once


@lru_cache(maxsize=64)
def _result(scripts: tuple[str, ...]) -> _Result:
    with closing(sqlite3.connect(":memory:")) as blank:
        for script in scripts:
            blank.executescript(script)
        dump = [it for it in blank.iterdump() if it not in {"BEGIN TRANSACTION;", "COMMIT;"}]
        tables = tuple(_tables(blank))
        details = {table: _column_details(blank, table) for table in tables}
        return _Result(tables=tables, objects=_objects(blank), details=details, statements=tuple(dump))


def check_tables(db: sqlite3.Connection, migrations: Migrations) -> None:
    """Raise the error of a damaged file if a table, a column or an index is missing or cannot be read."""
    there = _objects(db)
    for scripts in migrations.values():
        result = _result(tuple(scripts))
        for name, kind in sorted(result.objects - there):
            raise _damage_error(f"the {kind} {name} is missing")
        for table in result.tables:
            if _column_details(db, table) != result.details[table]:
                raise _damage_error(f"the columns of the table {table} are others")
            db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608 - names of our own tables


def _damage_error(text: str) -> sqlite3.DatabaseError:
    damaged = sqlite3.DatabaseError(text)
    damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return damaged


def detect_form(old: sqlite3.Connection, migrations: Migrations) -> Migrations:
    """Return the scripts that made the tables of `old`, a damaged file: those whose result is most like it.

    Its own note of its versions only decides between scripts with like results: it may be damaged itself.
    Raises sqlite3.DatabaseError where its schema cannot be read.
    """
    try:
        noted = load_versions(old)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        noted = {}
    found = {}
    for component, scripts in migrations.items():
        forms = _forms(tuple(scripts))
        there = _columns(old, {table for form in forms for table, _ in form})
        found[component] = scripts[: _closest(forms, there, noted.get(component, 0))]
    return found


@lru_cache(maxsize=64)
def _forms(scripts: tuple[str, ...]) -> list[Columns]:
    """Return the columns of a component's tables after each of its scripts."""
    forms = []
    with closing(sqlite3.connect(":memory:")) as blank:
        for script in scripts:
            blank.executescript(script)
            forms.append(_columns(blank, _tables(blank)))
    return forms


def _closest(forms: Sequence[Columns], there: Columns, noted: int) -> int:
    """Return the version, counted from 1, whose columns differ least from `there`; of equals the noted one.

    A table of which nothing is there may be lost, and decides nothing.
    """
    known = {table for table, _ in there}
    forms = [frozenset(column for column in form if column[0] in known) for form in forms]
    versions = range(1, len(forms) + 1)
    return min(versions, key=lambda it: (len(forms[it - 1] ^ there), it != noted, -it), default=0)


def _tables(db: sqlite3.Connection) -> list[str]:
    return [
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    ]


def _objects(db: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Return the name and kind of each table and index."""
    listed = db.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'index')")
    return frozenset((str(row[0]), str(row[1])) for row in listed)


def _column_details(db: sqlite3.Connection, table: str) -> tuple[tuple[object, ...], ...]:
    return tuple(tuple(row)[1:] for row in db.execute(f"PRAGMA table_info({table})"))


def _columns(db: sqlite3.Connection, tables: Collection[str]) -> Columns:
    return frozenset((table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})"))


def _exists(db: sqlite3.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None
