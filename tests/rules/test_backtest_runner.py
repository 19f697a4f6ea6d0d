"""Backtests come to the same by every short way: passed-over moments, several processes, remembered results."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.model import Supply
from agent.core.store import open_reader
from agent.pipeline.replay import backtest_runner, result_cache
from agent.pipeline.replay.backtest_runner import BacktestOptions, BacktestRun
from agent.pipeline.replay.device_runner import TimeRange
from agent.rules import loader
from agent.rules.backtest import threshold_sweep
from agent.rules.rule import RuleSet

ROOT = Path(__file__).parent.parent.parent
DAY = 86400.0
PRINTERS, DAYS = 4, 60


@pytest.fixture(scope="module")
def file(imagined, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("hindsight") / "state.db"
    imagined.imagine(path, PRINTERS, DAYS)
    return path


@pytest.fixture
def db(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(file)) as db:
        yield db


@pytest.fixture(scope="module")
def span(imagined) -> TimeRange:
    return TimeRange(since=imagined.END - DAYS * DAY, until=imagined.END)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return loader.load_rules(loader.shipped_files())


def told(run: BacktestRun) -> object:
    return run.firings, run.replaced, run.devices, run.thinned


def test_firings_and_replacements_name_a_supply_alike(db, rules, span, monkeypatch):
    """By the key of the model, whatever it is: without that no replacement would ever be foreseen."""
    monkeypatch.setattr(Supply, "key", property(lambda supply: f"the supply in row {supply.index}"))
    run = backtest_runner.run_backtest(db, threshold_sweep.select_rules(rules, ["supply-low"]), span)
    named = {firing.subject for firing in run.firings["supply-low"]}
    assert named
    assert named <= {event.subject for event in run.replaced}
    assert all(name.startswith("the supply in row 1.") for name in named)


@pytest.mark.long
def test_passing_over_what_cannot_matter_changes_nothing(db, rules, span):
    for names in (
        ["supply-low"],
        ["supply-low-by-alert", "jams-recurring", "service-requested", "missed-events"],
    ):
        some = threshold_sweep.select_rules(rules, names)
        whole = backtest_runner.run_backtest(db, some, span, how=BacktestOptions(shortcuts=False))
        short = backtest_runner.run_backtest(db, some, span)
        assert told(short) == told(whole)
        assert sum(map(len, whole.firings.values())) > 5
        assert short.evaluations < whole.evaluations or names != ["supply-low"]


def test_a_short_way_that_passes_over_too_much_would_be_seen(db, rules, span, monkeypatch):
    supplies = threshold_sweep.select_rules(rules, ["supply-empty"])
    whole = backtest_runner.run_backtest(db, supplies, span, how=BacktestOptions(shortcuts=False))
    monkeypatch.setattr(
        "agent.pipeline.replay.device_replay.DeviceReplay._row_begins",
        lambda _self, supply, _now: (supply.percent or 0) <= 0,
    )
    assert told(backtest_runner.run_backtest(db, supplies, span)) != told(whole)


def test_rules_that_have_nothing_to_do_with_each_other_are_judged_apart_with_the_same_outcome(
    db, rules, span
):
    names = ["supply-low", "jams-recurring", "device-offline"]
    together = backtest_runner.run_backtest(db, threshold_sweep.select_rules(rules, names), span)
    for name in names:
        alone = backtest_runner.run_backtest(db, threshold_sweep.select_rules(rules, [name]), span)
        assert alone.firings[name] == together.firings[name]


def test_several_processes_come_to_the_same_in_the_same_order(db, rules, span):
    some = threshold_sweep.select_rules(rules, ["supply-low", "jams-recurring"])
    assert told(backtest_runner.run_backtest(db, some, span, how=BacktestOptions(workers=2))) == told(
        backtest_runner.run_backtest(db, some, span, how=BacktestOptions(workers=1))
    )


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "backtests.db"


def test_what_was_computed_is_not_computed_again_and_reads_the_same(db, rules, span, memory):
    some = threshold_sweep.select_rules(rules, ["supply-low", "jams-recurring"])
    plain = backtest_runner.run_backtest(db, some, span)
    first = backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    second = backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    assert told(plain) == told(first) == told(second)
    assert (first.evaluations > 0, second.evaluations) == (True, 0)


def test_another_threshold_computes_that_rule_alone(db, rules, span, memory):
    some = threshold_sweep.select_rules(rules, ["supply-low", "jams-recurring"])
    backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    _, (step, *_) = threshold_sweep.build_variants(some, "jams-recurring.when.all[2].value=2..3/2")
    again = backtest_runner.run_backtest(db, step.rules, span, how=BacktestOptions(cache_path=memory))
    afresh = backtest_runner.run_backtest(db, step.rules, span)
    assert told(again) == told(afresh)
    assert 0 < again.evaluations < afresh.evaluations


JUDGES = [
    "core/calendars.py",
    "core/units.py",
    "core/alert_codes.py",
    "history/supply_gauges.py",
    "history/meters/epochs.py",
    "rules/faults.toml",
    "pipeline/replay/device_replay.py",
]


@pytest.mark.parametrize("name", JUDGES)
def test_whatever_file_of_the_program_is_edited_nothing_is_remembered(name: str, tmp_path: Path) -> None:
    source = ROOT / "agent"
    copy = Path(shutil.copytree(source, tmp_path / "agent", ignore=shutil.ignore_patterns("__pycache__")))
    assert result_cache.of_files([copy]) == result_cache.of_files([source])
    (copy / name).write_bytes((copy / name).read_bytes() + b"\n# edited\n")
    assert result_cache.of_files([copy]) != result_cache.of_files([source])


def test_a_file_by_another_name_and_compiled_leftovers(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "one.py").write_text("")
    before = result_cache.of_files([tmp_path])
    (tmp_path / "__pycache__" / "one.pyc").write_bytes(b"compiled")
    assert result_cache.of_files([tmp_path]) == before
    (tmp_path / "one.py").rename(tmp_path / "two.py")
    assert result_cache.of_files([tmp_path]) != before


def test_everything_that_a_backtest_imports_of_ours_is_part_of_what_is_hashed() -> None:
    script = "import sys, agent.pipeline.replay.backtest_runner; print(*{name.partition('.')[0] for name in sys.modules})"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    assert {"agent"} <= ours & set(found.stdout.split()) <= {"agent", "uplink"}


def changed(file: Path, tmp_path: Path, statement: str) -> Path:
    """A copy of the state file with something of the past changed."""
    copy = tmp_path / "changed.db"
    with closing(sqlite3.connect(file)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
        assert new.execute(statement).rowcount > 0
        new.commit()
    return copy


CHANGES = [
    "UPDATE series_value SET value = 3 WHERE series = (SELECT id FROM series WHERE name = 'supply.1.1' LIMIT 1)",
    "DELETE FROM alert_episode WHERE device LIKE '%000003'",
    "INSERT INTO device_event SELECT device, at + 60, 'replaced', '1.1', 0, NULL FROM device_event LIMIT 1",
    "UPDATE device SET model = 'IM C9000' WHERE key LIKE '%000002'",
    "UPDATE unreachable_period SET ended = ended + 7200 WHERE device LIKE '%000000'",
]


@pytest.mark.parametrize("statement", CHANGES, ids=lambda it: " ".join(it.split()[:3]))
def test_what_was_computed_from_another_past_is_not_used(file, tmp_path, rules, span, memory, statement):
    some = threshold_sweep.select_rules(rules, ["supply-low", "jams-recurring", "device-offline"])
    with closing(open_reader(file)) as db:
        backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    with closing(open_reader(changed(file, tmp_path, statement))) as db:
        again = backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
        assert told(again) == told(backtest_runner.run_backtest(db, some, span))
        assert again.evaluations > 0


def test_a_key_that_forgot_the_past_would_be_seen(file, tmp_path, rules, span, memory, monkeypatch):
    some = threshold_sweep.select_rules(rules, ["supply-empty"])
    monkeypatch.setattr(result_cache, "digest_history", lambda past: past.device.key)
    with closing(open_reader(file)) as db:
        backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    with closing(
        open_reader(changed(file, tmp_path, "UPDATE series_value SET value = 60 WHERE value < 60"))
    ) as db:
        assert told(
            backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
        ) != told(backtest_runner.run_backtest(db, some, span))


def test_a_program_that_was_changed_computes_anew(db, rules, span, memory, monkeypatch):
    some = threshold_sweep.select_rules(rules, ["supply-low"])
    backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))
    monkeypatch.setattr(result_cache, "program_digest", lambda: "another")
    assert (
        backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory)).evaluations > 0
    )


def test_every_key_of_a_rule_that_decides_is_part_of_what_is_remembered(rules):
    rule = rules.rules["supply-low"]
    spelt = result_cache.serialize_rules(replace(rules, rules={"supply-low": rule}, _device_cache={}))
    for different in (
        {"severity": "high"}, {"timing": replace(rule.timing, keep_firing=5.0)}, {"clear": ()}, {"title": "x"},
        {"inhibited_by": ()}, {"scope": replace(rule.scope, models=("A",))}, {"shadow": True},
        {"all": (replace(rule.all[0], options={"per": 9.0}), rule.all[1])},
    ):  # fmt: skip
        other = replace(rules, rules={"supply-low": replace(rule, **different)}, _device_cache={})
        assert result_cache.serialize_rules(other) != spelt, different


@pytest.mark.parametrize("broken", [b"", b"not a database at all", b"\0" * 5000])
def test_a_memory_that_cannot_be_read_is_no_trouble(db, rules, span, memory, broken):
    memory.parent.mkdir()
    memory.write_bytes(broken)
    some = threshold_sweep.select_rules(rules, ["supply-low"])
    assert told(backtest_runner.run_backtest(db, some, span, how=BacktestOptions(cache_path=memory))) == told(
        backtest_runner.run_backtest(db, some, span)
    )
