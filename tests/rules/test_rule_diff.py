"""Differences in words, of a draft against what would then be in force."""

import json
from pathlib import Path

from typer.testing import CliRunner

from agent.cli import rules as cli
from agent.rules import loader, rule_diff

RULE = """
[calendar.desk]
mon_fri = "08:00-17:00"

[[rule]]
id = "mine"
title = "{device} is down"
when.all = [{ signal = "alert.code", op = "in", value = ["jam"], min_age = "5 min" }]
for = "1 hour"
suppress = [{ calendar = "desk", outside = true, action = "delay" }]
fault = "feed.jams"
component = "mine"
impact = "degraded"
reason = "A test."
"""


def differences(tmp_path: Path, before: str, after: str) -> list[str]:
    sets = []
    for name, text in (("before.toml", before), ("after.toml", after)):
        (tmp_path / name).write_text(text, "utf-8")
        sets.append(loader.load_rules([*loader.shipped_files(), tmp_path / name]))
    return list(map(str, rule_diff.compare_rule_sets(*sets)))


def test_each_difference_is_in_words(tmp_path: Path) -> None:
    after = RULE.replace('"1 hour"', '"2 hours"').replace('["jam"]', '["jam", "coverOpen"]')
    after = after.replace('"08:00-17:00"', '"08:00-18:00"').replace('action = "delay"', 'action = "drop"')
    after = after.replace("impact =", 'enabled = "shadow"\nscope.not_tags = ["spare"]\nimpact =')
    assert differences(tmp_path, RULE, after) == [
        "mine: enabled: true → shadow",
        "mine: when.all: alert.code in jam (min_age 5 min) → alert.code in coverOpen, jam (min_age 5 min)",
        "mine: scope.not_tags: nothing → spare",
        "mine: for: 1 h → 2 h",
        "mine: suppress: delay outside desk → drop outside desk",
        "calendar desk: has other hours",
    ]


def test_the_same_is_no_difference(tmp_path: Path) -> None:
    assert differences(tmp_path, RULE, RULE + "# a comment\n") == []


def test_a_draft_takes_the_place_of_its_own_file_only_and_goes_by_the_sites_clock(tmp_path: Path) -> None:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "draft").mkdir()
    config = tmp_path / "config.toml"
    config.write_text(
        '[site]\nid = "S-1"\ntimezone = "Pacific/Auckland"\n\n[target.folder]\npath = "out"\n', "utf-8"
    )
    (tmp_path / "rules.d" / "mine.toml").write_text(RULE, "utf-8")
    other = RULE.replace("mine", "other").replace("desk", "shop")
    (tmp_path / "rules.d" / "other.toml").write_text(other, "utf-8")
    draft = tmp_path / "draft" / "mine.toml"

    def diff() -> tuple[int, list[dict[str, str]]]:
        result = CliRunner().invoke(cli.app, ["diff", str(draft.parent), "--config", str(config), "--json"])
        return result.exit_code, json.loads(result.stdout)

    draft.write_text(RULE, "utf-8")
    assert diff() == (0, [])
    draft.write_text(RULE.replace('id = "mine"', 'id = "renamed"'), "utf-8")
    assert [(it["rule"], it["what"]) for it in diff()[1]] == [("mine", "is gone"), ("renamed", "is new")]
