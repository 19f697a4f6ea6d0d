"""How long history is kept, by class (`[storage]` of config.toml).

    alert episodes, supply levels, states, silences, device events  keep_history: 400 days, each change
    page counters                                                   keep_page_counts: 35 days each change,
                                                                    then one a day for keep_history
    meter reads (one row a printer and day) and their borders       keep_meter_reads: 1100 days

A series never loses its current value: the last row before the bound stays, however old.
Called about once a day; it works through the days that have come due, a bounded piece at a time.
"""

import sqlite3
from dataclasses import dataclass

from agent.history.meters import chain_store, ledger

DAY = 86400.0
MAX_ROWS = 20_000  # rows deleted in one transaction: some tens of milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPeriods:
    """How long each class of data is kept, in seconds."""

    history: float = 400 * DAY
    page_counts: float = 35 * DAY  # each change; later one a day
    meter_reads: float = 1100 * DAY


DEFAULT_PERIODS = RetentionPeriods()


def prune_rows(tx: sqlite3.Connection, now: float, periods: RetentionPeriods = DEFAULT_PERIODS) -> int:
    """Thin and delete rows that are too old, up to a bounded number; return how many were deleted.

    Call it again until it returns 0.
    """
    gone = _thin_meters(tx, now - periods.page_counts)
    if gone < MAX_ROWS:
        gone += _delete_old_rows(tx, now - periods.history, MAX_ROWS - gone)
    return gone


def prune_meter_reads(tx: sqlite3.Connection, now: float, periods: RetentionPeriods = DEFAULT_PERIODS) -> int:
    """Delete old meter reads and borders, up to a bounded number; return how many were deleted.

    The hash of the last one deleted stays, so that the rest of each chain verifies.
    """
    bound = now - periods.meter_reads
    return chain_store.prune_links(tx, bound) + ledger.prune_epochs(tx, bound)


def load_thinned_until(db: sqlite3.Connection) -> float | None:
    """Load the time before which page counters are one a day; None before the first thinning."""
    row = db.execute("SELECT done_until FROM retention_progress WHERE kind = 'pages'").fetchone()
    return row["done_until"] if row else None


def _thin_meters(tx: sqlite3.Connection, bound: float) -> int:
    """Keep the last reading of each day (UTC) of the page counters, in the days that ended by `bound`.

    The first of all stays, too: without it what was printed on the first day would be lost.
    """
    until = bound // DAY * DAY
    since = load_thinned_until(tx) or 0.0
    if until <= since:
        return 0
    gone = tx.execute(
        "DELETE FROM series_value WHERE (series, at) IN (SELECT v.series, v.at FROM series s CROSS JOIN "
        "series_value v ON v.series = s.id AND v.at >= ? AND v.at < ? WHERE s.name GLOB 'meter.*' AND EXISTS "
        "(SELECT 1 FROM series_value n WHERE n.series = v.series AND n.at > v.at "
        " AND n.at < (cast(v.at / 86400 AS INTEGER) + 1) * 86400.0) "
        "AND EXISTS (SELECT 1 FROM series_value p WHERE p.series = v.series AND p.at < v.at) LIMIT ?)",
        (since, until, MAX_ROWS),
    ).rowcount
    if gone < MAX_ROWS:
        tx.execute("REPLACE INTO retention_progress VALUES ('pages', ?)", (until,))
    return gone


def _delete_old_rows(tx: sqlite3.Connection, bound: float, most: int) -> int:
    """Delete what ended before `bound`."""
    gone = tx.execute(
        "DELETE FROM series_value WHERE (series, at) IN (SELECT v.series, v.at FROM series s CROSS JOIN "
        "series_value v ON v.series = s.id AND v.at < ? WHERE EXISTS "
        "(SELECT 1 FROM series_value n WHERE n.series = v.series AND n.at > v.at AND n.at <= ?) LIMIT ?)",
        (bound, bound, most),
    ).rowcount
    for table, ends in (("alert_episode", "ended"), ("unreachable_period", "ended"), ("device_event", "at")):
        gone += tx.execute(f"DELETE FROM {table} WHERE {ends} < ?", (bound,)).rowcount  # noqa: S608 - our own names
    return gone
