"""Judging with states on disk: inhibition, restarts, edited rules, and what is not stored."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Change, DeviceStatus, Facts
from agent.core.store import Store
from agent.rules import engine, loader, state_store
from agent.rules.evaluator import RuleEvaluator

HOUR = 3600.0
RULES = """
[[rule]]
id = "empty"
title = "{supply} of {device} is empty"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "1 %" }]
keep_firing = "0 s"
severity = "high"
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"

[[rule]]
id = "low"
title = "{supply} of {device} is at {value}"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "10 %" }]
for = "1 hour"
keep_firing = "1 hour"
inhibited_by = ["down", "empty"]
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"

[[rule]]
id = "down"
title = "{device} is down"
when.all = [{ signal = "device.status", op = "is", value = "down" }]
keep_firing = "0 s"
severity = "critical"
fault = "service.requested"
impact = "device_down"
"""


def judge_by(tmp_path: Path, text: str = RULES) -> RuleEvaluator:
    file = tmp_path / "rules.toml"
    file.write_text(text, "utf-8")
    return RuleEvaluator(loader.load_rules([file]))


def told(changes: list[Change]) -> list[str]:
    return [f"{change.rule} {change.subject} {change.kind.value}".replace("  ", " ") for change in changes]


def levels(printer: Any, hour: float, black: Any, **different: Any) -> Facts:
    return printer.facts(hour * HOUR, supplies=(printer.toner(black),), **different)


def down(printer: Any) -> dict[str, Any]:
    return {"status": printer.status("down", printer="other")}


BLACK = "1.1 toner black"


def test_a_restart_in_the_middle_changes_nothing(
    tmp_path: Path, printer: Any, open_store: Callable[[], Store]
) -> None:
    judge = judge_by(tmp_path)
    story = [80, 9, 9, 9, 80, 80, 80]

    def one(store: Store, hour: int, level: int) -> list[str]:
        with store.transaction() as tx:
            return told(judge.evaluate_device(tx, levels(printer, hour, level)))

    restarted = [one(open_store(), hour, level) for hour, level in enumerate(story)]
    assert restarted == [[], [], [f"low {BLACK} opened"], [], [], [f"low {BLACK} resolved"], []]


def test_quiet_states_are_not_stored(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    judge = judge_by(tmp_path)
    for hour, level in enumerate((80, 9, 9, 80, 80)):
        judge.evaluate_device(tx, levels(printer, hour, level))
    assert list(state_store.load_all_states(tx)) == []


def test_a_reading_that_changes_nothing_writes_nothing(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path)
    for hour in range(3):
        judge.evaluate_device(tx, levels(printer, hour, 5))
    before = tx.total_changes
    for hour in range(3, 20):
        judge.evaluate_device(tx, levels(printer, hour, 5))
    assert tx.total_changes == before


def test_what_rolls_back_was_never_judged(
    tmp_path: Path, printer: Any, open_store: Callable[[], Store]
) -> None:
    judge, store = judge_by(tmp_path), open_store()
    said = []

    def judge_once() -> None:
        with store.transaction() as tx:
            said.append(told(judge.evaluate_device(tx, levels(printer, 0, 0))))
            if len(said) == 1:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        judge_once()
    judge_once()
    assert said == [[f"empty {BLACK} opened"]] * 2


def test_a_rule_about_the_printer_hushes_rules_about_its_supplies(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path)
    said = [told(judge.evaluate_device(tx, levels(printer, hour, 5, **down(printer)))) for hour in range(3)]
    assert said == [["down opened"], [], []]
    assert told(judge.evaluate_device(tx, levels(printer, 3, 5))) == [f"low {BLACK} opened", "down resolved"]


def test_a_rule_about_one_supply_does_not_hush_another_supply(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path)
    both = (printer.toner(0), printer.toner(5, "cyan", index="1.2"))
    said = [told(judge.evaluate_device(tx, printer.facts(hour * HOUR, supplies=both))) for hour in range(2)]
    assert said == [[f"empty {BLACK} opened"], ["low 1.2 toner cyan opened"]]


def test_what_was_hushed_is_never_told_as_over(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    judge = judge_by(tmp_path)
    for hour in range(3):
        judge.evaluate_device(tx, levels(printer, hour, 0))
    said = [told(judge.evaluate_device(tx, levels(printer, hour, 80))) for hour in (3, 4, 5)]
    assert said == [[f"empty {BLACK} resolved"], [], []]


def test_openings_are_told_before_endings_so_that_a_ticket_can_be_handed_on(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path)
    for hour in range(3):
        judge.evaluate_device(tx, levels(printer, hour, 0))
    said = told(judge.evaluate_device(tx, levels(printer, 3, 5)))
    assert said == [f"low {BLACK} opened", f"empty {BLACK} resolved"]


def test_a_withdrawn_rule_is_over_and_says_so(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    judge_by(tmp_path).evaluate_device(tx, levels(printer, 0, 80, **down(printer)))
    without = judge_by(tmp_path, RULES.replace('id = "down"', 'id = "down"\nenabled = false'))
    (change,) = without.evaluate_device(tx, levels(printer, 0.5, 80, **down(printer)))
    assert told([change]) == ["down withdrawn"]
    assert change.title.endswith("is down")
    assert "no longer in force" in str(change.evidence)


def test_a_shadow_rule_is_judged_and_tells_nobody(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    shadow = judge_by(tmp_path, RULES.replace('id = "empty"', 'id = "empty"\nenabled = "shadow"'))
    assert shadow.evaluate_device(tx, levels(printer, 0, 0)) == []
    (_, key, standing), *_ = state_store.load_all_states(tx)
    assert (key, standing.state.phase) == (("empty", BLACK), "firing")


def test_an_edited_rule_ends_in_the_words_in_which_it_began(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    (opened,) = judge_by(tmp_path).evaluate_device(tx, levels(printer, 0, 0))
    edited = judge_by(tmp_path, RULES.replace('fault = "supply.low"', 'fault = "part.worn"'))
    (resolved,) = edited.evaluate_device(tx, levels(printer, 1, 80))
    assert (resolved.fault, resolved.component) == (opened.fault, opened.component)


def test_a_cartridge_of_another_colour_ends_the_old_one(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path)
    judge.evaluate_device(tx, levels(printer, 0, 0))
    swapped = printer.facts(HOUR, supplies=(printer.toner(90, "photo black"),))
    assert told(judge.evaluate_device(tx, swapped)) == [f"empty {BLACK} resolved"]


NOT_CRITICAL = """
[[rule]]
id = "odd"
title = "{alert}"
per = "alert"
when.none = [{ signal = "alert.severity", op = "is", value = "critical" }]
when.any = [{ signal = "alert.code", op = "is_not", value = "jam" }]
keep_firing = "0 s"
fault = "subunit.failure"
component = "{alert.group}"
impact = "degraded"
"""


def test_an_alert_that_is_gone_fits_no_condition_not_even_a_negative_one(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    judge = judge_by(tmp_path, NOT_CRITICAL)
    row = printer.episode(printer.alert(1, "output", severity="warning"))
    assert told(judge.evaluate_device(tx, printer.facts(0.0, open_alerts=(row,)))) == [
        "odd 1 output 1 opened"
    ]
    assert told(judge.evaluate_device(tx, printer.facts(60.0, open_alerts=()))) == ["odd 1 output 1 resolved"]


def test_a_scope_leaves_other_printers_alone(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    for scope, opened in (('{ vendors = ["kyo*"] }', 1), ('{ models = ["*MFP*"] }', 0)):
        text = RULES.replace('id = "empty"', f'id = "empty"\nscope = {scope}')
        changes = judge_by(tmp_path, text).evaluate_device(tx, levels(printer, opened, 0))
        assert len(changes) == opened, scope
        judge_by(tmp_path, "").evaluate_device(tx, levels(printer, 9, 80))


def test_the_same_facts_give_the_same_decisions_byte_for_byte(tmp_path: Path, printer: Any) -> None:
    judge = judge_by(tmp_path)

    def replay() -> str:
        standing: dict[state_store.StateKey, state_store.RuleState] = {}
        said = []
        for hour, level in enumerate((80, 9, 9, 0, 0, 5, 80, 80, 80)):
            standing, changes = engine.decide_changes(judge.rules, standing, levels(printer, hour, level))
            said.append(repr((changes, standing)))
        return "\n".join(said)

    assert replay() == replay()


def test_a_change_says_what_it_rests_on(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    (change,) = judge_by(tmp_path).evaluate_device(tx, levels(printer, 0, 1))
    assert change.title == "TK-1170 of Kyocera ECOSYS P2040dw (A1) is empty"
    assert (change.component, change.severity, change.impact) == ("toner:black", "high", "supply")
    assert change.evidence["supply.level"] == 1
    supply = json.loads(json.dumps(change.evidence))["supply"]
    assert (supply["index"], supply["colour"], supply["level"]) == ("1.1", "black", 1)


def test_a_change_about_the_printer_names_its_gravest_alert(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    rows = (
        printer.episode(printer.alert(807, "input", severity="warning", text="Paper low"), began=-9.0),
        printer.episode(printer.alert(30, "marker", text="E000 fuser"), began=0.0),
    )
    judge = judge_by(tmp_path, RULES.replace("{device} is down", "{device} is down: {alert} ({alert.code})"))
    (change,) = judge.evaluate_device(tx, printer.facts(60.0, open_alerts=rows, **down(printer)))
    assert change.title.endswith("is down: E000 fuser (30)")
    said = json.loads(json.dumps(change.evidence))["alert"]
    assert (said["code"], said["group"], said["text"]) == (30, "marker", "E000 fuser")


def test_a_long_alert_does_not_make_a_title_that_a_provider_refuses(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    text = RULES.replace("{device} is down", "{device}: " + "{device} " * 60)
    judge = judge_by(tmp_path, text)
    facts = printer.facts(status=printer.status(DeviceStatus.DOWN))
    named = replace(facts, device=replace(facts.device, model="M" * 60))
    (change,) = judge.evaluate_device(tx, named)
    assert len(change.title) == 2000
    assert change.title.endswith("…")
