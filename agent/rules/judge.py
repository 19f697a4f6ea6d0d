"""The rules at work: states out of the store, facts in, states back, and what changed."""

import sqlite3
from dataclasses import dataclass

from agent.model import Change, Facts
from agent.rules import engine, states
from agent.rules.rule import RuleSet

SCHEMA = states.SCHEMA


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one printer at a time by a set of rules. Replaced as a whole when the rules change."""

    rules: RuleSet

    def judge(self, tx: sqlite3.Connection, facts: Facts) -> list[Change]:
        """What the rules say anew of this printer; their states are updated in `tx`."""
        before = states.load(tx, facts.device.key)
        after, changes = engine.decide(self.rules, before, facts)
        if after != before:
            states.save(tx, facts.device.key, before, after)
        return changes
