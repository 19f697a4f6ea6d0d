"""From what is left and what is printed to days, with the interval that past forecasts have earned.

    share left / use a page = pages ──► days, raw ──► pulled in where far above what the fleet knows
                                                 ──► corrected by the fleet's look back: P10, best, P90

The chance that a cartridge is empty before a given day follows from the three marks, on a scale of
logarithms: a forecast is as likely to be off by a factor early as late.
"""

from math import exp, log, sqrt

from agent.core.model import Outlook
from agent.forecast.fleet_priors import Pool
from agent.forecast.site_rhythm import Site
from agent.forecast.supply_model import Slot
from agent.forecast.usage import DAY, Habit, days_for

LEVEL = 0.3  # sigma of the level of printing, and of what jobs take, as shares
PULL = 0.4  # how far a life beyond the fleet's usual is pulled towards it: a lull is likelier than for ever
SOONEST = 0.05  # days
NOTED = 0.8 * DAY  # a forecast is noted for the look back once a day


def outlook(pool: Pool, site: Site, habit: Habit, slot: Slot, at: float) -> Outlook | None:
    """When the cartridge will be empty; None while nothing was seen printed, or nothing is in place."""
    look = slot.look
    if look is None or habit.week <= 0.0:
        return None
    week = habit.week * site.tide
    if look.empty:
        left = pages = days = sigma = use = 0.0
        early = best = late = 0.0
    else:
        left, spread, use = slot.left(pool, look, habit.pages)
        pages = left / use
        days = max(SOONEST, days_for(pages / site.tide, at, habit.due, habit.week))
        if not slot.part:
            days *= pull(pool, slot, log(7.0 / (use * week)))
        sigma = sqrt(min(1.0, (spread / left) ** 2) + LEVEL * LEVEL + habit.scatter / (days + 1.0))
        low, middle, high = pool.missed(slot.gauge).at(days, sigma)
        early, best, late = days * exp(low), days * exp(middle), days * exp(high)
    return Outlook(
        at=at,
        p10=early,
        p50=best,
        p90=late,
        basis=basis(slot),
        raw=days,
        sigma=sigma,
        left=left,
        pages_left=pages,
        pages_a_day=week / 7.0,
        use=use,
        line=slot.line(at),
    )


def pull(pool: Pool, slot: Slot, life: float) -> float:
    """The factor by which a life (log of days) beyond the fleet's usual is pulled in; others are 1."""
    if not slot.said:
        pool.life.add(life)
    return exp(PULL * (pool.life.value - life)) if life > pool.life.value else 1.0


def basis(slot: Slot) -> str:
    """How far to trust a forecast: what it rests on."""
    look = slot.look
    if look is None or (look.level is None and not slot.used and not look.low):
        return "assumed"  # the rated yield and the fleet's experience
    if look.level is None:
        return "learned"  # from the cartridges before, or from its own "almost empty"
    return "coarse" if slot.gauge == "coarse" else "measured"
