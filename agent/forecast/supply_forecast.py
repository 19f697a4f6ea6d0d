"""Days until a supply is empty, with an interval from the errors of past forecasts.

    share left / use a page = pages ──► days, raw ──► pulled in if far above the fleet's usual life
                                                 ──► corrected by the fleet's past errors: P10, best, P90

The chance that a cartridge is empty before a given day follows from these three, on a scale of logarithms:
a forecast is as likely to be early by a factor as late by it.
"""

from dataclasses import dataclass
from math import exp, log, sqrt

from agent.core.model import SupplyForecast
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_model import SupplyModel
from agent.forecast.usage import DAY, UsageModel, days_to_print

LEVEL_SIGMA = 0.3  # sigma of the level of printing and of the use of jobs, as shares
PULL_STRENGTH = 0.4  # how far a life beyond the fleet's usual is pulled towards it: lulls end
MIN_DAYS = 0.05  # the shortest forecast of a cartridge that is not empty
NOTE_INTERVAL = 0.8 * DAY  # a forecast is noted for scoring once a day


@dataclass(frozen=True, slots=True)
class FillEstimate:
    """What a forecast rests on while nothing is read and learned: only the time of day moves it then."""

    left: float  # share of a cartridge
    spread: float  # its sigma
    use: float  # cartridges a page
    pull: float  # factor on the days: a life beyond the fleet's usual is pulled in
    basis: str
    line: float | None  # days on a straight line, at `at`
    at: float


def forecast_supply(
    pool: FleetPriors, site: SiteTrend, habit: UsageModel, slot: SupplyModel, at: float
) -> SupplyForecast | None:
    """Forecast when the cartridge will be empty; None before the first closed day or first reading."""
    estimate = estimate_fill(pool, site, habit, slot, at)
    return None if estimate is None else finish_forecast(estimate, pool, site, habit, slot, at)


def estimate_fill(
    pool: FleetPriors, site: SiteTrend, habit: UsageModel, slot: SupplyModel, at: float
) -> FillEstimate | None:
    """Estimate what is left; None before the first closed day or first reading."""
    look = slot.look
    if look is None or habit.week <= 0.0:
        return None
    if look.empty:
        return FillEstimate(0.0, 0.0, 0.0, 1.0, forecast_basis(slot), slot.linear_days_left(at), at)
    left, spread, use = slot.estimate_left(pool, look, habit.pages)
    week = habit.week * site.factor
    pull = 1.0 if slot.part else shrinkage_factor(pool, slot, log(7.0 / (use * week)))
    return FillEstimate(left, spread, use, pull, forecast_basis(slot), slot.linear_days_left(at), at)


def finish_forecast(
    estimate: FillEstimate,
    pool: FleetPriors,
    site: SiteTrend,
    habit: UsageModel,
    slot: SupplyModel,
    at: float,
) -> SupplyForecast:
    """The forecast at `at` of what was estimated then or earlier, with nothing read in between."""
    left, use, line = estimate.left, estimate.use, estimate.line
    pages = days = sigma = early = best = late = 0.0
    if use:
        pages = left / use
        days = max(MIN_DAYS, days_to_print(pages / site.factor, at, habit.due, habit.week)) * estimate.pull
        sigma = sqrt(
            min(1.0, (estimate.spread / left) ** 2)
            + LEVEL_SIGMA * LEVEL_SIGMA
            + habit.day_variance / (days + 1.0)
        )
        low, middle, high = pool.get_quantiles(slot.gauge_kind).quantiles_at(days, sigma)
        early, best, late = days * exp(low), days * exp(middle), days * exp(high)
    return SupplyForecast(
        at=at,
        p10=early,
        p50=best,
        p90=late,
        basis=estimate.basis,
        raw=days,
        sigma=sigma,
        left=left,
        pages_left=pages,
        pages_a_day=habit.week * site.factor / 7.0,
        use=use,
        line=line if at == estimate.at else slot.linear_days_left(at),
    )


def shrinkage_factor(pool: FleetPriors, slot: SupplyModel, life: float) -> float:
    """Return the factor that pulls in a life (log of days) beyond the fleet's usual; else 1."""
    if not slot.noted_at:
        pool.life.add_value(life)
    return exp(PULL_STRENGTH * (pool.life.value - life)) if life > pool.life.value else 1.0


def forecast_basis(slot: SupplyModel) -> str:
    """Return the basis of a forecast, which says how far to trust it."""
    look = slot.look
    if look is None or (look.level is None and not slot.used and not look.low):
        return "assumed"  # the rated yield and the fleet's experience
    if look.level is None:
        return "learned"  # from the cartridges before, or from its own "almost empty"
    return "coarse" if slot.gauge_kind == "coarse" else "measured"
