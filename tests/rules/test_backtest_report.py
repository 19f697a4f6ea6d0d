"""A backtest from the request to the report: without a terminal, without a configuration."""

from dataclasses import replace

import pytest

from agent.core.errors import ConfigError
from agent.core.store import open_reader
from agent.pipeline.replay.backtest_plan import BacktestRequest
from agent.pipeline.replay.backtest_report import run_backtest
from agent.rules import loader, lookup

DAY = 86400.0
RULE = """
[[rule]]
id = "mine"
per = "supply"
title = "{supply} of {device}"
when.all = [ { signal = "supply.level", op = "<", value = "15 %" } ]
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"
reason = "a test"
"""


@pytest.fixture(scope="module")
def rules():
    return loader.load_rules(loader.shipped_files())


@pytest.fixture(scope="module")
def db(imagined, tmp_path_factory):
    path = tmp_path_factory.mktemp("backtest") / "state.db"
    imagined.imagine(path, 2, 40)
    db = open_reader(path)
    yield db
    db.close()


def test_without_times_it_looks_at_the_90_days_before_the_last_answer(db, rules, imagined):
    report = run_backtest(db, rules, BacktestRequest(names=["supply-low"]))
    (until,) = db.execute("SELECT max(last_answer) FROM latest").fetchone()
    assert (report.span.since, report.span.until) == (until - 90 * DAY, until)
    assert [score.rule for score in report.scores] == ["supply-low"]
    assert report.scores[0].firings
    document = report.document()
    assert "cost" not in {*document, *document["rules"][0]}, "without prices nothing is said of them"
    assert (report.only_new, report.swept) == ({}, [])


def test_it_names_each_run_and_how_far_it_is(db, rules):
    seen = []

    def progress(label):
        return lambda done, of: seen.append((label, done, of))

    run_backtest(db, rules, BacktestRequest(names=["supply-low", "jams-recurring"]), progress=progress)
    assert seen[-1] == ("supply-low, jams-recurring", 2, 2)


def test_the_difference_to_the_rules_in_force_is_what_only_one_of_them_opens(db, rules):
    none = replace(rules, rules={}, _device_cache={})
    request = BacktestRequest(names=["supply-low"])
    same = run_backtest(db, rules, request, deployed=rules)
    new = run_backtest(db, rules, request, deployed=none)
    assert (same.only_new, same.only_old) == ({"supply-low": []}, {"supply-low": []})
    assert new.only_new == {"supply-low": list(new.scores[0].tickets)}


def test_a_sweep_scores_one_threshold_over_its_range(db, rules):
    request = BacktestRequest(names=["supply-low"], sweep="supply-low.when.all[2].value=5..20/2")
    report = run_backtest(db, rules, request)
    assert [value for value, _ in report.swept] == ["5 %", "20 %"]
    assert [it["value"] for it in report.document()["sweep"]] == ["5 %", "20 %"]


@pytest.mark.parametrize(
    ("wrong", "key", "reason"),
    [
        ({"names": ["nope"]}, "", 'there is no rule "nope"'),
        ({"against": ["nope"]}, "", 'there is no rule "nope"'),
        ({"horizon": "never"}, "--horizon", "never"),
        ({"since": 2.0, "until": 1.0}, "--from", "is not before the end"),
        ({"sweep": "nonsense"}, "--sweep", '"nonsense" is no sweep'),
    ],
    ids=str,
)
def test_a_mistake_is_named_with_its_option(db, rules, wrong, key, reason):
    with pytest.raises(ConfigError) as why:
        run_backtest(db, rules, BacktestRequest(**{"names": ["supply-low"], **wrong}))
    (complaint,) = why.value.complaints
    assert key in str(complaint)
    assert reason in str(complaint)


def test_with_files_only_those_that_are_not_shipped_are_of_interest(tmp_path):
    (tmp_path / "mine.toml").write_text(RULE)
    rules = loader.load_rules([*loader.shipped_files(), tmp_path / "mine.toml"])
    assert [rule.id for rule in lookup.rules_of_interest(rules, [tmp_path])] == ["mine"]
    assert len(lookup.rules_of_interest(rules, None)) == len(rules.rules)


def with_rule(rules, name, **different):
    rule = replace(rules.rules[different.pop("like", name)], id=name, **different)
    return replace(rules, rules={**rules.rules, name: rule}, _device_cache={})


def test_a_copy_of_a_rule_in_force_brings_no_ticket_more(db, rules):
    copy = with_rule(rules, "toner-10b", like="supply-low")
    report = run_backtest(db, copy, BacktestRequest(names=["toner-10b"]), deployed=rules)
    assert report.scores[0].firings
    assert (report.only_new, report.only_old) == ({"toner-10b": []}, {"toner-10b": []})


def test_a_copy_that_finds_another_fault_brings_its_own_tickets(db, rules):
    other = with_rule(rules, "toner-10b", like="supply-low", fault="supply.alert")
    report = run_backtest(db, other, BacktestRequest(names=["toner-10b"]), deployed=rules)
    assert report.only_new["toner-10b"] == list(report.scores[0].tickets) != []


def test_a_rule_in_shadow_is_judged_as_if_it_spoke(db, rules):
    shadow = with_rule(rules, "supply-low", shadow=True)
    request = BacktestRequest(names=["supply-low"])
    spoken, quiet = run_backtest(db, rules, request), run_backtest(db, shadow, request)
    assert (
        [it.opened for it in quiet.scores[0].firings] == [it.opened for it in spoken.scores[0].firings] != []
    )


def test_a_rule_that_is_not_replayed_has_no_score(db, rules):
    (score,) = run_backtest(db, rules, BacktestRequest(names=["waste-level-high"])).scores
    assert score.unreplayable_signals
    assert not score.judged
    assert not score.missed


def test_rates_are_of_the_time_in_which_something_is_known(db, rules):
    report = run_backtest(db, rules, BacktestRequest(names=["supply-low"]))
    (score,) = report.scores
    (last,) = db.execute("SELECT max(last_answer) FROM latest").fetchone()
    assert 39 < (last - score.known_since) / DAY < 41
    assert score.device_months == pytest.approx(2 * 40 / 30.44, rel=0.03)
