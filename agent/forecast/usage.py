"""How much a printer prints: pages a day by weekday, from the life counter alone.

    counter ──► pages since first seen ──► pages of each day ──► level x profile ──► days for N pages
                (glitches and resets          (closed days         (of the week)
                 taken out)                    left out)

A fall or leap of the counter takes effect only when the next reading confirms it: a replaced board starts
anywhere (prtMarkerLifeCount, RFC 3805, is volatile on some makes); one odd reading leaves no trace.
Days are those of the printer's own wall clock: `at` is site-local seconds since 1970-01-01, a Thursday.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DAY = 86400.0
MAX_PAGES_A_SECOND = 2.0  # 120 a minute
PAGE_TOLERANCE = 200.0  # pages by which a reading may be off
PROFILE_LIFE = 60.0  # days after which what a weekday was counts half
FAST_LIFE, SLOW_LIFE, FAST_SHARE = 18.0, 75.0, 0.7  # the level is mostly what is new, partly what is usual
CLOSED_BELOW, CLOSED_RUN = 0.08, 10  # a day under 8 % of its due is a closed one, up to ten in a row
OPENING, CLOSING = 7.5 / 24, 18.5 / 24  # the part of a day in which people print
SETTLED_DAYS = 7  # open days before a level is worth comparing with
MAX_GAP_DAYS = 60  # days of silence after which what was printed in it is spread over no more
OFFICE_WEEK = (1.3, 1.3, 1.3, 1.3, 1.2, 0.35, 0.25)  # an office's week, Monday first: until its own is seen

_WEEK_DECAY, _FAST_DECAY, _SLOW_DECAY = (
    0.5 ** (7 / PROFILE_LIFE),
    0.5 ** (1 / FAST_LIFE),
    0.5 ** (1 / SLOW_LIFE),
)
_OPEN_SHARE = CLOSING - OPENING

WeightedSums = tuple[float, float]


@dataclass(slots=True)
class UsageModel:
    """The printing habit of one printer. `pages` counts on across resets of the counter."""

    at: float = 0.0
    count: int | None = None
    pages: float = 0.0
    doubt: int | None = None  # a reading beyond what is possible, until the next one decides
    today: float = 0.0
    days: int = 0  # open days seen
    closed: int = 0  # closed days in a row
    seen: list[float] = field(default_factory=lambda: [0.5 * share for share in OFFICE_WEEK])
    weight: list[float] = field(default_factory=lambda: [0.5] * 7)
    fast: WeightedSums = (0.0, 0.0)  # pages, and what the profile alone would give
    slow: WeightedSums = (0.0, 0.0)
    misses: WeightedSums = (0.0, 0.0)  # squares of the misses, squares of the dues
    due: list[float] = field(default_factory=lambda: [0.0] * 7)  # expected pages by weekday, Monday first
    week: float = 0.0  # their sum; 0 before the first closed day

    def add_count(self, at: float, count: int) -> Iterable[tuple[int, float, float]]:
        """Add a reading of the counter; return the days that closed: (day, printed / due, weight)."""
        if self.count is None:
            self.at, self.count = at, count
            return ()
        printed = count - self.count
        limit = PAGE_TOLERANCE + MAX_PAGES_A_SECOND * (at - self.at)
        if not 0 <= printed <= limit:
            if self.doubt is None or not 0 <= count - self.doubt <= limit:
                self.doubt = count
                return ()
            printed = count - self.doubt  # confirmed: it starts anew from there
        closed: Iterable[tuple[int, float, float]] = ()
        if at // DAY == self.at // DAY:
            self.today += printed
        else:
            closed = self._split_over_days(at, printed)
        self.at, self.count, self.doubt = at, count, None
        self.pages += printed
        return closed

    @property
    def day_variance(self) -> float:
        """Return the mean square error of single days, as a share of the pages due."""
        return (self.misses[0] + 0.5) / (self.misses[1] + 1.0)

    def _split_over_days(self, at: float, printed: float) -> list[tuple[int, float, float]]:
        """Share `printed` among the days since the last reading, and close those that are over."""
        last = int(at // DAY)
        days = range(max(int(self.at // DAY), last - MAX_GAP_DAYS), last + 1)
        shares = [self._day_weight(day, at) for day in days]
        whole = sum(shares)
        closed = []
        for day, share in zip(days[:-1], shares, strict=False):
            closed += self._close_day(day, self.today + printed * share / whole)
            self.today = 0.0
        self.today = printed * shares[-1] / whole
        return closed

    def _day_weight(self, day: int, until: float) -> float:
        """Weigh `day` against other days for a page printed since the last reading."""
        covered = min(until, (day + CLOSING) * DAY) - max(self.at, (day + OPENING) * DAY)
        weekday = (day + 3) % 7
        return (self.seen[weekday] / self.weight[weekday] + 1e-3) * max(covered, 60.0)

    def _close_day(self, day: int, printed: float) -> list[tuple[int, float, float]]:
        """Learn from a day that is over, unless the site was closed."""
        weekday = (day + 3) % 7
        due = self.due[weekday]
        ratios = []
        if self.days > SETTLED_DAYS and due * 14 > self.week > 0.0:
            ratios = [(day, printed / due, min(1.0, due / 5.0) / (1.0 + 3.0 * self.day_variance))]
        if self.days >= SETTLED_DAYS and printed < CLOSED_BELOW * due and self.closed < CLOSED_RUN:
            self.closed += 1
            return ratios
        self.closed = 0
        self.days += 1
        if self.days == 1:
            self.seen = [share * max(printed, 1.0) * 0.5 for share in OFFICE_WEEK]
        if self.days > SETTLED_DAYS and due > 0.0:
            self.misses = (
                self.misses[0] * _SLOW_DECAY + (printed - due) ** 2,
                self.misses[1] * _SLOW_DECAY + due * due,
            )
        self._learn_day(weekday, printed)
        return ratios

    def _learn_day(self, weekday: int, printed: float) -> None:
        self.seen[weekday] = self.seen[weekday] * _WEEK_DECAY + printed
        self.weight[weekday] = self.weight[weekday] * _WEEK_DECAY + 1.0
        usual = [seen / weight for seen, weight in zip(self.seen, self.weight, strict=True)]
        mean = sum(usual) / 7.0
        if mean <= 0.0:
            return
        shape = usual[weekday] / mean
        self.fast = self.fast[0] * _FAST_DECAY + printed, self.fast[1] * _FAST_DECAY + shape
        self.slow = self.slow[0] * _SLOW_DECAY + printed, self.slow[1] * _SLOW_DECAY + shape
        level = FAST_SHARE * _divide_sums(self.fast) + (1.0 - FAST_SHARE) * _divide_sums(self.slow)
        self.due = [share / mean * level for share in usual]
        self.week = sum(self.due)


def days_to_print(pages: float, at: float, due: Sequence[float], week: float) -> float:
    """Compute the days from `at` until `pages` are printed, at `due` by weekday; `week`: their sum, > 0."""
    day = int(at // DAY)
    elapsed = at / DAY - day
    rest = 1.0 if elapsed <= OPENING else 0.0 if elapsed >= CLOSING else (CLOSING - elapsed) / _OPEN_SHARE
    today = due[(day + 3) % 7] * rest
    if pages <= today:
        return pages / today * rest * _OPEN_SHARE + max(0.0, OPENING - elapsed) if pages > 0.0 else 0.0
    weeks, pages = divmod(pages - today, week)
    ahead = weeks * 7.0 + 1.0 - elapsed
    weekday = (day + 4) % 7
    while pages > due[weekday]:
        pages -= due[weekday]
        ahead += 1.0
        weekday = weekday + 1 if weekday < 6 else 0
    return ahead + OPENING + (pages / due[weekday] if due[weekday] > 0.0 else 0.0) * _OPEN_SHARE


def _divide_sums(sums: WeightedSums) -> float:
    return sums[0] / sums[1] if sums[1] > 0.0 else 0.0
