"""Days until a supply is empty, with an interval from the errors of past forecasts.

    share left / use a page = pages ──► days, raw ──► pulled in if far above the fleet's usual life
                                                 ──► corrected by the fleet's past errors: P10, best, P90

The chance that a cartridge is empty before a given day follows from these three, on a scale of logarithms:
a forecast is as likely to be early by a factor as late by it.
"""

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


def forecast_supply(
    pool: FleetPriors, site: SiteTrend, habit: UsageModel, slot: SupplyModel, at: float
) -> SupplyForecast | None:
    """Forecast when the cartridge will be empty; None before the first closed day or first reading."""
    look = slot.look
    if look is None or habit.week <= 0.0:
        return None
    week = habit.week * site.factor
    if look.empty:
        left = pages = days = sigma = use = 0.0
        early = best = late = 0.0
    else:
        left, spread, use = slot.estimate_left(pool, look, habit.pages)
        pages = left / use
        days = max(MIN_DAYS, days_to_print(pages / site.factor, at, habit.due, habit.week))
        if not slot.part:
            days *= shrinkage_factor(pool, slot, log(7.0 / (use * week)))
        sigma = sqrt(
            min(1.0, (spread / left) ** 2) + LEVEL_SIGMA * LEVEL_SIGMA + habit.day_variance / (days + 1.0)
        )
        low, middle, high = pool.get_quantiles(slot.gauge_kind).quantiles_at(days, sigma)
        early, best, late = days * exp(low), days * exp(middle), days * exp(high)
    return SupplyForecast(
        at=at,
        p10=early,
        p50=best,
        p90=late,
        basis=forecast_basis(slot),
        raw=days,
        sigma=sigma,
        left=left,
        pages_left=pages,
        pages_a_day=week / 7.0,
        use=use,
        line=slot.linear_days_left(at),
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
