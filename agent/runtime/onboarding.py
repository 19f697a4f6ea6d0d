"""The first days of a site: the digest, the rules that open no tickets yet, and until when."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.model import Impact
from agent.rules import state_store
from agent.rules.rule import Rule, RuleSet
from agent.tickets import batches

DIGEST_IMPACTS = (
    Impact.SUPPLY,
    Impact.PREDICTED,
)  # what is not told in the first days, unless it was there before


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """A rule that is evaluated and opens no tickets now."""

    rule: str
    until: float | None  # None: until its file is edited
    waiting: int  # findings that opened no ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingStatus:
    """The progress of a site's first days."""

    began: float | None  # time of the first printer found
    settles: float | None  # end of the first days; None: there are none
    over: bool
    digest: batches.BatchSummary | None
    quiet: tuple[QuietRule, ...]


def load_onboarding(
    db: sqlite3.Connection, rules: RuleSet, site: str, first_days: float, now: float
) -> OnboardingStatus:
    """Load the progress at `now`."""
    began = db.execute("SELECT min(first_seen) AS at FROM device").fetchone()["at"]
    settles = began + first_days if began is not None and first_days else None
    over = settles is None or now >= settles
    untold = Counter(
        rule
        for _, (rule, _), standing in state_store.load_all_states(db)
        if standing.state.is_active and not standing.state.announced
    )
    return OnboardingStatus(
        began=began,
        settles=settles,
        over=over,
        digest=batches.load_digest(db, site),
        quiet=tuple(
            QuietRule(rule=rule.id, until=None if rule.shadow else settles, waiting=untold[rule.id])
            for rule in _quiet_rules(rules.rules.values(), over=over)
        ),
    )


def _quiet_rules(rules: Iterable[Rule], *, over: bool) -> Iterable[Rule]:
    return (rule for rule in rules if rule.shadow or (not over and rule.impact in DIGEST_IMPACTS))
