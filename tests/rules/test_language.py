"""Overrides, faults of one's own, occurrences, printers left out, groups of codes, business days."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.core.errors import ConfigError
from agent.core.model import Address, Change, Device
from agent.rules import loader
from agent.rules.evaluator import RuleEvaluator
from agent.rules.rule import RuleSet

HOUR, DAY = 3600.0, 86400.0
LOW = """
[[rule]]
id = "low"
per = "supply"
title = "{supply} is at {value}"
when.all = [{ signal = "supply.level", op = "<=", value = "10 %" }]
when.none = [{ signal = "supply.kind", op = "is", value = "waste" }]
keep_firing = "0 s"
fault = "supply.low"
component = "{supply.colour}"
impact = "supply"
"""


def load(tmp_path: Path, *texts: str) -> RuleSet:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.toml")
        files[-1].write_text(text, "utf-8")
    return loader.load_rules([*loader.shipped_files(), *files])


def test_an_override_changes_single_keys_and_leaves_the_rest(tmp_path: Path) -> None:
    shipped = loader.load_rules(loader.shipped_files()).rules["supply-low"]
    text = '[[override]]\nid = "supply-low"\nseverity = "high"\nfor = "2 days"\nscope.not_tags = ["spare"]\n'
    changed = load(tmp_path, text).rules["supply-low"]
    assert (changed.severity, changed.timing.for_duration) == ("high", 2 * DAY)
    assert changed.scope.not_tags == ("spare",)
    assert (changed.title, changed.inhibited_by) == (shipped.title, shipped.inhibited_by)
    assert [it.value for it in changed.all] == [it.value for it in shipped.all]
    assert changed.timing.keep_firing == shipped.timing.keep_firing
    assert changed.file.endswith("0.toml")


def test_an_override_of_the_condition_keeps_its_other_parts(tmp_path: Path) -> None:
    text = '[[override]]\nid = "low"\nwhen.all = [{ signal = "supply.level", op = "<=", value = "5 %" }]\n'
    changed = load(tmp_path, LOW, text).rules["low"]
    assert [it.value for it in changed.all] == [5.0]
    assert [it.signal.name for it in changed.none] == ["supply.kind"]


def test_a_shipped_rule_is_switched_off_in_two_lines(tmp_path: Path) -> None:
    assert "supply-low" not in load(tmp_path, '[[override]]\nid = "supply-low"\nenabled = false\n').rules


def test_a_mistake_in_an_override_is_found_at_its_own_line(tmp_path: Path) -> None:
    text = '[[override]]\nid = "low"\nfault = "suply.low"\n'
    try:
        load(tmp_path, LOW, text)
    except ConfigError as why:
        (said,) = why.complaints
    assert (said.file.endswith("1.toml"), said.line, said.key) == (True, 3, "override[1].fault")


def test_a_fault_of_ones_own_gives_its_rules_their_impact(tmp_path: Path) -> None:
    fault = '[[fault]]\nid = "device.unused"\ntitle = "Unused"\nimpact = "billing"\nacts = "provider"\n'
    text = LOW.replace('"supply.low"', '"device.unused"').replace('impact = "supply"\n', "")
    rules = load(tmp_path, fault + text)
    assert rules.rules["low"].impact == "billing"
    assert rules.faults["device.unused"].acts == "provider"


def test_printers_are_left_out_by_what_they_are(tmp_path: Path) -> None:
    scope = 'scope = { tags = ["floor-*"], not_tags = ["spare"], not_models = ["ECOSYS M*"], not_sites = ["S9"] }\n'
    rule = load(tmp_path, LOW + scope).rules["low"]
    device = Device(key="sn:A", address=Address("192.0.2.1"), model="ECOSYS P2040", tags=("floor-1",))
    assert rule.scope.covers_device(device)
    assert not rule.scope.covers_device(replace(device, tags=("floor-1", "Spare")))
    assert not rule.scope.covers_device(replace(device, model="ecosys m2540"))
    assert not rule.scope.covers_device(device, "S9")
    assert not rule.scope.covers_site("S9")


def test_a_group_of_codes_holds_the_codes_of_the_printer_and_of_its_finishers(tmp_path: Path) -> None:
    text = LOW.replace('per = "supply"', 'per = "alert"').replace("{supply} is at {value}", "{alert}")
    text = text.replace(
        'signal = "supply.level", op = "<=", value = "10 %"',
        'signal = "alert.code", op = "is", value = "any_jam"',
    )
    text = text.replace('when.none = [{ signal = "supply.kind", op = "is", value = "waste" }]\n', "").replace(
        "{supply.colour}", "x"
    )
    (condition,) = load(tmp_path, text).rules["low"].all
    assert {"8", "815", "30208"} <= condition.value  # type: ignore[operator]
    assert "3" not in condition.value  # type: ignore[operator]


def test_business_days_are_as_long_as_the_calendar_has_them(tmp_path: Path) -> None:
    text = """
    [calendar.shop]
    mon_thu = "08:00-16:00"
    [[rule]]
    id = "silent"
    title = "{device}"
    when.all = [{ signal = "device.unreachable_for", calendar = "shop", op = ">", value = "1.5 business_days" }]
    fault = "device.offline"
    impact = "device_down"
    """.replace("mon_thu", "mon_fri").replace('"08:00-16:00"', '"08:00-12:00, 13:00-17:00"')
    (condition,) = load(tmp_path, text).rules["silent"].all
    assert condition.value == 12 * HOUR


def changes_of(judge: RuleEvaluator, tx: sqlite3.Connection, *facts: Any) -> list[Change]:
    return [change for it in facts for change in judge.evaluate_device(tx, it)]


def test_an_occurrence_opens_and_closes_at_once_and_never_again_until_it_is_over(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = RuleEvaluator(
        RuleSet(rules={"low": load(tmp_path, LOW + "once = true\n").rules["low"]}, faults={})
    )
    low = [printer.facts(at, supplies=(printer.toner(5),)) for at in (0.0, HOUR, 2 * HOUR)]
    full = printer.facts(3 * HOUR, supplies=(printer.toner(90),))
    again = printer.facts(4 * HOUR, supplies=(printer.toner(5),))
    said = [(it.kind.value, it.at / HOUR) for it in changes_of(judge, tx, *low, full, again)]
    assert said == [("opened", 0), ("resolved", 0), ("opened", 4), ("resolved", 4)]


def test_another_cartridge_is_another_occurrence_although_the_condition_still_holds(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = RuleEvaluator(
        RuleSet(rules={"low": load(tmp_path, LOW + "once = true\n").rules["low"]}, faults={})
    )
    first = printer.facts(0.0, supplies=(printer.toner(5),))
    swapped = printer.facts(HOUR, supplies=(printer.toner(4),), renewed={"1.1": HOUR / 2})
    assert len(changes_of(judge, tx, first, swapped)) == 4
