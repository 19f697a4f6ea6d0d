"""The state file: one SQLite database and its promises.

- Everything a poll causes (history, rule state, tickets, outbox) changes in one transaction, or not at all.
- What `transaction()` has committed survives a kill, a crash of the system and a loss of power:
  write-ahead log with `synchronous=FULL` (NORMAL would lose the last commits with the power).
- One process owns the file; a second one is refused. Reading alongside is free (`open_reader`).
- A file that a newer version wrote is refused, never changed. Before an older one is changed it is copied.
- A full disk heals: the reserve is released, the log is written back, and `relieve` evicts rows that may go.
  A damaged file is kept, and its rows are copied to a new one (`store_recovery`).

Each component brings its own tables as a tuple of SQL scripts, one per version (`agent.core.migrations`).
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from agent.core import migrations, row_recovery, sqlite_pages, state_folder, store_recovery
from agent.core.disk_reserve import DiskReserve
from agent.core.errors import StoreError, StoreTooNew
from agent.core.migrations import Migrations
from agent.core.store_recovery import RecoveryReport

T = TypeVar("T")
OpenConnection = Callable[[str], sqlite3.Connection]
EvictRows = Callable[[sqlite3.Connection], object]
SQLITE_FULL = 13  # SQLITE_FULL: a write found no room

log = logging.getLogger(__name__)


def open_connection(path: str) -> sqlite3.Connection:
    """Open a connection without implicit transactions, usable from the writer thread."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)


