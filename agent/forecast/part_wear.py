"""Parts that wear out: what their troubles say, weighed against what healthy parts show.

    a trouble of the part ──► + log((worn + healthy) / healthy)   evidence: a CUSUM of log likelihood
    pages printed         ──► - worn x pages                      ratios, "worn" against "healthy"
    failed for good       ──► 0, and deaf until it is repaired

A worn part shows each sort of trouble at about the same rate, whatever part it is. Healthy parts do not: a
jam at a tray comes by chance every ten thousand pages, one at a drum hardly ever. So how telling a trouble
is follows from what healthy parts of the fleet show, and that is learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log

from agent.forecast.failure_events import Trouble
from agent.forecast.fleet_priors import Pool
from agent.forecast.usage import DAY

WORN = 0.4  # troubles of one sort that a worn part shows in 1000 pages
SAME = 3600.0  # troubles within an hour are one: the same sheet, the same user
REPAIR = 5 * DAY  # what a part meets so soon after it failed for good is still about the old one
CALM = 3.0  # below this evidence a part counts as healthy when rates are learned
GUESSES: Mapping[tuple[str, str], float] = {  # jams of a healthy part in 1000 pages, until learned
    ("roller", Trouble.JAM): 0.06,
    ("fuser", Trouble.JAM): 0.04,
    ("transfer", Trouble.JAM): 0.01,
    ("drum", Trouble.JAM): 0.01,
}
GUESS = 0.012  # the same for faults that name a part
GUESSED = 100.0  # thousands of pages that a guess is worth
BY_AGE, MIDDLE = 4.0, 0.7  # wear-outs come with the fourth power of the life used; at MIDDLE it says nothing
YOUNG, OLD = -2.0, 1.5  # how much age may say, as evidence

SORTS = (Trouble.JAM, Trouble.FAULT)


@dataclass(slots=True)
class Part:
    """The evidence about one part. `pages` are those of the printer's `Habit`."""

    kind: str
    evidence: float = 0.0
    at: float = 0.0
    pages: float = 0.0
    last: float = 0.0  # when the last trouble was that counted
    troubles: int = 0
    ended: float | None = None  # when the one before it failed for good

    def meet(self, pool: Pool, trouble: Trouble, at: float, pages: float) -> None:
        """A trouble of this part."""
        if self.ended is not None and at - self.ended < REPAIR:
            return
        if self.evidence < CALM:
            _learn(pool, self.kind, trouble, pages - self.pages)
        self.evidence = self._now(pages)
        self.at, self.pages = at, pages
        if at - self.last > SAME:
            self.evidence += telling(pool, self.kind, trouble)
            self.last = at
            self.troubles += 1

    def end(self, at: float, pages: float) -> None:
        """It failed for good: what follows is about another."""
        self.evidence, self.troubles, self.last = 0.0, 0, 0.0
        self.at, self.pages, self.ended = at, pages, at

    def odds(self, pages: float, age: float | None) -> float:
        """How much likelier "worn" is than "healthy" now; `age`: share of its rated life used, if known."""
        evidence = self._now(pages)
        if evidence <= 0.0:
            return 1.0
        aged = 0.0 if age is None else BY_AGE * log(max(age, 0.01) / MIDDLE)
        return exp(min(50.0, evidence + min(OLD, max(YOUNG, aged))))

    def _now(self, pages: float) -> float:
        return max(0.0, self.evidence - len(SORTS) * WORN * max(0.0, pages - self.pages) / 1000.0)


@dataclass(slots=True)
class Parts:
    """The parts of one printer that have ever given trouble, by name: "fuser 1", "roller 2"."""

    known: dict[str, Part] = field(default_factory=dict)

    def meet(self, pool: Pool, part: str, trouble: Trouble, at: float, pages: float) -> None:
        """A trouble of a part; its end (failed, repaired, replaced) makes all of its kind new ones."""
        kind = part.partition(" ")[0]
        found = self.known.get(part)
        if found is None:
            found = self.known[part] = Part(kind, at=at, pages=pages)
        if trouble is not Trouble.END:
            found.meet(pool, trouble, at, pages)
            return
        for it in self.known.values():
            if it.kind == kind:
                it.end(at, pages)


def telling(pool: Pool, kind: str, trouble: Trouble) -> float:
    """What one trouble adds to the evidence: the rarer with healthy parts, the more."""
    healthy = healthy_rate(pool, kind, trouble)
    return log((WORN + healthy) / healthy)


def healthy_rate(pool: Pool, kind: str, trouble: Trouble) -> float:
    """Troubles of this sort that a healthy part of this kind meets in 1000 pages."""
    guess = GUESSES.get((kind, trouble), GUESS)
    met, pages = pool.healthy.get(f"{kind} {trouble}", (0.0, 0.0))
    return (guess * GUESSED + met) / (GUESSED + pages / 1000.0)


def _learn(pool: Pool, kind: str, met: Trouble, pages: float) -> None:
    """A healthy part met this trouble after so many pages."""
    for trouble in SORTS:
        key = f"{kind} {trouble}"
        count, before = pool.healthy.get(key, (0.0, 0.0))
        pool.healthy[key] = count + (trouble is met), before + max(0.0, pages)
