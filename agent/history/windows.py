"""What was read over the last 30 days, as far as rules ask for more than how it is now."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise

from agent.core.model import Supply, Trail, percent
from agent.history import series

RECENT = 30 * 86400.0
Errors = tuple[tuple[float, tuple[str, ...] | None], ...]


def trail(
    tx: sqlite3.Connection,
    device: str,
    now: float,
    pages: Sequence[tuple[float, int]],
    supplies: Iterable[Supply],
) -> Trail:
    """The trail of one printer as it is known at `now`. `pages`: of the total meter, the newest last."""
    silent = tx.execute(
        "SELECT began, ended FROM unreachable_period "
        "WHERE device = ? AND coalesce(ended, ?) >= ? ORDER BY began",
        (device, now, now - RECENT),
    ).fetchall()
    until = now + 1e-3
    return Trail(
        errors=errors(
            list(series.between(tx, device, "errors", now - RECENT, until)),
            [(row["began"], row["ended"]) for row in silent],
        ),
        engine=daily(tx, device, "meter.life", now),
        drawn=drawn(
            (
                it,
                [value for _, value in series.between(tx, device, f"supply.{it.index}", pages[-1][0], until)],
            )
            for it in supplies
        )
        if pages
        else None,
    )


def daily(tx: sqlite3.Connection, device: str, name: str, now: float) -> tuple[tuple[float, int], ...]:
    """A counter: the first reading of each of the last 30 days, then the newest."""
    track = tx.execute("SELECT id FROM series WHERE device = ? AND name = ?", (device, name)).fetchone()
    if track is None:
        return ()
    found = tx.execute(
        "SELECT min(at) AS at, value FROM series_value WHERE series = ? AND at > ? "
        "GROUP BY cast(at / 86400 AS INTEGER) ORDER BY at",
        (track["id"], now - RECENT),
    ).fetchall()
    newest = tx.execute(
        "SELECT at, value FROM series_value WHERE series = ? ORDER BY at DESC LIMIT 1", (track["id"],)
    ).fetchall()
    return tuple(sorted({row["at"]: row["value"] for row in (*found, *newest)}.items()))


def errors(
    read: Sequence[tuple[float, series.Value]], silences: Sequence[tuple[float, float | None]]
) -> Errors:
    """Which error bits were set from when on; None from the beginning of a silence to its end."""
    marks: list[tuple[float, int, tuple[str, ...] | None]] = [
        (at, 0, tuple(str(value or "").split())) for at, value in read
    ]
    for began, ended in silences:
        marks.append((began, 1, None))
        if ended is not None:
            before = [bits for at, kind, bits in marks if kind == 0 and at <= ended]
            marks.append((ended, 2, before[-1] if before else None))
    return tuple((at, bits) for at, _, bits in sorted(marks, key=lambda mark: mark[:2]))


def drawn(levels: Iterable[tuple[Supply, Sequence[series.Value]]]) -> int | None:
    """By how many percent of its capacity the supply that fell most has fallen; a rise does not count.

    None where no supply has a level in numbers.
    """
    falls = [
        _fall([level for value in values if (level := percent(_number(value), it.capacity)) is not None])
        for it, values in levels
        if it.kind != "receptacle" and it.percent is not None
    ]
    return max(falls, default=None)


def _number(value: series.Value) -> int | None:
    return value if isinstance(value, int) else None


def _fall(levels: Sequence[int]) -> int:
    return sum(max(0, one - other) for one, other in pairwise(levels))
