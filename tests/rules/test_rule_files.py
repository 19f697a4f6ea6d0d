"""Rule files as cases: each of `mistakes/` is met with the message in its first line, `good/` is taken.

# expect: LINE: KEY: REASON | SUGGESTION
# expect: advice: LINE: KEY: REASON | SUGGESTION
# expect: +2 rules        beside the shipped ones, and no advice

A folder among them stands for the files in it; the first one says what is expected.
"""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import rules as cli
from agent.core.errors import Complaint, ConfigError
from agent.rules import loader
from agent.rules.signals import load_signals

HERE = Path(__file__).parent
MISTAKES = sorted((HERE / "mistakes").iterdir())
GOOD = sorted((HERE / "good").glob("*.toml"))


def name(path: Path) -> str:
    return path.stem.replace("_", " ")


def expected(path: Path) -> str:
    raw = (min(path.iterdir()) if path.is_dir() else path).read_bytes()
    text = raw.decode("utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig", "replace")
    return text.splitlines()[0].removeprefix("# expect: ")


def complaints(*paths: Path) -> list[Complaint]:
    with pytest.raises(ConfigError) as caught:
        loader.load_rules([*loader.shipped_files(), *paths])
    return caught.value.complaints


def messages(path: Path) -> list[str]:
    """Everything that is said about a file, or the files in a folder."""
    try:
        found = [("advice: ", it) for it in loader.load_rules([*loader.shipped_files(), path]).advice]
    except ConfigError as why:
        found = [("", it) for it in why.complaints]
    said = [
        f"{kind}{it.line}: {it.key}: {it.reason} | {it.suggestion}"
        for kind, it in found
        if it.file.startswith(str(path))
    ]
    return [line.replace(f"{path.parent}{os.sep}", "").replace(os.sep, "/") for line in said]


@pytest.mark.parametrize("path", MISTAKES, ids=name)
def test_a_mistake_is_met_with_one_message_that_says_what_to_do(path: Path) -> None:
    assert messages(path) == [expected(path)]
    assert not expected(path).endswith("| ")


@pytest.mark.parametrize("path", GOOD, ids=name)
def test_a_good_rule_file_is_taken_without_a_word(path: Path) -> None:
    more = len(loader.load_rules([*loader.shipped_files(), path]).rules) - len(
        loader.load_rules(loader.shipped_files()).rules
    )
    assert messages(path) == []
    assert f"{more:+d} rules" == expected(path)


def test_there_are_at_least_120_mistakes_and_40_right_files() -> None:
    assert len(MISTAKES) >= 120
    assert len(GOOD) >= 40


def test_every_mistake_of_every_file_is_told_at_once() -> None:
    bad = [path for path in MISTAKES if path.is_file() and "advice:" not in expected(path)][:8]
    said = complaints(*bad)
    assert {it.file for it in said} == {str(path) for path in bad}


def test_a_later_file_overrides_by_id_and_each_rule_knows_its_file() -> None:
    override = HERE / "good" / "override_of_a_shipped_rule.toml"
    rules = loader.load_rules([*loader.shipped_files(), override]).rules
    assert rules["supply-low"].file == str(override)
    assert rules["supply-low"].all[0].value == 20.0
    assert rules["supply-empty"].file.endswith("supplies.toml")


def test_the_order_of_files_decides_not_their_names(tmp_path: Path) -> None:
    override = HERE / "good" / "override_of_a_shipped_rule.toml"
    first = loader.load_rules([override, *loader.shipped_files()]).rules
    assert first["supply-low"].file.endswith("defaults/supplies.toml")


def test_a_folder_stands_for_its_toml_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text((HERE / "good" / "shadow_with_scope.toml").read_text("utf-8"), "utf-8")
    (tmp_path / "notes.txt").write_text("not a rule", "utf-8")
    assert "storage-errors" in loader.load_rules([tmp_path]).rules


def test_a_missing_file_is_a_complaint(tmp_path: Path) -> None:
    (said,) = complaints(tmp_path / "nowhere.toml")
    assert "no such file" in said.reason


def test_the_shipped_rules_have_reasons_and_known_faults() -> None:
    rules = loader.load_rules(loader.shipped_files())
    assert rules.rules
    for rule in rules.rules.values():
        assert rule.reason.strip(), rule.id
        assert rule.fault in rules.faults


def test_every_fault_of_the_catalogue_is_raised_by_some_shipped_rule() -> None:
    rules = loader.load_rules(loader.shipped_files())
    of_the_agent_itself, for_rules_of_your_own = {"site.found"}, {"feed.worn", "supply.alert"}
    shipped = {rule.fault for rule in rules.rules.values()}
    assert set(rules.faults) == shipped | of_the_agent_itself | for_rules_of_your_own


def test_what_the_site_can_fix_is_customer_fixable() -> None:
    rules = loader.load_rules(loader.shipped_files())
    notices = {rule.fault for rule in rules.rules.values() if rule.impact == "customer_fixable"}
    assert notices == {it.key for it in rules.faults.values() if it.acts == "site"} - {
        "device.offline",
        "site.offline",
    }


def check(*args: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["check", *map(str, args)])
    return result.exit_code, result.output


def test_check_without_files_checks_the_shipped_rules() -> None:
    code, output = check()
    assert code == 0
    assert re.fullmatch(r"\d+ rules from \d+ files, no complaint\n", output)


def test_check_says_where_what_and_what_would_be_right() -> None:
    bad = HERE / "mistakes" / "unknown_signal.toml"
    code, output = check(bad)
    assert code == 2
    assert f"{bad}:8: rule[1].when.all[2].signal: there is no signal" in output
    assert 'did you mean "supply.level"?' in output
    assert "1 complaint: these rules would not be used" in output


def test_check_prints_json_for_programs() -> None:
    code, output = check(HERE / "mistakes" / "unknown_fault.toml", "--json")
    (said,) = json.loads(output)["complaints"]
    assert (code, said["line"], said["key"]) == (2, 13, "rule[1].fault")
    assert json.loads(check("--json")[1])["complaints"] == []


def test_signals_are_listed_with_what_they_say() -> None:
    rows = json.loads(CliRunner().invoke(cli.app, ["signals", "--json"]).output)
    assert [row["signal"] for row in rows] == sorted(load_signals())
    assert all(row["text"] and row["per"] and row["ops"] for row in rows)
    one = CliRunner().invoke(cli.app, ["signals", "counter.jump"]).output
    assert one.startswith("counter.jump: how many times faster than the printer prints")
    assert "prtMediaPathMaxSpeed" in one
    refused = CliRunner().invoke(cli.app, ["signals", "counter.jmp"])
    assert 'did you mean "counter.jump"?' in str(refused.exception)


def test_list_names_each_rule_with_its_file() -> None:
    result = CliRunner().invoke(cli.app, ["list", "--json"])
    rows = {row["id"]: row for row in json.loads(result.output)}
    assert rows["fuser-failure"]["fault"] == "fuser.failure"
    assert rows["fuser-failure"]["file"].endswith("failures.toml")
