"""One slot for a cartridge: how full it is, and how much of it a page uses.

    a level drops a step ──► anchor: exact, at that page count ┐
    another cartridge    ──► anchor: full, or its first level  ├──► left = anchor - use x pages since,
    "low" comes up       ──► anchor: the mark it has learned   ┘          kept within what the gauge shows

A gauge rounds up: "10 %" is between 0 and 10, and at the moment it came down from 20 it was 10. One that
gives only "some left" (-3) or "unknown" (-2) has three anchors in a life: installed, low, empty.
"""

from dataclasses import dataclass, field
from math import erf, exp, log, sqrt
from typing import NamedTuple

from agent.forecast.fleet_priors import FleetPriors, RunningMean

FORGET_READ, FORGET_VAGUE = 0.4, 4.0  # cartridges after which old use counts 1/e: readings are many, or few
WORTH_READ, WORTH_VAGUE = 0.12, 0.3  # weight of the fleet's guess, in cartridges used
STRAY_READ, STRAY_VAGUE = 0.2, 0.25  # sigma of the use since the anchor, as a share of it
FAR_READ = 0.1  # cartridges beyond which it stays: the gauge would have moved
BLUR_READ, BLUR_VAGUE = 0.018, 0.04  # sigma of the anchor itself, in cartridges
GAUGE_BIAS = 0.005  # gauges stay a little behind
LIKELY_PAGES = 5000.0  # a cartridge of unknown yield
MIN_RISE, FULL_ABOVE = 0.15, 0.93  # a level that rises by more is another cartridge; one above is a full one
FINE_STEP, COARSE_STEP = 0.01, 0.05  # gauge steps
LOW_MARK = (0.12, 1.0, 12.0)  # share left when "low" comes up: a guess worth one observation
MIN_CARTRIDGE_PAGES = 50.0  # pages: a cartridge that lasted no longer was no cartridge
PREMATURE_ABOVE = 0.05  # replaced with more than this left: premature


class SupplySample(NamedTuple):
    """One reading of a supply. `level`: a share, or None if the printer gave no number."""

    level: float | None
    vague: str = ""  # why it is no number
    low: bool = False
    empty: bool = False


