"""Values learned over a fleet: start values for new printers, and the errors of past forecasts.

Learned from the readings of all printers. Until then the guesses of the trade stand: a black cartridge gives
about its rated pages, and half of the pages on a colour printer carry colour.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import log

NODE_DAYS = (1.5, 3.0, 7.0, 14.0, 28.0, 56.0)  # days ahead at which errors are kept apart
_LOGS = tuple(log(node) for node in NODE_DAYS)
TYPICAL_SIGMA, MAX_SLOPE = 0.5, 0.95  # a usual sigma; how near to one another neighbours may come
MIN_STEP, STEP_SIZE = 0.02, 2.0  # how fast a quantile moves, and its least step
WARMUP_COUNT = 10.0  # forecasts for which it moves fastest


@dataclass(slots=True)
class RunningMean:
    """A running mean that starts from a guess worth `weight` observations, and forgets beyond `most`."""

    value: float
    weight: float
    most: float

    def add_value(self, x: float) -> None:
        self.weight = min(self.weight + 1.0, self.most)
        self.value += (x - self.value) / self.weight


@dataclass(slots=True)
class MissQuantiles:
    """Errors of raw forecasts of about `NODE_DAYS` days.

    `middle`: the median of log(truth / forecast); `low` and `high`: its P10 and P90, in sigmas of the
    forecast. Learned by steps: a truth above a mark of share q lifts it by q, one below lowers it by 1 - q.
    The error of a five-day forecast is shared by the nodes of three and seven days. A longer raw forecast
    stays a longer forecast: neighbours of `middle` are kept from crossing.
    """

    low: list[float] = field(default_factory=lambda: [-1.5] * len(NODE_DAYS))
    middle: list[float] = field(default_factory=lambda: [-0.1] * len(NODE_DAYS))
    high: list[float] = field(default_factory=lambda: [1.1] * len(NODE_DAYS))
    n: int = 0

    def add_miss(self, days: float, sigma: float, truth: float) -> None:
        """Learn one error: `days` were forecast (raw) when `truth` days were left."""
        z = log(truth / days)
        node, part = _locate_node(days)
        low, middle, high = self.quantiles_at(days, sigma)
        self.n += 1
        step = STEP_SIZE * max(MIN_STEP, 1.0 / (WARMUP_COUNT + self.n / 3.0))
        for marks, mark, share, unit in (
            (self.low, low, 0.1, 1.0),
            (self.middle, middle, 0.5, TYPICAL_SIGMA),
            (self.high, high, 0.9, 1.0),
        ):
            move = step * unit * (share if z >= mark else share - 1.0)
            marks[node] += (1.0 - part) * move
            marks[node + 1] += part * move
        for k in range(len(NODE_DAYS) - 1):
            self.middle[k + 1] = max(
                self.middle[k + 1], self.middle[k] - MAX_SLOPE * (_LOGS[k + 1] - _LOGS[k])
            )

    def quantiles_at(self, days: float, sigma: float) -> tuple[float, float, float]:
        """Return P10, median and P90 of log(truth / forecast) for a raw forecast of `days`, in order."""
        node, part = _locate_node(days)
        low, middle, high = self.low, self.middle, self.high
        best = middle[node] + part * (middle[node + 1] - middle[node])
        early = sigma * (low[node] + part * (low[node + 1] - low[node]))
        late = sigma * (high[node] + part * (high[node + 1] - high[node]))
        return min(early, best), best, max(late, best)


def _locate_node(days: float) -> tuple[int, float]:
    """Return the node at or below `days`, and the part of the way to the next one."""
    if days <= NODE_DAYS[0]:
        return 0, 0.0
    if days >= NODE_DAYS[-1]:
        return len(NODE_DAYS) - 2, 1.0
    node = bisect_right(NODE_DAYS, days) - 1
    return node, (log(days) - _LOGS[node]) / (_LOGS[node + 1] - _LOGS[node])


def _initial_yields() -> dict[str, RunningMean]:
    return {
        "black": RunningMean(0.1, 3.0, 200.0),
        "colour": RunningMean(-0.7, 3.0, 200.0),
        "part": RunningMean(0.0, 3.0, 200.0),
    }


@dataclass(slots=True)
class FleetPriors:
    """Values that all printers of a fleet share."""

    usual: dict[str, RunningMean] = field(
        default_factory=_initial_yields
    )  # kin of supply -> log(use a page x rated pages)
    life: RunningMean = field(
        default_factory=lambda: RunningMean(log(80.0), 20.0, 400.0)
    )  # log(days a cartridge lasts)
    misses: dict[str, MissQuantiles] = field(default_factory=dict)  # by kind of gauge
    healthy: dict[str, tuple[float, float]] = field(default_factory=dict)  # "fuser jam" -> troubles, pages

    def get_quantiles(self, gauge: str) -> MissQuantiles:
        found = self.misses.get(gauge)
        if found is None:
            found = self.misses[gauge] = MissQuantiles()
        return found
