"""The rules at work: states out of the store, facts in, states back, and what changed."""

import sqlite3
from dataclasses import dataclass, field, replace

from agent.core.model import Address, Change, Device, Facts, SiteFacts
from agent.rules import engine, state_store
from agent.rules.engine import Around
from agent.rules.field_types import Turns
from agent.rules.rule import RuleSet

SCHEMA = state_store.SCHEMA


@dataclass(slots=True)
class Judge:
    """Judges one printer at a time by a set of rules. Replaced as a whole when the rules change.

    The first judgement of each printer asks every rule; later ones only those that can have changed.
    """

    rules: RuleSet
    _met: set[str] = field(default_factory=set)
    _turns: dict[str, Turns] = field(init=False)
    _asks: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._turns, self._asks = self.rules.turns, self.rules.asks

    @property
    def asks(self) -> frozenset[str]:
        """The parts of the facts that its rules look at."""
        return self._asks

    def judge(self, tx: sqlite3.Connection, facts: Facts) -> list[Change]:
        """What the rules say anew of this printer; their states are updated in `tx`."""
        key = facts.device.key
        facts = replace(facts, site=self._around(tx, facts.site))
        if key not in self._met:
            facts = replace(facts, fresh=None)
            self._met.add(key)
        taken = state_store.load_turns(tx, key) if self._turns else {}
        due = self._due(taken, facts)
        around = Around(waits=self._turns.keys() - due, above=self._above(tx, facts.site))
        before = state_store.load(tx, key)
        after, changes = engine.decide(self.rules, before, facts, around)
        if after != before:
            state_store.save(tx, key, before, after)
        if due:
            state_store.save_turns(tx, key, dict.fromkeys(due, facts.now))
        return changes

    def judge_site(self, tx: sqlite3.Connection, site: SiteFacts, now: float) -> list[Change]:
        """What the rules say anew of the site as a whole."""
        device = stand_in(site.id)
        before = state_store.load(tx, device.key)
        site = self._around(tx, site)
        facts = Facts(device=device, now=now, last_answer=now, answers_in_a_row=1, site=site)
        after, changes = engine.decide_site(self.rules, before, facts)
        if after != before:
            state_store.save(tx, device.key, before, after)
        return changes

    def _around(self, tx: sqlite3.Connection, site: SiteFacts) -> SiteFacts:
        """The site with what fires on its printers, where some rule asks for that."""
        if "affected" not in self._asks:
            return site
        faults = {name: rule.fault for name, rule in self.rules.rules.items()}
        found = ((rule, faults.get(rule, ""), device) for rule, device in state_store.affected(tx))
        return replace(site, affected=frozenset(found))

    def _due(self, taken: dict[str, float], facts: Facts) -> frozenset[str]:
        """The turns that are due. While the printer is silent nobody has one: it would be wasted."""
        if not facts.answers_in_a_row:
            return frozenset()
        zone, now = self.rules.zone, facts.now
        return frozenset(text for text, it in self._turns.items() if it.due(taken.get(text), now, zone))

    def _above(self, tx: sqlite3.Connection, site: SiteFacts) -> frozenset[str]:
        """The rules about the site that fire now."""
        standing = state_store.load(tx, stand_in(site.id).key)
        return frozenset(rule for (rule, _), it in standing.items() if it.state.active)


def stand_in(site: str) -> Device:
    """What stands for a site where a printer is expected."""
    return Device(key=f"site:{site}", address=Address(""), model=f"site {site}".strip())
