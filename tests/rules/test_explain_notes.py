"""What `rules explain` says beside the conditions: time left, rules that come first, calendars, shadow."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.core.calendars import Calendar
from agent.core.model import DeviceStatus
from agent.pipeline.replay import explain
from agent.rules import loader
from agent.rules.evaluator import RuleEvaluator
from agent.rules.rule import Suppression

RULES = """
[[rule]]
id = "down"
title = "{device} is down"
when.all = [{ signal = "device.status", op = "is", value = "down" }]
for = "2 hours"
keep_firing = "1 hour"
inhibited_by = ["first"]
fault = "service.requested"
impact = "degraded"

[[rule]]
id = "first"
title = "{device} is down"
when.all = [{ signal = "device.status", op = "is", value = "down" }]
fault = "service.requested"
component = "first"
impact = "degraded"
"""


def notes(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection, *statuses: DeviceStatus, **different: Any
) -> Any:
    file = tmp_path / "rules.toml"
    file.write_text(RULES, "utf-8")
    rules = loader.load_rules([file])
    judge = RuleEvaluator(rules)
    for at, status in enumerate(statuses):
        facts = printer.facts(at * 1800.0, status=printer.status(status))
        judge.evaluate_device(tx, facts)
    (found,) = explain.explain_rule(tx, replace(rules.rules["down"], **different), facts, now=True)
    return found.notes


def test_the_time_left_and_the_rule_that_comes_first(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    said = notes(tmp_path, printer, tx, DeviceStatus.DOWN, DeviceStatus.DOWN)
    assert said == ("must hold for 1 h 30 min more", "gives way to first")


def test_the_time_until_it_is_over(tmp_path: Path, printer: Any, tx: sqlite3.Connection) -> None:
    down, up = [DeviceStatus.DOWN] * 5, [DeviceStatus.RUNNING] * 2
    assert "is over in 30 min" in notes(tmp_path, printer, tx, *down, *up)


def test_the_calendar_that_keeps_it_back_and_shadow(
    tmp_path: Path, printer: Any, tx: sqlite3.Connection
) -> None:
    hours = Suppression(calendar=Calendar(name="office"), outside=True)
    said = notes(tmp_path, printer, tx, DeviceStatus.RUNNING, suppressions=(hours,), shadow=True)
    assert said == (
        'delayed outside the hours of calendar "office"',
        "is in shadow: it opens no tickets",
    )
