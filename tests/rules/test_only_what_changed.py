"""The engine asks only what can have changed; asked everything each time it would decide the same."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from agent.core import migrations
from agent.core.model import Change, Facts
from agent.history import facts, record
from agent.rules import engine, loader, trial
from agent.rules.engine import EvaluationScope
from agent.rules.rule import RuleSet

CASES = [
    it
    for path in loader.trial_files([loader.DEFAULTS])
    for it in trial.load_trials(path)
    if it.form.step >= 300
]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return loader.load_rules(loader.shipped_files())


def lived(case: trial.Trial) -> list[Facts]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    with closing(db):
        migrations.create_tables(db, [record.SCHEMA])
        found = []
        for moment in case.iterate_steps():
            fresh = record.record_snapshot(db, case.device.key, moment.snapshot)
            found.append(facts.load_facts(db, case.device, moment.snapshot.at, moment.site, fresh))
        return found


def decided(rules: RuleSet, known: list[Facts]) -> list[Change]:
    standing, said = {}, []
    for it in known:
        standing, changes = engine.decide_changes(rules, standing, it, EvaluationScope())
        said += changes
    return said


@pytest.mark.parametrize("case", CASES, ids=lambda it: it.name)
def test_asking_less_decides_the_same(rules: RuleSet, case: trial.Trial) -> None:
    known = lived(case)
    whole = [replace(it, fresh=None) for it in known]
    assert decided(rules, [whole[0], *known[1:]]) == decided(rules, whole)


def test_and_much_less_is_asked(rules: RuleSet) -> None:
    """Of a healthy printer whose readings say what they said before."""
    case = next(it for it in CASES if it.name.startswith("a few lost polls"))
    quiet = [replace(it, fresh=frozenset({"reach"})) for it in lived(case)[:3]]
    asked = [
        rule.id for rule in rules.rules_for_device(quiet[0].device) if rule.depends_on & {"reach", "clock"}
    ]
    assert len(asked) < len(rules.rules) / 4, asked
