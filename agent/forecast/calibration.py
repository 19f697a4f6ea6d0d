"""Each past forecast against what happened: what the fleet learns from, and what `--accuracy` shows.

Forecasts are looked back upon when a cartridge is seen to run empty, at leads that grow by the same factor
from a day to two months: every scale counts alike. A cartridge that came out early says nothing.
"""

from bisect import bisect_right
from collections.abc import Sequence

from agent.forecast.fleet_priors import MissQuantiles
from agent.forecast.usage import DAY

LEAD_DAYS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.6, 32.0, 45.0, 64.0)  # days, by sqrt(2)
MAX_FORECAST_AGE = 1.6 * DAY  # a forecast this much older than the lead is none for it

ForecastNote = tuple[float, float, float]  # when it was made, days (raw), sigma


def learn_misses(misses: MissQuantiles, notes: Sequence[ForecastNote], emptied: float) -> int:
    """Teach how far the `notes` on a cartridge that ran empty at `emptied` were off; returns how many."""
    times = [at for at, _, _ in notes]
    taught = 0
    for lead in LEAD_DAYS:
        when = emptied - lead * DAY
        k = bisect_right(times, when) - 1
        if k >= 0 and when - times[k] < MAX_FORECAST_AGE:
            at, days, sigma = notes[k]
            misses.add_miss(days, sigma, (emptied - at) / DAY)
            taught += 1
    return taught
