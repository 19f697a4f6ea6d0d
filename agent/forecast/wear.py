"""Parts that wear out: what their troubles say, weighed against what healthy parts show.

    a trouble of the part ──► + log(WORSE)                evidence: a CUSUM of log likelihood ratios,
    pages printed         ──► - rate x (WORSE - 1)        "worn, WORSE times as many troubles a page"
    days without trouble  ──► fades                       against "healthy"
    repaired or replaced  ──► 0

The rate of healthy parts is learned over the fleet. Printers that print much meet more chance clusters of
troubles in a month, so their evidence is weighed down a little (and that of quiet ones up).
"""

from dataclasses import dataclass, field
from math import exp, log

from agent.forecast.habit import DAY
from agent.forecast.pool import Pool
from agent.forecast.troubles import Trouble

WORSE = 6.0
TELLING = 1.0  # a fault that names the part tells more than a jam near it
SAME = 3600.0  # troubles within an hour are one: the same sheet, the same user
FADES = 87 * DAY  # evidence without new trouble falls to 1/e in this time: it halves in two months
CALM = 3.0  # below this evidence a part counts as healthy when rates are learned
GUESS = {Trouble.JAM: 0.06, Trouble.FAULT: 0.012}  # troubles of a healthy part in 1000 pages, until learned
GUESSED = 200.0  # thousands of pages that the guess is worth
USUAL, BY_VOLUME, AT_MOST = (
    0.15,
    0.5,
    2.0,
)  # healthy troubles a month that need no weighing; how much, how far
OLD, YOUNG, BY_AGE = 0.85, 0.5, 1.0  # shares of its rated life beyond which age speaks for or against


@dataclass(slots=True)
class Part:
    """The evidence about one part. `pages` are those of the printer's `Habit`."""

    kind: str
    evidence: float = 0.0
    at: float = 0.0
    pages: float = 0.0
    last: float = 0.0  # when the last trouble was that counted
    troubles: int = 0

    def meet(self, pool: Pool, trouble: Trouble, at: float, pages: float) -> None:
        """A trouble of this part."""
        if self.evidence < CALM:
            _learn(pool, self.kind, trouble, pages - self.pages)
        self.evidence = self._now(pool, at, pages)
        self.at, self.pages = at, pages
        if at - self.last > SAME:
            self.evidence += log(WORSE) + (TELLING if trouble is Trouble.FAULT else 0.0)
            self.last = at
            self.troubles += 1

    def _now(self, pool: Pool, at: float, pages: float) -> float:
        printed = max(0.0, pages - self.pages) / 1000.0
        healthy = healthy_rate(pool, self.kind) * (WORSE - 1.0) * printed
        return max(0.0, self.evidence * exp((self.at - at) / FADES) - healthy)

    def odds(self, pool: Pool, at: float, pages: float, week: float, age: float | None) -> float:
        """How much likelier "worn" is than "healthy" now.

        `week`: pages a week; `age`: share of its rated life that is used, if that is known.
        """
        month = max(1e-3, healthy_rate(pool, self.kind) * week * 30 / 7000.0)
        weighed = min(AT_MOST, max(-AT_MOST, log(month / USUAL))) * BY_VOLUME
        aged = 0.0 if age is None else BY_AGE * ((age > OLD) - (age < YOUNG))
        return exp(min(50.0, self._now(pool, at, pages) - weighed + aged))


@dataclass(slots=True)
class Parts:
    """The parts of one printer that have ever given trouble, by name: "fuser 1", "roller 2"."""

    known: dict[str, Part] = field(default_factory=dict)

    def meet(self, pool: Pool, part: str, trouble: Trouble, at: float, pages: float) -> None:
        """A trouble of a part; its end (failed, repaired, replaced) makes it a new one."""
        if trouble is Trouble.END:
            kind = part.partition(" ")[0]
            self.known = {name: it for name, it in self.known.items() if it.kind != kind}
            return
        found = self.known.get(part)
        if found is None:
            found = self.known[part] = Part(part.partition(" ")[0], at=at, pages=pages)
        found.meet(pool, trouble, at, pages)


def healthy_rate(pool: Pool, kind: str) -> float:
    """Troubles of a healthy part of this kind in 1000 pages."""
    total = 0.0
    for trouble, guess in GUESS.items():
        met, pages = pool.healthy.get(f"{kind} {trouble}", (0.0, 0.0))
        total += (guess * GUESSED + met) / (GUESSED + pages / 1000.0)
    return total


def _learn(pool: Pool, kind: str, met: Trouble, pages: float) -> None:
    """A healthy part met this trouble after so many pages."""
    for trouble in GUESS:
        key = f"{kind} {trouble}"
        count, before = pool.healthy.get(key, (0.0, 0.0))
        pool.healthy[key] = count + (trouble is met), before + max(0.0, pages)
