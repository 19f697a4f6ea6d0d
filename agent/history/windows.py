"""Readings of the last 30 days, for the rules that look back further than the newest value."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise

from agent.core.model import RecentHistory, Supply, compute_percent
from agent.history import series

RECENT_WINDOW = 30 * 86400.0
ErrorTimeline = tuple[tuple[float, tuple[str, ...] | None], ...]


def load_recent_history(
    tx: sqlite3.Connection,
    device: str,
    now: float,
    pages: Sequence[tuple[float, int]],
    supplies: Iterable[Supply],
) -> RecentHistory:
    """Load the recent history of one printer. `pages`: readings of its total meter, the newest last."""
    silent = tx.execute(
        "SELECT began, ended FROM unreachable_period "
        "WHERE device = ? AND coalesce(ended, ?) >= ? ORDER BY began",
        (device, now, now - RECENT_WINDOW),
    ).fetchall()
    until = now + 1e-3
    return RecentHistory(
        errors=build_error_timeline(
            list(series.load_values(tx, device, "errors", now - RECENT_WINDOW, until)),
            [(row["began"], row["ended"]) for row in silent],
        ),
        engine=load_daily_counts(tx, device, "meter.life", now),
        largest_drop=find_largest_drop(
            (
                it,
                [
                    value
                    for _, value in series.load_values(tx, device, f"supply.{it.index}", pages[-1][0], until)
                ],
            )
            for it in supplies
        )
        if pages
        else None,
    )


def load_ended_silences(tx: sqlite3.Connection, device: str, now: float) -> tuple[tuple[float, float], ...]:
    """Load (begin, end) of the silences that ended within the last 30 days."""
    found = tx.execute(
        "SELECT began, ended FROM unreachable_period WHERE device = ? AND ended > ? ORDER BY began",
        (device, now - RECENT_WINDOW),
    )
    return tuple((row["began"], row["ended"]) for row in found)


def load_daily_counts(
    tx: sqlite3.Connection, device: str, name: str, now: float
) -> tuple[tuple[float, int], ...]:
    """Load the first reading of a counter on each of the last 30 days, then the newest."""
    track = tx.execute("SELECT id FROM series WHERE device = ? AND name = ?", (device, name)).fetchone()
    if track is None:
        return ()
    found = tx.execute(
        "SELECT min(at) AS at, value FROM series_value WHERE series = ? AND at > ? "
        "GROUP BY cast(at / 86400 AS INTEGER) ORDER BY at",
        (track["id"], now - RECENT_WINDOW),
    ).fetchall()
    newest = tx.execute(
        "SELECT at, value FROM series_value WHERE series = ? ORDER BY at DESC LIMIT 1", (track["id"],)
    ).fetchall()
    return tuple(sorted({row["at"]: row["value"] for row in (*found, *newest)}.items()))


def build_error_timeline(
    read: Sequence[tuple[float, series.SeriesValue]], silences: Sequence[tuple[float, float | None]]
) -> ErrorTimeline:
    """List the error bits with the time from which they were set; None while the printer was silent."""
    marks: list[tuple[float, int, tuple[str, ...] | None]] = [
        (at, 0, tuple(str(value or "").split())) for at, value in read
    ]
    for began, ended in silences:
        marks.append((began, 1, None))
        if ended is not None:
            before = [bits for at, kind, bits in marks if kind == 0 and at <= ended]
            marks.append((ended, 2, before[-1] if before else None))
    return tuple((at, bits) for at, _, bits in sorted(marks, key=lambda mark: mark[:2]))


def find_largest_drop(levels: Iterable[tuple[Supply, Sequence[series.SeriesValue]]]) -> int | None:
    """Find the largest fall of a supply, in percent of its capacity; rises do not count.

    None if no supply has a numeric level.
    """
    falls = [
        _sum_drops(
            [
                level
                for value in values
                if (level := compute_percent(_as_number(value), it.capacity)) is not None
            ]
        )
        for it, values in levels
        if not it.is_receptacle and it.percent is not None
    ]
    return max(falls, default=None)


def _as_number(value: series.SeriesValue) -> int | None:
    return value if isinstance(value, int) else None


def _sum_drops(levels: Sequence[int]) -> int:
    return sum(max(0, one - other) for one, other in pairwise(levels))
