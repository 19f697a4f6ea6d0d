"""Precision of rules, by how the desk closed their tickets, with confidence intervals. Pure.

    confirmed                        the rule was right
    no_fault_found, user_fixable     the rule was wrong: no visit was needed
    duplicate, out_of_scope          says nothing of the rule; counted apart

The interval is Wilson's score interval at 95 % (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212): it holds with
few tickets, and at 0 and 100 % too. Below 20 closed tickets a share is an anecdote, and is called one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

CONFIRMED = "confirmed"
WRONG_OUTCOMES = frozenset({"no_fault_found", "user_fixable"})
MIN_CLOSED = 20  # closed tickets
Z_95 = 1.959964  # 97.5 % quantile of the standard normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePrecision:
    """One rule by its closed tickets."""

    rule: str
    outcomes: Mapping[str, int]  # outcome -> tickets
    callbacks: int = 0  # tickets among them that came after a repair that did not last

    @property
    def confirmed(self) -> int:
        return self.outcomes.get(CONFIRMED, 0)

    @property
    def judged(self) -> int:
        """Closed tickets that say something of the rule."""
        return self.confirmed + sum(self.outcomes.get(name, 0) for name in WRONG_OUTCOMES)

    @property
    def share(self) -> float | None:
        """0.0 to 1.0; None where nothing was judged."""
        return self.confirmed / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson_interval(self.confirmed, self.judged) if self.judged else None

    @property
    def is_sufficient(self) -> bool:
        return self.judged >= MIN_CLOSED

    @property
    def sample_warning(self) -> str:
        """The warning to show beside the share; empty if there are enough cases."""
        return "" if self.is_sufficient else f"n < {MIN_CLOSED}: too few to judge by"


def wilson_interval(hits: int, tries: int, z: float = Z_95) -> tuple[float, float]:
    """The interval in which the true share lies, with 95 % confidence."""
    share, spread = hits / tries, z * z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / tries + spread / (4 * tries)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
