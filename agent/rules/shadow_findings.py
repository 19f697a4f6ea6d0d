"""What rules in shadow would have said: kept beside their states, for people, and counted in the heartbeat.

    fires, nothing holds it back ──► a finding opens        no ticket, no event
    over, or no longer in shadow ──► it closes

As live tickets: what an inhibitor or a calendar holds back is found when they no longer do.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from agent.rules.lifecycle import Phase
from agent.rules.rule import Rule, RuleSet
from agent.rules.state_store import RuleState, StateKey

DAY = 86400.0
COUNTED = 30 * DAY  # how far back findings are counted
KEPT = 90 * DAY  # how long they are kept once they are over


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowFinding:
    """One thing that a rule in shadow found."""

    rule: str
    device: str
    subject: str
    opened_at: float
    closed_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCount:
    """The findings of one rule in shadow: those that stand, and those opened in the last 30 days."""

    rule: str
    standing: int
    lately: int


def record_findings(
    tx: sqlite3.Connection,
    rules: RuleSet,
    device: str,
    states: Mapping[StateKey, RuleState],
    site_rules: Collection[str],
    now: float,
) -> None:
    """Open and close the findings of one printer after its states have changed.

    `site_rules`: the rules about the site that fire.
    """
    rows = tx.execute(
        "SELECT rule, subject FROM shadow_finding WHERE device = ? AND closed_at IS NULL", (device,)
    )
    known = {(row["rule"], row["subject"]) for row in rows}
    active = {key for key, it in states.items() if it.state.is_active}
    shadow = {key for key in active if key[0] in rules.rules and rules.rules[key[0]].shadow}
    over = [(now, device, *key) for key in known - shadow]
    tx.executemany(
        "UPDATE shadow_finding SET closed_at = ? WHERE device = ? AND rule = ? AND subject = ? "
        "AND closed_at IS NULL",
        over,
    )
    if over:
        tx.execute("DELETE FROM shadow_finding WHERE closed_at < ?", (now - KEPT,))
    fresh = [
        (device, *key, now)
        for key in shadow - known
        if states[key].state.phase is Phase.FIRING
        and not _is_held_back(rules.rules[key[0]], key[1], rules, active, site_rules, now)
    ]
    tx.executemany("INSERT OR IGNORE INTO shadow_finding VALUES (?, ?, ?, ?, NULL)", fresh)


def _is_held_back(
    rule: Rule,
    subject: str,
    rules: RuleSet,
    active: Iterable[StateKey],
    site_rules: Collection[str],
    now: float,
) -> bool:
    """True if a rule that it gives way to fires, or its calendar keeps it quiet."""
    inhibited = any(
        name in rule.inhibited_by and (other == subject or rules.rules[name].per != rule.per)
        for name, other in active
        if name in rules.rules
    )
    above = not set(rule.inhibited_by).isdisjoint(site_rules)
    return inhibited or above or any(it.applies_at(now) for it in rule.suppressions)


def count_findings(db: sqlite3.Connection, now: float) -> list[ShadowCount]:
    """Count the findings of each rule in shadow, by rule."""
    rows = db.execute(
        "SELECT rule, sum(closed_at IS NULL) AS standing, sum(opened_at > ?) AS lately FROM shadow_finding "
        "WHERE closed_at IS NULL OR opened_at > ? GROUP BY rule ORDER BY rule",
        (now - COUNTED, now - COUNTED),
    )
    return [ShadowCount(rule=row["rule"], standing=row["standing"], lately=row["lately"]) for row in rows]


def load_findings(db: sqlite3.Connection, since: float) -> list[ShadowFinding]:
    """Load the findings that stand, and those that were over at or after `since`; the oldest first."""
    rows = db.execute(
        "SELECT * FROM shadow_finding WHERE closed_at IS NULL OR closed_at >= ? ORDER BY opened_at, device",
        (since,),
    )
    return [ShadowFinding(**dict(row)) for row in rows]
