"""From what is left and what is printed to days, with the interval that past forecasts have earned.

    share left / use a page = pages ──► days, raw ──► pulled in where far above what the fleet knows
                                                 ──► corrected by the fleet's look back: P10, best, P90

The chance that a cartridge is empty before a given day follows from the three marks, on a scale of
logarithms: a forecast is as likely to be off by a factor early as late.
"""

from math import exp, log, sqrt

from agent.core.model import SupplyForecast
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.site_rhythm import SiteTrend
from agent.forecast.supply_model import SupplyModel
from agent.forecast.usage import DAY, UsageModel, days_to_print

LEVEL_SIGMA = 0.3  # sigma of the level of printing, and of what jobs take, as shares
PULL_STRENGTH = (
    0.4  # how far a life beyond the fleet's usual is pulled towards it: a lull is likelier than for ever
)
MIN_DAYS = 0.05  # days
NOTE_INTERVAL = 0.8 * DAY  # a forecast is noted for the look back once a day


def forecast_supply(
    pool: FleetPriors, site: SiteTrend, habit: UsageModel, slot: SupplyModel, at: float
) -> SupplyForecast | None:
    """When the cartridge will be empty; None while nothing was seen printed, or nothing is in place."""
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
    """The factor by which a life (log of days) beyond the fleet's usual is pulled in; others are 1."""
    if not slot.noted_at:
        pool.life.add_value(life)
    return exp(PULL_STRENGTH * (pool.life.value - life)) if life > pool.life.value else 1.0


def forecast_basis(slot: SupplyModel) -> str:
    """How far to trust a forecast: what it rests on."""
    look = slot.look
    if look is None or (look.level is None and not slot.used and not look.low):
        return "assumed"  # the rated yield and the fleet's experience
    if look.level is None:
        return "learned"  # from the cartridges before, or from its own "almost empty"
    return "coarse" if slot.gauge_kind == "coarse" else "measured"