@dataclass(slots=True)
class SupplyModel:
    """The state of one slot for a cartridge. Pages are those of the printer's `UsageModel`."""

    kin: str = "black"  # black, colour or part: the group that it learns yields with
    part: str = ""  # for a kit: the part that it renews, "fuser 1"
    rated: float | None = None  # pages
    look: SupplySample | None = None
    last: float | None = None  # the level last read while it was not empty
    since: float = 0.0  # when it was first seen
    full: float | None = None  # the level it was first seen with
    installed: float = 0.0  # pages when the cartridge came in
    whole: bool = False  # a reading showed it installed, full
    anchor: float = 1.0
    anchored: float = 0.0  # pages at the anchor
    step: float = FINE_STEP
    drops: int = 0
    used: float = 0.0  # cartridges, with old use fading
    over: float = 0.0  # pages that took them
    lowered: float | None = None  # pages when "low" came up
    mark: RunningMean = field(default_factory=lambda: RunningMean(*LOW_MARK))
    replacements: int = 0
    replaced_at: float | None = None  # when the last one was seen
    premature: float | None = None  # share left in the cartridge before this one, if it came out early
    noted_at: float = 0.0  # when the last forecast was noted

    def add_sample(
        self, pool: FleetPriors, look: SupplySample, at: float, pages: float, before: float
    ) -> bool:
        """Add a reading; return whether the cartridge has just run empty.

        `before`: the pages at the reading before this one.
        """
        last = self.look
        self.look = look
        if not look.empty:
            self.last = look.level
        if last is None:
            self.anchor = 0.5 if look.level is None else look.level
            self.installed = self.anchored = pages
            self.since, self.full = at, look.level
            return False
        if look == last:
            return False
        middle = 0.5 * (pages + before)  # when, between the two looks, it changed
        fresh = self._is_replaced(last, look)
        if fresh:
            self._install_cartridge(pool, last, look, pages if last.empty else middle)
            self.replaced_at = self.since = at
            self.full = look.level
        if look.empty:
            if last.empty:
                return False
            self._record_empty(pool, last, middle)
            return True
        if look.level is not None and last.level is not None and look.level < last.level and not fresh:
            self._record_drop(last.level, look.level, middle)
        if look.low and (fresh or not last.low):
            self._record_low(look, middle)
        return False

    def _is_replaced(self, last: SupplySample, look: SupplySample) -> bool:
        """Return whether another cartridge is in place."""
        if look.empty or last.empty:
            return last.empty and not look.empty
        if look.level is not None and last.level is not None:
            rise = look.level - last.level
            return rise > MIN_RISE or (rise > PREMATURE_ABOVE and look.level > 0.9)
        if (look.level is None) != (last.level is None):
            return True
        return last.low and not look.low if look.low or last.low else look.vague != last.vague

    def _install_cartridge(
        self, pool: FleetPriors, last: SupplySample, look: SupplySample, pages: float
    ) -> None:
        measured = last.level is not None and look.level is not None and not last.empty
        left = self.estimate_left(pool, last, pages)[0] if measured else 0.0  # 0: nobody can tell
        self.premature = left if left > PREMATURE_ABOVE else None
        self.replacements += 1
        self.installed = self.anchored = pages
        self.whole = look.level is None or look.level > FULL_ABOVE
        self.anchor = (
            1.0 if look.level is None else look.level if self.whole else look.level - 0.5 * self.step
        )
        self.drops, self.lowered, self.noted_at = 0, None, 0.0

    def _record_drop(self, last: float, level: float, pages: float) -> None:
        fell = last - level
        if fell >= 0.09 or fell < self.step:
            self.step = max(0.5 * FINE_STEP, min(fell, 0.1))
        if self.drops or self.whole:  # else the anchor was not exact
            self._add_usage(self.anchor - level, pages - self.anchored, FORGET_READ)
        self.drops += 1
        self.anchor, self.anchored = level, pages

    def _record_low(self, look: SupplySample, pages: float) -> None:
        if look.level is not None:
            return
        if self.whole:
            self._add_usage(1.0 - self.mark.value, pages - self.anchored, FORGET_VAGUE)
        self.anchor, self.anchored, self.lowered = self.mark.value, pages, pages

    def _record_empty(self, pool: FleetPriors, last: SupplySample, pages: float) -> None:
        lasted = pages - self.installed
        if last.level is not None:
            self._record_drop(last.level, 0.0, pages)
        elif self.whole and lasted > MIN_CARTRIDGE_PAGES:
            if self.lowered is not None:
                self.mark.add_value(min(0.4, max(0.02, (pages - self.lowered) / lasted)))
            self._add_usage(self.anchor, pages - self.anchored, FORGET_VAGUE)
        if self.whole and self.rated and lasted > MIN_CARTRIDGE_PAGES:
            pool.usual[self.kin].add_value(log(self.rated / lasted))
        self.anchor, self.anchored = 0.0, pages

    def _add_usage(self, used: float, over: float, forget: float) -> None:
        if used > 0.0:
            keep = exp(-used / forget)
            self.used = self.used * keep + used
            self.over = self.over * keep + over

    def usage_per_page(self, pool: FleetPriors, look: SupplySample) -> float:
        """Return the share of a cartridge that a page uses: the usual one until enough was measured here."""
        usual = exp(pool.usual[self.kin].value) / (self.rated or LIKELY_PAGES)
        worth = WORTH_VAGUE if look.level is None else WORTH_READ
        return (self.used + worth) / (self.over + worth / usual)

    def estimate_left(
        self, pool: FleetPriors, look: SupplySample, pages: float
    ) -> tuple[float, float, float]:
        """Return (share left, its sigma, use a page) at the page count `pages`."""
        use = self.usage_per_page(pool, look)
        gone = use * (pages - self.anchored)
        if look.level is None:
            sigma = sqrt(BLUR_VAGUE**2 + (STRAY_VAGUE * min(gone, self.anchor)) ** 2)
            if not self.replacements and self.lowered is None:
                sigma = 0.3  # its installation was not observed
            left, sigma = truncate_normal(self.anchor - gone, sigma, 0.0, 1.0)
        else:
            sigma = sqrt(BLUR_READ**2 + (STRAY_READ * min(gone, FAR_READ)) ** 2)
            floor = max(0.0, look.level - max(self.step, 2 * FINE_STEP))
            left, sigma = truncate_normal(self.anchor - gone - GAUGE_BIAS, sigma, floor, look.level)
        return max(left, 0.002), sigma, use

    def linear_days_left(self, at: float) -> float | None:
        """Return the days left on a straight line through the first and last reading of this cartridge."""
        level = self.look.level if self.look else None
        if level is None or self.full is None or level >= self.full:
            return None
        return level * (at - self.since) / (self.full - level) / 86400.0

    @property
    def gauge_kind(self) -> str:
        """Return the kind of gauge: fine, coarse or vague; "part" for a kit."""
        if self.part:
            return "part"
        if self.look is None or self.last is None:
            return "vague"
        return "coarse" if self.step >= COARSE_STEP else "fine"


def truncate_normal(mean: float, sigma: float, low: float, high: float) -> tuple[float, float]:
    """Return mean and sigma of a normal distribution truncated to `low` … `high`."""
    a, b = (low - mean) / sigma, (high - mean) / sigma
    if a < -3.0 and b > 3.0:
        return mean, sigma
    if a > 4.0:  # far below: almost all at the floor
        return low + min(sigma * a / (a * a + 2.0), 0.5 * (high - low)), sigma / a
    if b < -4.0:
        return high + max(sigma * b / (b * b + 2.0), 0.5 * (low - high)), -sigma / b
    weight = 0.5 * (erf(b * _ROOT) - erf(a * _ROOT))
    at_a, at_b = exp(-0.5 * a * a) * _DENSITY, exp(-0.5 * b * b) * _DENSITY
    shift = (at_a - at_b) / weight
    spread = 1.0 + (a * at_a - b * at_b) / weight - shift * shift
    return mean + sigma * shift, sigma * sqrt(max(spread, 0.01))


_ROOT, _DENSITY = 0.5**0.5, 0.3989422804014327
