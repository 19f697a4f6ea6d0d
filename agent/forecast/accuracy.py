"""How good the forecasts have been here: each one that was made, against what then happened.

Counted are cartridges that ran empty in place: what came out early says nothing of when it would have. The
leads, and what counts as false or missed, are those by which `benchmarks/foresight.py` is scored.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.forecast.calibration import STALE
from agent.forecast.usage import DAY

LEADS = (14.0, 7.0, 3.0)  # days before the cartridge was empty
SOON, SETTLES = 7.0, 1.0  # days at present pace at which an order is due, but not in a cartridge's first day
FALSE = 10.0  # days left at the order from which on it was too early
NOTICE = 1.0  # days before: an order later than this was missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Forecasts looked back upon at one lead."""

    days: float
    n: int
    miss: float | None  # mean absolute miss, in days
    late: float | None  # mean miss: above 0 when forecasts said it would last longer
    cover: float | None  # share with the truth between P10 and P90
    line: float | None  # mean absolute miss of a straight line since the refill: the baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    leads: tuple[Lead, ...]
    emptied: int  # cartridges that ran empty
    replaced: int  # cartridges that came out early: not counted
    false: int  # orders with more than ten days left
    orders: int
    missed: int  # cartridges empty with less than a day's notice, or none


Made = tuple[float, float, float, float, float | None, float]
"""At, P10, best estimate, P90, straight line, days at present pace."""


def accuracy(db: sqlite3.Connection, since: float = 0.0) -> Accuracy:
    """What became of the forecasts on cartridges that ended at or after `since`."""
    lives = list(_lives(db, since))
    emptied = [(end, made) for end, empty, made in lives if empty]
    warned = [(end, _order(made)) for end, made in emptied]
    orders = [(end - at) / DAY for end, at in warned if at is not None]
    late = sum(at is None or end - at < NOTICE * DAY for end, at in warned)
    return Accuracy(
        leads=tuple(_lead(days, emptied) for days in LEADS),
        emptied=len(emptied),
        replaced=len(lives) - len(emptied),
        orders=len(orders),
        false=sum(left > FALSE for left in orders),
        missed=late,
    )


def _lives(db: sqlite3.Connection, since: float) -> Iterator[tuple[float, bool, list[Made]]]:
    """(when it ended, whether it was empty, the forecasts made), one a cartridge."""
    rows = db.execute(
        "SELECT * FROM forecast WHERE ended >= ? ORDER BY device, supply, ended, at", (since,)
    ).fetchall()
    for key, group in groupby(rows, lambda row: (row["device"], row["supply"], row["ended"], row["empty"])):
        yield key[2], bool(key[3]), [_made(row) for row in group]


def _made(row: sqlite3.Row) -> Made:
    return row["at"], row["p10"], row["p50"], row["p90"], row["line"], row["raw"]


def _lead(days: float, emptied: Sequence[tuple[float, list[Made]]]) -> Lead:
    misses, lines, covered = [], [], 0
    for end, made in emptied:
        when = end - days * DAY
        found = [it for it in made if when - STALE < it[0] <= when]
        if found:
            at, early, best, late, line, _ = found[-1]
            left = (end - at) / DAY
            misses.append(best - left)
            covered += early <= left <= late
            if line is not None:
                lines.append(abs(line - left))
    n = len(misses)
    return Lead(
        days=days,
        n=n,
        miss=sum(map(abs, misses)) / n if n else None,
        late=sum(misses) / n if n else None,
        cover=covered / n if n else None,
        line=sum(lines) / len(lines) if lines else None,
    )


def _order(made: Sequence[Made]) -> float | None:
    """When an order would have been due first."""
    for at, *_, pace in made:
        if pace < SOON and at - made[0][0] >= SETTLES * DAY:
            return at
    return None
