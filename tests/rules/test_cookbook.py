"""The cookbook: each everyday wish is a file that is taken without advice, with trials that go as they say."""

from datetime import UTC
from pathlib import Path

import pytest

from agent.pipeline.replay import trial_runner
from agent.rules import loader, trial

COOKBOOK = Path(__file__).parent.parent.parent / "docs" / "cookbook"
RECIPES = loader.rule_files(COOKBOOK)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_does_what_its_trials_say(path: Path) -> None:
    rules = loader.load_rules([*loader.shipped_files(), path], UTC)
    assert rules.advice == ()
    trials = trial.load_trials(path.with_suffix(".trial.toml"))
    played = [trial_runner.run_trial(rules, it) for it in trials]
    assert [complaint for it in played for complaint in it.complaints] == []
    assert any(it.tickets for it in played)  # a recipe that does nothing is none


def test_every_recipe_has_trials_and_every_trial_a_recipe() -> None:
    names = {path.name.removesuffix(loader.TRIAL_SUFFIX) for path in loader.trial_files([COOKBOOK])}
    assert names == {path.stem for path in RECIPES}


def test_the_recipes_stand_beside_each_other() -> None:
    rules = loader.load_rules([*loader.shipped_files(), COOKBOOK])
    assert {Path(rule.file).stem for rule in rules.rules.values() if not rule.shipped} == {
        path.stem for path in RECIPES
    }