class Store:
    """The owner of the state file. Its methods block, except `run`, which works on the one writer thread."""

    def __init__(
        self,
        path: Path,
        components: Migrations,
        *,
        connect: OpenConnection = open_connection,
        relieve: EvictRows | None = None,
        ballast: DiskReserve | None = None,
    ) -> None:
        """`relieve`: evicts rows, in a transaction, when the disk is full."""
        self.path, self._relieve = path, relieve
        self.recovery: RecoveryReport | None = None  # of a damaged file; None for a sound one
        self.on_commit: Callable[[sqlite3.Connection], None] | None = (
            None  # called after each commit; raises nothing
        )
        self.notices: dict[str, str] = {}  # what happened to the file, by subject, in a sentence each
        self.incidents: Counter[str] = Counter()  # the same as counts, for the heartbeat
        self.is_new = not path.exists() or path.stat().st_size == 0
        state_folder.prepare_folder(path)
        self.disk_reserve = ballast or DiskReserve(path.with_suffix(".ballast"))
        self._lock = state_folder.lock_file(path.with_suffix(".lock"))
        self._clean = path.with_suffix(".clean")
        self.unclean_stop = not self.is_new and not self._clean.exists()  # killed, crashed, or lost its power
        try:
            self._db = self._open_database(components, connect)
        except BaseException:
            self._lock.close()
            raise
        self._clean.unlink(missing_ok=True)
        store_recovery.clear_failed_starts(path)
        state_folder.restrict_files(path)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open one transaction: committed at the end of the block, rolled back if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself where the disk is full
                self._db.execute("ROLLBACK")
            raise
        if self.on_commit is not None:
            self.on_commit(self._db)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work(tx)` in one transaction on the writer thread; return after the commit.

        On a full disk `work` may be called a second time. Raises sqlite3.OperationalError if there still
        is no room: nothing of it is accepted then, and the next call may succeed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.run_blocking, work)

    def run_blocking(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the same as `run` on the caller's thread."""
        try:
            with self.transaction() as tx:
                return work(tx)
        except sqlite3.DatabaseError as why:
            if store_recovery.is_corruption(why):
                store_recovery.mark_damaged(self.path, str(why))
            if not _is_disk_full(why):
                raise
        self._free_space()
        with self.transaction() as tx:
            return work(tx)

    def close(self) -> None:
        """Finish the work in progress, close the file and release its lock."""
        self._writer.shutdown(wait=True)
        try:
            self._db.close()
            with contextlib.suppress(OSError):  # a full disk: the next start looks more closely, that is all
                self._clean.touch(0o600)
        finally:
            self._lock.close()

    def _free_space(self) -> None:
        """Make room on a full disk: release the reserve, write the log back, evict rows."""
        there = self.disk_reserve.release_space()
        log.error(
            "the disk is full%s; evicting rows that may go", "" if there else ", and the reserve is used up"
        )
        with contextlib.suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if self._relieve is not None:
                with self.transaction() as tx:
                    self._relieve(tx)
            self._db.executescript("PRAGMA incremental_vacuum")  # `execute` would free a single page
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _open_database(self, components: Migrations, connect: OpenConnection) -> sqlite3.Connection:
        """Open the file, recovering it first if it is damaged."""
        reason = store_recovery.read_damage_mark(self.path) if self.path.exists() else None
        if (
            reason is None
            and self.path.exists()
            and not self.path.with_name(f"{self.path.name}-journal").exists()
        ):
            reason = sqlite_pages.find_header_damage(self.path)
        if reason is None:
            try:
                return self._prepare_connection(components, connect)
            except store_recovery.UNREADABLE as why:
                if _is_disk_full(why) and self.disk_reserve.release_space():
                    return self._prepare_connection(components, connect)
                if not store_recovery.is_corruption(why):
                    store_recovery.record_failed_start(self.path)
                    raise StoreError(f"{self.path} cannot be used: {why}") from why
                reason = str(why)
        return self._recover_database(components, connect, reason)

    def _recover_database(
        self, components: Migrations, connect: OpenConnection, reason: str
    ) -> sqlite3.Connection:
        failures = store_recovery.record_failed_start(self.path)
        self.recovery = RecoveryReport(evidence=store_recovery.set_aside(self.path), reason=reason)
        many = failures >= store_recovery.MAX_FAILED_STARTS
        db = (
            self._prepare_connection(components, connect)
            if many
            else self._recover(self.recovery, components, connect)
        )
        log.error("%s", self.recovery)
        return db

    def _recover(
        self, found: RecoveryReport, components: Migrations, connect: OpenConnection
    ) -> sqlite3.Connection:
        """Copy the rows in the form of the damaged file, then migrate.

        If a damaged value stops a migration, copy into today's form the columns that kept their names.
        """
        form = row_recovery.detect_form(found.evidence, components)
        try:
            self._bring_over(found, form, connect)
            return self._prepare_connection(components, connect)
        except store_recovery.UNREADABLE as why:
            if form == components or _is_disk_full(why):
                raise
            log.warning("the recovered state could not be migrated: %s", why)
        for leftover in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + leftover).unlink(missing_ok=True)
        self._bring_over(found, components, connect)
        return self._prepare_connection(components, connect)

    def _bring_over(self, found: RecoveryReport, form: Migrations, connect: OpenConnection) -> None:
        found.recovered, found.gaps = {}, 0
        with closing(self._prepare_connection(form, connect)) as db:
            row_recovery.recover_tables(found, db, migrations.table_names(form))

    def _prepare_connection(self, components: Migrations, connect: OpenConnection) -> sqlite3.Connection:
        db = connect(str(self.path))
        try:
            db.row_factory = sqlite3.Row
            if db.execute("PRAGMA page_count").fetchone()[0] == 0:  # later it would have no effect
                db.execute(f"PRAGMA page_size={sqlite_pages.PAGE_SIZE}")
                db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            self._db = db
            self._migrate_schema(components)
            migrations.check_tables(db, components)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate_schema(self, components: Migrations) -> None:
        versions = migrations.load_versions(self._db)
        if newer := migrations.find_newer(versions, components):
            raise StoreTooNew(
                f"{self.path} was written by a newer version ({newer}); "
                "install that version again, or move the file away to start afresh"
            )
        migrations.check_versions(self._db, versions, components)
        outdated = migrations.find_outdated(versions, components)
        if versions.keys() & outdated and self.recovery is None:  # the damaged file is kept in any case
            self._backup_file()
        if outdated or migrations.is_old_form(self._db):
            with self.transaction() as tx:
                migrations.run_scripts(tx, components, versions)

    def _backup_file(self) -> None:
        """Copy the file before a migration changes it."""
        half_done, copy = (self.path.with_suffix(suffix) for suffix in (".before.part", ".before"))
        try:
            half_done.unlink(missing_ok=True)
            with closing(sqlite3.connect(half_done)) as target:
                self._db.backup(target)
            half_done.replace(copy)
        except (sqlite3.OperationalError, OSError) as why:
            half_done.unlink(missing_ok=True)
            log.warning("the state is migrated to a newer version without a copy of the old one: %s", why)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a state file for reading, also while its owner runs.

    Raises StoreError if it does not exist, cannot be read, or is of an older version and not migrated yet.
    """
    try:
        if not path.is_file():
            raise StoreError(f"{path} does not exist yet: has the agent run with this configuration?")
        db, versions = _connect_reader(path)
    except store_recovery.UNREADABLE as why:
        if store_recovery.is_corruption(why):
            raise StoreError(f"{path} is damaged ({why}): the service recovers it when it starts") from why
        raise StoreError(f"{path} cannot be read: {why}{state_folder.format_owner_hint(path)}") from why
    except OSError as why:
        hint = state_folder.format_owner_hint(path.parent)
        raise StoreError(f"{path} cannot be read: {why.strerror or why}{hint}") from why
    if not versions:
        db.close()
        raise StoreError(f"{path} is not ready yet: the agent has not finished its first start")
    if migrations.is_old_form(db):
        db.close()
        raise StoreError(
            f"{path} was written by an older version of printwarden: this version brings it up to date when "
            "its service starts; until then, read it with the older version"
        )
    return db


def _connect_reader(path: Path) -> tuple[sqlite3.Connection, dict[str, int]]:
    """Open a file for reading, with its versions; where nothing can be written beside it, as it stands.

    SQLite needs a file beside a log. Without a log the file is whole, and none is needed.
    """
    log_file = path.with_name(f"{path.name}-wal")
    ways = (
        ["?mode=ro"]
        if log_file.exists() and log_file.stat().st_size
        else ["?mode=ro", "?mode=ro&immutable=1"]
    )
    for way in ways:
        db = sqlite3.connect(f"{path.resolve().as_uri()}{way}", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            return db, migrations.load_versions(db)
        except BaseException as why:
            db.close()
            if way == ways[-1] or not isinstance(why, sqlite3.OperationalError):
                raise
    raise AssertionError("one of the ways has returned or raised")


def _is_disk_full(why: Exception) -> bool:
    return getattr(why, "sqlite_errorcode", 0) & 0xFF == SQLITE_FULL
