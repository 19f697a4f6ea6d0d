"""Past forecasts compared with the outcome: the fleet learns from them, and `--accuracy` shows them.

Forecasts are scored when a cartridge runs empty, at leads that grow by the same factor from a day to two
months: every scale counts alike. A cartridge that came out early is not scored.
"""

from bisect import bisect_right
from collections.abc import Sequence

from agent.forecast.fleet_priors import MissQuantiles
from agent.forecast.usage import DAY

LEAD_DAYS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.6, 32.0, 45.0, 64.0)  # days, by sqrt(2)
MAX_FORECAST_AGE = 1.6 * DAY  # a forecast that is older than the lead by more is not scored at it

ForecastNote = tuple[float, float, float]  # when it was made, days (raw), sigma


def learn_misses(misses: MissQuantiles, notes: Sequence[ForecastNote], emptied: float) -> int:
    """Learn the errors of the `notes` on a cartridge that ran empty at `emptied`; return how many."""
    times = [at for at, _, _ in notes]
    learned = 0
    for lead in LEAD_DAYS:
        when = emptied - lead * DAY
        k = bisect_right(times, when) - 1
        if k >= 0 and when - times[k] < MAX_FORECAST_AGE:
            at, days, sigma = notes[k]
            misses.add_miss(days, sigma, (emptied - at) / DAY)
            learned += 1
    return learned
