"""Wear of parts: their troubles as evidence, weighed against the troubles of healthy parts.

    a trouble of the part ──► + log((worn + healthy) / healthy)   evidence: a CUSUM of log likelihood
    pages printed         ──► - worn x pages                      ratios, "worn" against "healthy"
    failed for good       ──► 0, and no evidence counts until it is repaired

A worn part shows each sort of trouble at about the same rate, whatever part it is. Healthy parts do not: a
jam at a tray comes by chance every ten thousand pages, one at a drum hardly ever. The weight of a trouble
therefore follows from the rates of healthy parts, which are learned from the fleet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log

from agent.forecast.failure_events import TroubleKind
from agent.forecast.fleet_priors import FleetPriors
from agent.forecast.usage import DAY

WORN_RATE = 0.4  # troubles of one sort that a worn part shows in 1000 pages
MERGE_WITHIN = 3600.0  # troubles within an hour are one: the same sheet, the same user
REPAIR_TIME = 5 * DAY  # troubles so soon after a final failure still concern the old part
HEALTHY_BELOW = 3.0  # below this evidence a part counts as healthy when rates are learned
JAM_RATES: Mapping[tuple[str, str], float] = {  # jams of a healthy part in 1000 pages, until learned
    ("roller", TroubleKind.JAM): 0.06,
    ("fuser", TroubleKind.JAM): 0.04,
    ("transfer", TroubleKind.JAM): 0.01,
    ("drum", TroubleKind.JAM): 0.01,
}
FAULT_RATE = 0.012  # the same for faults that name a part
GUESS_WEIGHT = 100.0  # thousands of pages that a guess is worth
AGE_EXPONENT = 4.0  # wear-outs come with the fourth power of the life used
NEUTRAL_AGE = 0.7  # share of the life used at which age is no evidence either way
MIN_AGE_EVIDENCE, MAX_AGE_EVIDENCE = -2.0, 1.5  # bounds of the evidence from age

TROUBLE_KINDS = (TroubleKind.JAM, TroubleKind.FAULT)


@dataclass(slots=True)
class PartEvidence:
    """The evidence about one part. `pages` are those of the printer's `UsageModel`."""

    kind: str
    evidence: float = 0.0
    at: float = 0.0
    pages: float = 0.0
    last: float = 0.0  # time of the last trouble that counted
    troubles: int = 0
    ended: float | None = None  # when the one before it failed for good

    def add_trouble(self, pool: FleetPriors, trouble: TroubleKind, at: float, pages: float) -> None:
        """Add a trouble of this part."""
        if self.ended is not None and at - self.ended < REPAIR_TIME:
            return
        if self.evidence < HEALTHY_BELOW:
            _learn_healthy_rate(pool, self.kind, trouble, pages - self.pages)
        self.evidence = self._evidence_at(pages)
        self.at, self.pages = at, pages
        if at - self.last > MERGE_WITHIN:
            self.evidence += evidence_of_trouble(pool, self.kind, trouble)
            self.last = at
            self.troubles += 1

    def reset_evidence(self, at: float, pages: float) -> None:
        """Start anew after a final failure: later troubles concern another part."""
        self.evidence, self.troubles, self.last = 0.0, 0, 0.0
        self.at, self.pages, self.ended = at, pages, at

    def worn_odds(self, pages: float, age: float | None) -> float:
        """Return the odds of "worn" against "healthy" now; `age`: share of the rated life used, if known."""
        evidence = self._evidence_at(pages)
        if evidence <= 0.0:
            return 1.0
        aged = 0.0 if age is None else AGE_EXPONENT * log(max(age, 0.01) / NEUTRAL_AGE)
        return exp(min(50.0, evidence + min(MAX_AGE_EVIDENCE, max(MIN_AGE_EVIDENCE, aged))))

    def _evidence_at(self, pages: float) -> float:
        return max(
            0.0, self.evidence - len(TROUBLE_KINDS) * WORN_RATE * max(0.0, pages - self.pages) / 1000.0
        )


@dataclass(slots=True)
class PrinterParts:
    """The parts of one printer that have ever given trouble, by name: "fuser 1", "roller 2"."""

    evidence: dict[str, PartEvidence] = field(default_factory=dict)

    def add_trouble(
        self, pool: FleetPriors, part: str, trouble: TroubleKind, at: float, pages: float
    ) -> None:
        """Add a trouble of a part; an end (failed, repaired, replaced) resets all parts of its kind."""
        kind = part.partition(" ")[0]
        found = self.evidence.get(part)
        if found is None:
            found = self.evidence[part] = PartEvidence(kind, at=at, pages=pages)
        if trouble is not TroubleKind.END:
            found.add_trouble(pool, trouble, at, pages)
            return
        for it in self.evidence.values():
            if it.kind == kind:
                it.reset_evidence(at, pages)


def evidence_of_trouble(pool: FleetPriors, kind: str, trouble: TroubleKind) -> float:
    """Compute what one trouble adds to the evidence: the rarer with healthy parts, the more."""
    healthy = healthy_rate(pool, kind, trouble)
    return log((WORN_RATE + healthy) / healthy)


def healthy_rate(pool: FleetPriors, kind: str, trouble: TroubleKind) -> float:
    """Return the troubles of this sort that a healthy part of this kind has in 1000 pages."""
    guess = JAM_RATES.get((kind, trouble), FAULT_RATE)
    met, pages = pool.healthy.get(f"{kind} {trouble}", (0.0, 0.0))
    return (guess * GUESS_WEIGHT + met) / (GUESS_WEIGHT + pages / 1000.0)


def _learn_healthy_rate(pool: FleetPriors, kind: str, met: TroubleKind, pages: float) -> None:
    """Learn from a healthy part that had this trouble after so many pages."""
    for trouble in TROUBLE_KINDS:
        key = f"{kind} {trouble}"
        count, before = pool.healthy.get(key, (0.0, 0.0))
        pool.healthy[key] = count + (trouble is met), before + max(0.0, pages)
