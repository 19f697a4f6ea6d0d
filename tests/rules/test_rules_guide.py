"""The guide to rules: its files are written, and every command in it is run, in its order."""

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.pipeline.replay import imagined_history

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
CONFIG = '[site]\nid = "S-1"\n[[network]]\ncidr = "192.0.2.0/30"\n[storage]\nfolder = "agent"\n'
DIFFER = {"diff": 1}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with a configuration, and the state of an agent that has run for half a year."""
    folder = tmp_path_factory.mktemp("site")
    imagined_history.imagine_fleet(folder / "made.db", 8, 200)
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    (folder / "draft").mkdir()
    with (
        closing(sqlite3.connect(folder / "made.db")) as new,
        closing(sqlite3.connect(folder / "old.db")) as old,
    ):
        new.backup(old)
        old.execute("ALTER TABLE latest DROP COLUMN speed")
        old.commit()
    return folder


@pytest.fixture(autouse=True)
def cache(site, monkeypatch) -> None:
    """What backtests remember stays with the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(site / "cache"))


def run(line: str) -> str:
    command, _, target = line.partition(" > ")
    arguments = shlex.split(command)[1:]
    result = CliRunner().invoke(build_cli(), arguments)
    expected = next((code for word, code in DIFFER.items() if word in arguments[:2]), 0)
    assert result.exit_code == expected, f"{line}\n{result.output}\n{result.exception!r}"
    if target:
        Path(target).write_text(result.stdout, "utf-8")
    return result.output


@pytest.mark.long
def test_the_guide_works_from_its_first_line_to_its_last(site, monkeypatch):
    monkeypatch.chdir(site)
    files = iter(
        [
            "draft/mine.toml",
            "draft/mine.trial.toml",
            "../prices.toml",
            "draft/changes.toml",
            "draft/faults.toml",
            "draft/more.toml",
        ]
    )
    said = {}
    for kind, text in BLOCKS:
        if kind == "toml":
            Path(next(files)).write_text(text, "utf-8")
        for line in text.splitlines() if not kind else ():
            said[line] = run(line)
    assert len(said) == 17
    assert next(files, None) is None
    words = "\n".join(said.values())
    assert "2 trials went as expected" in words
    assert "toner-15: is new" in words
    assert "Tickets of supply.low" in words
    assert "(EUR)" in words
    assert re.search(r"costs     0 visits, \d+ cartridges ordered, [\d,.]+ EUR", words)
    assert re.search(r"toner-15: \d+ tickets, .* for each printer and month", words)
    assert re.search(r"precision \d+% \(\d+ of \d+, \d+%–\d+%\)", words)
    assert "supply.level <= 15 %: saw" in words
    report = Path("report.html").read_text("utf-8")
    assert report.count("<svg") >= 3


def test_a_backtest_as_json_lists_what_was_missed_and_what_was_false(site, monkeypatch):
    monkeypatch.chdir(site)
    Path("own").mkdir()
    Path("own/mine.toml").write_text(next(text for kind, text in BLOCKS if kind == "toml"), "utf-8")
    document = json.loads(run("printwarden rules backtest toner-15 --state made.db --rules own --json"))
    (rule,) = document["rules"]
    assert rule["tickets"] > 20
    assert 0 < rule["precision_interval"][0] <= rule["precision"] <= rule["precision_interval"][1] <= 1
    assert {"missed", "false", "flaps", "lead_days"} <= rule.keys()
    assert document["only_new"].keys() == document["only_deployed"].keys() == {"toner-15"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("printwarden rules backtest toner --state made.db --rules draft", 'there is no rule "toner"'),
        (
            "printwarden rules backtest supply-low --state made.db -r draft --sweep supply-low.title=1..2",
            "is no threshold of supply-low",
        ),
        ("printwarden rules backtest supply-low --state made.db -r draft --from yesterday", "is no time"),
        (
            "printwarden rules explain nobody supply-low --state made.db -r draft",
            'no printer is known as "nobody"',
        ),
        (
            "printwarden rules backtest supply-low --state made.db -r draft --from 2026-03-01 --to 2026-02-01",
            "is not before the end",
        ),
        ("printwarden rules backtest supply-low --state made.db -r draft --horizon 30", "is not a duration"),
        ("printwarden rules backtest supply-low --state old.db -r draft", "was written by an older version"),
    ],
)
def test_what_cannot_be_done_is_said(site, monkeypatch, line, said):
    monkeypatch.chdir(site)
    result = CliRunner().invoke(build_cli(), shlex.split(line)[1:])
    assert result.exit_code != 0
    assert said in result.output + str(result.exception)


def test_a_backtest_says_what_it_could_not_replay(site, monkeypatch):
    monkeypatch.chdir(site)
    line = "printwarden rules backtest waste-level-high --state made.db --rules draft"
    assert "not replayed: supply.filled: history does not record it, so there is no score" in run(line)
    (rule,) = json.loads(run(line + " --json"))["rules"]
    assert (rule["not_replayed"], rule["tickets"], rule["precision"]) == (["supply.filled"], None, None)
    assert "not replayed" not in run(line.replace("waste-level-high", "supply-low"))


@pytest.mark.long
def test_orders_by_forecast_are_replayed_and_show_what_they_are_worth(site, monkeypatch):
    monkeypatch.chdir(site)
    (rule,) = json.loads(
        run("printwarden rules backtest supply-runs-out --state made.db --rules draft --json")
    )["rules"]
    assert (rule["tickets"] > 20, rule["not_replayed"]) == (True, [])
    assert rule["orders"]["changed"] > 20
    assert rule["orders"]["lead_days"] > 0
