"""The trend that all printers of a site share: the start of a holiday, the end of the summer.

One printer's day is weak evidence. The ratio of printed to due pages over all printers of a site shows a turn
within a few days, weeks before each printer's own level has followed.
"""

from dataclasses import dataclass, field
from math import exp, log

CLOSED_BELOW = 0.12  # a day on which the site prints less of its due is a closed day, and is skipped
DAY_DECAY = 0.5 ** (1 / 4.0)  # a day counts half of what it counts four open days later
PRIOR_EVIDENCE = 6.0  # weight of the assumption that the factor is 1, in printers
MAX_RATIO = 15.0  # the most that a single printer's ratio counts: one burst is no trend
DEAD_BAND = 0.15  # a smaller turn (of its logarithm) is ignored: single days scatter that much
MAX_DAYS = 16  # days kept


@dataclass(slots=True)
class SiteTrend:
    """`factor`: what is printed now, as a multiple of the printers' own levels."""

    days: dict[int, tuple[float, float]] = field(default_factory=dict)  # day -> evidence, evidence x ratio
    factor: float = 1.0

    def add_day(self, day: int, ratio: float, evidence: float) -> None:
        """Add one printer's finished day: printed / due, and the weight of that (0 to 1)."""
        weight, total = self.days.get(day, (0.0, 0.0))
        self.days[day] = weight + evidence, total + evidence * min(ratio, MAX_RATIO)
        if len(self.days) > MAX_DAYS:
            del self.days[min(self.days)]
        self._update_factor()

    def _update_factor(self) -> None:
        weight, total, factor = PRIOR_EVIDENCE, PRIOR_EVIDENCE, 1.0
        for day in sorted(self.days, reverse=True):
            evidence, ratio = self.days[day]
            if ratio >= CLOSED_BELOW * evidence:
                weight += factor * evidence
                total += factor * ratio
                factor *= DAY_DECAY
        turned = log(total / weight)
        self.factor = exp(max(0.0, turned - DEAD_BAND) + min(0.0, turned + DEAD_BAND))
