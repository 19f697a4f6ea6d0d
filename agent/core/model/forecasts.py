"""Forecasts for one printer: estimates, all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyForecast:
    """An estimate of when a supply will be empty, in days from `at`. P10 is the early bound.

    `basis`: measured (a gauge in fine steps), coarse (steps of 5 % or more), learned (no numbers, but
    cartridges before it, or "almost empty") or assumed (the rated yield and the fleet's experience).
    """

    at: float
    p10: float
    p50: float
    p90: float
    basis: str
    raw: float  # before the correction by past forecasts
    sigma: float  # of its logarithm
    left: float  # share of a cartridge, 0.0 to 1.0
    pages_left: float
    pages_a_day: float
    use: float  # cartridges a page
    line: float | None = None  # by a straight line since the last refill: the baseline

    def days_at_chance(self, chance: float) -> float:
        """Return the days within which it will be empty with this chance (0.1 to 0.9)."""
        return self.interpolate_days(self.p10, self.p50, self.p90, chance)

    @staticmethod
    def interpolate_days(p10: float, p50: float, p90: float, chance: float) -> float:
        """Interpolate between the three marks: a factor early is as likely as a factor late."""
        if p10 <= 0.0:
            return 0.0
        share = min(0.9, max(0.1, chance))
        low, high, near = (p10, p50, 0.1) if share <= 0.5 else (p50, p90, 0.5)
        part = (_normal_quantile(share) - _normal_quantile(near)) / _normal_quantile(0.9)
        return low * exp(part * log(high / low))


def _normal_quantile(share: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(share)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartForecast:
    """The forecast for a part that a technician replaces. An estimate, too."""

    odds: float  # how much likelier "worn" explains its troubles than "healthy"; 1 where it has none
    troubles: int = 0  # since it was new
    last: float | None = None  # when the latest was
    life_used: float | None = None  # share of its rated life, where a supply row has it
    days: float | None = None  # to the end of that life


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """The forecasts for one printer."""

    supplies: Mapping[str, SupplyForecast] = field(default_factory=dict)  # by supply index
    premature: Mapping[str, float] = field(default_factory=dict)  # supply index -> share left when replaced
    parts: Mapping[str, PartForecast] = field(default_factory=dict)  # by part: "fuser 1", "roller 2"
