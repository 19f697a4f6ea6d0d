"""Evaluate rules with stored states: load the states, apply the facts, save, return the changes."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core.model import Address, Change, Device, Facts, SiteFacts
from agent.rules import engine, shadow_findings, state_store
from agent.rules.engine import EvaluationScope
from agent.rules.field_types import EvaluationSchedule
from agent.rules.rule import RuleSet
from agent.rules.state_store import RuleState, StateKey

SCHEMA = state_store.SCHEMA


@dataclass(slots=True)
class RuleEvaluator:
    """Evaluates a rule set for one printer at a time. Replaced as a whole when the rules change.

    The first evaluation of each printer covers every rule; later ones only rules that can have changed.
    """

    rules: RuleSet
    _evaluated_devices: set[str] = field(default_factory=set)
    _schedules: dict[str, EvaluationSchedule] = field(init=False)
    _used_parts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._schedules, self._used_parts = self.rules.schedules, self.rules.used_parts

    @property
    def used_parts(self) -> frozenset[str]:
        """The parts of the facts that its rules look at."""
        return self._used_parts

    def evaluate_device(self, tx: sqlite3.Connection, facts: Facts) -> list[Change]:
        """Evaluate the rules for this printer, save their states in `tx`, and return the changes."""
        key = facts.device.key
        facts = replace(facts, site=self._add_affected(tx, facts.site))
        first = key not in self._evaluated_devices
        if first:
            facts = replace(facts, fresh=None)
            self._evaluated_devices.add(key)
        taken = state_store.load_schedule_times(tx, key) if self._schedules else {}
        due = self._due_schedules(taken, facts)
        scope = EvaluationScope(
            not_due=self._schedules.keys() - due, firing_site_rules=self._firing_site_rules(tx, facts.site)
        )
        before = state_store.load_states(tx, key)
        after, changes = engine.decide_changes(self.rules, before, facts, scope)
        if after != before:
            state_store.save_states(tx, key, before, after)
        if first or self._has_shadow(before) or self._has_shadow(after):
            above = scope.firing_site_rules
            shadow_findings.record_findings(tx, self.rules, key, after, above, facts.now)
        if due:
            state_store.save_schedule_times(tx, key, dict.fromkeys(due, facts.now))
        return changes

    def evaluate_site(self, tx: sqlite3.Connection, site: SiteFacts, now: float) -> list[Change]:
        """Evaluate the rules about the site as a whole."""
        device = make_site_device(site.id)
        before = state_store.load_states(tx, device.key)
        site = self._add_affected(tx, site)
        facts = Facts(device=device, now=now, last_answer=now, answers_in_a_row=1, site=site)
        after, changes = engine.decide_site_changes(self.rules, before, facts)
        if after != before:
            state_store.save_states(tx, device.key, before, after)
        return changes

    def _has_shadow(self, states: Mapping[StateKey, RuleState]) -> bool:
        """True if a rule in shadow fires."""
        rules = self.rules.rules
        return any(
            it.state.is_active and name in rules and rules[name].shadow for (name, _), it in states.items()
        )

    def _add_affected(self, tx: sqlite3.Connection, site: SiteFacts) -> SiteFacts:
        """The site with what fires on its printers, where some rule asks for that."""
        if "affected" not in self._used_parts:
            return site
        faults = {name: rule.fault for name, rule in self.rules.rules.items()}
        found = ((rule, faults.get(rule, ""), device) for rule, device in state_store.list_affected(tx))
        return replace(site, affected=frozenset(found))

    def _due_schedules(self, taken: dict[str, float], facts: Facts) -> frozenset[str]:
        """The schedules that are due; none while the printer is silent, so that the next answer is used."""
        if not facts.answers_in_a_row:
            return frozenset()
        zone, now = self.rules.zone, facts.now
        return frozenset(
            text for text, it in self._schedules.items() if it.is_due(taken.get(text), now, zone)
        )

    def _firing_site_rules(self, tx: sqlite3.Connection, site: SiteFacts) -> frozenset[str]:
        """The rules about the site that fire now."""
        standing = state_store.load_states(tx, make_site_device(site.id).key)
        return frozenset(rule for (rule, _), it in standing.items() if it.state.is_active)


def make_site_device(site: str) -> Device:
    """Make the device that represents a site."""
    return Device(key=f"site:{site}", address=Address(""), model=f"site {site}".strip())
