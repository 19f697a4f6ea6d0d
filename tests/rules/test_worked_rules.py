"""The six rules by which rules were designed: they load as they are written, and each speaks up in a trial."""

import re
from pathlib import Path

import pytest

from agent.pipeline.replay import trial_runner
from agent.rules import loader, trial

HERE = Path(__file__).parent / "worked"
TRIALS = trial.load_trials(HERE / "rules.trial.toml")


@pytest.fixture(scope="module")
def rules():
    return loader.load_rules([*loader.shipped_files(), HERE / "rules.toml"])


def test_all_six_are_in_force_as_they_are_written(rules):
    written = re.findall(r'^id = "(.+)"', (HERE / "rules.toml").read_text("utf-8"), re.MULTILINE)
    assert len(written) == 6
    assert [name for name in written if rules.rules[name].file == str(HERE / "rules.toml")] == written
    assert {name for it in TRIALS for name in it.form.rules} == set(written)


@pytest.mark.parametrize("case", TRIALS, ids=lambda it: it.name)
def test_each_speaks_up_with_all_of_its_words(rules, case):
    played = trial_runner.run_trial(rules, case)
    assert played.complaints == ()
    assert len(played.titles) == 1
    assert "unknown" not in played.titles[0]
