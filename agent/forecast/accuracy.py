"""The accuracy of the forecasts made here, compared with the outcome.

Only cartridges that ran empty in place count: one that came out early does not show when it would have been
empty. The leads and the bounds of false and missed orders are those of `benchmarks/foresight.py`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.forecast.calibration import MAX_FORECAST_AGE
from agent.forecast.usage import DAY

LEAD_DAYS = (14.0, 7.0, 3.0)  # days before the cartridge was empty
ORDER_DAYS = 7.0  # days left at the present pace at which an order is due
SETTLING_DAYS = 1.0  # days after installation without an order
FALSE_ORDER_DAYS = 10.0  # days left at the order from which on it was too early
MIN_NOTICE_DAYS = 1.0  # days before: an order later than this was missed


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAccuracy:
    """The accuracy of forecasts at one lead."""

    days: float
    n: int
    miss: float | None  # mean absolute miss, in days
    late: float | None  # mean miss: above 0 when forecasts were too long
    cover: float | None  # share with the truth between P10 and P90
    line: float | None  # mean absolute miss of a straight line since the refill: the baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastAccuracy:
    leads: tuple[LeadAccuracy, ...]
    emptied: int  # cartridges that ran empty
    replaced: int  # cartridges that came out early: not counted
    false: int  # orders with more than ten days left
    orders: int
    missed: int  # cartridges empty with less than a day's notice, or none


ForecastRecord = tuple[float, float, float, float, float | None, float]
"""At, P10, best estimate, P90, straight line, days at present pace."""


def measure_accuracy(db: sqlite3.Connection, since: float = 0.0) -> ForecastAccuracy:
    """Measure the forecasts on cartridges that ended at or after `since`."""
    lives = list(_load_cartridges(db, since))
    emptied = [(end, made) for end, empty, made in lives if empty]
    warned = [(end, _first_order_time(made)) for end, made in emptied]
    orders = [(end - at) / DAY for end, at in warned if at is not None]
    late = sum(at is None or end - at < MIN_NOTICE_DAYS * DAY for end, at in warned)
    return ForecastAccuracy(
        leads=tuple(_measure_lead(days, emptied) for days in LEAD_DAYS),
        emptied=len(emptied),
        replaced=len(lives) - len(emptied),
        orders=len(orders),
        false=sum(left > FALSE_ORDER_DAYS for left in orders),
        missed=late,
    )


def _load_cartridges(
    db: sqlite3.Connection, since: float
) -> Iterator[tuple[float, bool, list[ForecastRecord]]]:
    """Yield (end, whether it was empty, the forecasts made) for each cartridge."""
    rows = db.execute(
        "SELECT * FROM forecast WHERE ended >= ? ORDER BY device, supply, ended, at", (since,)
    ).fetchall()
    for key, group in groupby(rows, lambda row: (row["device"], row["supply"], row["ended"], row["empty"])):
        yield key[2], bool(key[3]), [_record_from_row(row) for row in group]


def _record_from_row(row: sqlite3.Row) -> ForecastRecord:
    return row["at"], row["p10"], row["p50"], row["p90"], row["line"], row["raw"]


def _measure_lead(days: float, emptied: Sequence[tuple[float, list[ForecastRecord]]]) -> LeadAccuracy:
    misses, lines, covered = [], [], 0
    for end, made in emptied:
        when = end - days * DAY
        found = [it for it in made if when - MAX_FORECAST_AGE < it[0] <= when]
        if found:
            at, early, best, late, line, _ = found[-1]
            left = (end - at) / DAY
            misses.append(best - left)
            covered += early <= left <= late
            if line is not None:
                lines.append(abs(line - left))
    n = len(misses)
    return LeadAccuracy(
        days=days,
        n=n,
        miss=sum(map(abs, misses)) / n if n else None,
        late=sum(misses) / n if n else None,
        cover=covered / n if n else None,
        line=sum(lines) / len(lines) if lines else None,
    )


def _first_order_time(made: Sequence[ForecastRecord]) -> float | None:
    """Return the first time at which an order would have been due."""
    for at, *_, pace in made:
        if pace < ORDER_DAYS and at - made[0][0] >= SETTLING_DAYS * DAY:
            return at
    return None
