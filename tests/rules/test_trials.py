"""The shipped trials are played; the notation of trials, and what a failed one says."""

import json
from datetime import UTC
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.pipeline.replay import trial_runner
from agent.rules import loader, trial, trial_series

SHIPPED = [it for path in loader.trial_files([loader.DEFAULTS]) for it in trial.load_trials(path)]


@pytest.fixture(scope="module")
def rules():
    return loader.load_rules(loader.shipped_files(), UTC)


@pytest.mark.parametrize("case", SHIPPED, ids=lambda it: it.name)
def test_a_shipped_rule_does_what_its_trial_says(rules, case):
    assert trial_runner.run_trial(rules, case).complaints == ()


def test_every_shipped_rule_has_a_trial_beside_it(rules):
    assert set(rules.rules) == {name for it in SHIPPED for name in it.form.rules}
    for path in loader.shipped_files():
        named = {
            name
            for it in SHIPPED
            if it.file == str(path.with_suffix(".trial.toml"))
            for name in it.form.rules
        }
        here = {rule.id for rule in rules.rules.values() if rule.file == str(path)}
        assert here <= named, path.name


def test_every_trial_says_what_is_to_come_of_it():
    for it in SHIPPED:
        assert it.form.expect or it.form.tells is not None or it.form.tickets is not None, it.name


def test_played_twice_a_trial_says_the_same(rules):
    for it in SHIPPED[:8]:
        assert trial_runner.run_trial(rules, it) == trial_runner.run_trial(rules, it)


UNFOLDED = [
    ("80x3 9", ["80", "80", "80", "9"]),
    ("(9 11)x2", ["9", "11", "9", "11"]),
    ("10..6x3", ["10", "8", "6"]),
    ("5..8x4", ["5", "6", "7", "8"]),
    ("idle x2 down", ["idle", "idle", "down"]),
    ("some_left x2", ["some_left"] * 2),
    ("80x2 (9 9 11)x1", ["80", "80", "9", "9", "11"]),
]


@pytest.mark.parametrize(("text", "values"), UNFOLDED, ids=[it[0] for it in UNFOLDED])
def test_the_notation_of_series(text, values):
    assert trial_series.expand_series(text) == values


@pytest.mark.parametrize("text", ["", "  ", "9x999999999"])
def test_a_series_of_nothing_or_of_too_much_is_refused(text):
    with pytest.raises(ValueError, match=r"\| write"):
        trial_series.expand_series(text)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.trial.toml"
    path.write_text('[[trial]]\nname = "mine"\nrules = ["supply-low"]\nstep = "30 min"\n' + text, "utf-8")
    return path


def test_a_trial_that_fails_says_what_came_instead(rules, tmp_path):
    path = written(
        tmp_path, 'series."level black" = "80x4 9x4"\ntickets = ["1 h: open supply.low toner:black (normal)"]'
    )
    (case,) = trial.load_trials(path)
    assert trial_runner.run_trial(rules, case).complaints == (
        "tickets, not expected: 3 h: open supply.low toner:black (normal)",
        "tickets, missing: 1 h: open supply.low toner:black (normal)",
    )


def test_a_trial_of_where_rules_stand(rules, tmp_path):
    expect = 'expect = [{ at = "2h" }, { at = "150 min", pending = ["supply-low"] }, { at = "4h" }]'
    (case,) = trial.load_trials(written(tmp_path, f'series."level black" = "80x4 9x8"\n{expect}'))
    assert trial_runner.run_trial(rules, case).complaints == ("at 4 h: firing supply-low, expected nothing",)


def test_a_trial_of_a_rule_that_does_not_exist(rules, tmp_path):
    path = written(tmp_path, "tells = []")
    path.write_text(path.read_text().replace("supply-low", "suply-low"))
    (case,) = trial.load_trials(path)
    assert trial_runner.run_trial(rules, case).complaints == ('there is no rule "suply-low"',)


MISTAKES = [
    ('series."level black" = "9 x"', 'trial[1]: "x" is no level'),
    ('series.status = "sleeping"', 'trial[1]: "sleeping" is no status'),
    ('alert = [{ code = "jamm" }]', 'trial[1]: "jamm" is not known here'),
    ('series."levle black" = "80x4"', 'trial[1]: "levle black" is no series'),
    ("expects = []", "trial[1].expects: unknown key"),
    ('lasts = "5"', "trial[1].lasts:"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[it[1] for it in MISTAKES])
def test_a_mistake_in_a_trial_is_told_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        trial.load_trials(written(tmp_path, text))
    assert said in str(caught.value)


def test_sixty_old_conditions_of_a_new_site_open_no_ticket_of_their_own(rules, tmp_path):
    text = 'first_days = "72 hours"\nseries."level black" = "5x150"\ntickets = ["1 day 1 h: open site.found digest (normal)"]'
    (case,) = trial.load_trials(written(tmp_path, text))
    assert trial_runner.run_trial(rules, case).complaints == ()


def test_what_breaks_on_the_first_day_is_told_at_once_if_the_printer_is_down(rules, tmp_path):
    text = (
        'first_days = "72 hours"\nalert = [{ code = "markerFuserTimingFailure", from = "1 s" }]\nlasts = "3h"'
    )
    path = written(tmp_path, text + '\ntickets = ["1 h: open fuser.failure fuser:1 (critical)"]')
    path.write_text(path.read_text().replace("supply-low", "fuser-failure"))
    (case,) = trial.load_trials(path)
    assert trial_runner.run_trial(rules, case).complaints == ()


def test_the_published_schema_is_the_form_that_is_checked():
    published = json.loads((loader.HERE / "rules.schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(loader.json_schema()))


def test_every_shipped_file_names_the_schema():
    for path in loader.shipped_files():
        first, _, _ = path.read_text("utf-8").partition("\n")
        assert first == "#:schema ../rules.schema.json", path.name
        assert (path.parent / first.removeprefix("#:schema ")).exists()
