"""Rules are edited while tickets are open: what the service desk receives of it."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Facts
from agent.core.store import Store
from agent.rules import evaluator, loader, rule_edits
from agent.rules.evaluator import RuleEvaluator
from agent.tickets import grouping, lifecycle

HOUR = 3600.0
LOW = """
[[rule]]
id = "low"
title = "{supply} is at {value}"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "10 %" }]
clear.all = [{ signal = "supply.level", op = ">=", value = "30 %" }]
for = "1 hour"
keep_firing = "2 hours"
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"
"""
EMPTY = LOW.replace('"low"', '"empty"').replace('"10 %"', '"1 %"').replace('"1 hour"', '"0 s"')
RENAMED = LOW.replace('"low"', '"toner-low"')
OTHER_VALUE = RENAMED.replace('"10 %"', '"15 %"')
NOTICE = LOW.replace('"supply"\n', '"customer_fixable"\n').replace(
    'per = "customer_fixable"', 'per = "supply"'
)
NONE = "rule = []"


class Site:
    """One printer, judged by rules that change; tickets as events with short numbers."""

    def __init__(self, tmp_path: Path, printer: Any) -> None:
        self.path, self.printer = tmp_path, printer
        self.store = Store(
            tmp_path / "s.db",
            {"rules": evaluator.SCHEMA, "tickets": lifecycle.SCHEMA, "grouping": grouping.SCHEMA},
        )
        self.ids = (f"t{n}" for n in itertools.count(1))
        self.judge: RuleEvaluator | None = None
        self.text = ""

    def read(self, text: str, hour: float, level: Any) -> list[str]:
        """The events of one reading; another text is an edit, as after a restart."""
        if text != self.text:
            file = self.path / "rules.toml"
            file.write_text(text, "utf-8")
            self.judge, self.text = RuleEvaluator(loader.load_rules([file])), text
        assert self.judge
        with self.store.transaction() as tx:
            changes = self.judge.evaluate_device(tx, self.facts(hour * HOUR, level))
            events = grouping.apply_changes(tx, changes, make_id=lambda: next(self.ids))
        return [f"{it.event} {it.ticket_id} {it.severity} {it.rule}" for it in events]

    def facts(self, now: float, level: Any) -> Facts:
        if level is None:
            return self.printer.silent(now, now - HOUR)
        return self.printer.facts(now, supplies=(self.printer.toner(level),))

    def play(self, *story: tuple[str, float, Any]) -> list[str]:
        """The events after the edit, that is after the second reading, which opened t1."""
        (first, second, *rest) = story
        assert self.read(*first) + self.read(*second) == ["open t1 normal low"]
        return [event for step in rest for event in self.read(*step)]


@pytest.fixture
def site(tmp_path: Path, printer: Any) -> Any:
    site = Site(tmp_path, printer)
    yield site
    site.store.close()


OPENED = ((LOW, 0, 8), (LOW, 1, 8))
STORIES: list[tuple[str, list[tuple[str, float, Any]], list[str]]] = [
    ("renamed, it still holds", [(RENAMED, 2, 8), (RENAMED, 3, 8)], []),
    ("renamed between the two levels", [(RENAMED, 2, 20), (RENAMED, 30, 20)], []),
    ("renamed, then over", [(RENAMED, 2, 8), (RENAMED, 3, 90), (RENAMED, 5, 90)], ["clear t1 normal toner-low"]),
    ("renamed while it recovers", [(LOW, 2, 90), (RENAMED, 3, 90), (RENAMED, 4, 90)], ["clear t1 normal toner-low"]),
    ("renamed while it is silent", [(RENAMED, 2, None), (RENAMED, 3, 8)], []),
    ("renamed twice", [(RENAMED, 2, 8), (RENAMED.replace("toner-low", "third"), 3, 8)], []),
    ("renamed with another value", [(OTHER_VALUE, 2, 8), (OTHER_VALUE, 3, 8)], []),
    ("the same while silent", [(OTHER_VALUE, 2, None), (OTHER_VALUE, 3, 8)], []),
    (
        "renamed with a value that it does not reach",
        [(RENAMED.replace('"10 %"', '"5 %"'), 2, 8)],
        ["cancel t1 normal low"],
    ),
    ("renamed with another title", [(RENAMED.replace("{supply} is", "Order: {supply}"), 2, 8)], ["update t1 normal toner-low"]),
    ("deleted", [(NONE, 2, 8), (NONE, 3, 8)], ["cancel t1 normal low"]),
    ("deleted while silent", [(NONE, 2, None)], ["cancel t1 normal low"]),
    ("deleted while it recovers", [(LOW, 2, 90), (NONE, 3, 90)], ["cancel t1 normal low"]),
    ("deleted and written again", [(NONE, 2, 8), (LOW, 3, 8), (LOW, 4, 8)], ["cancel t1 normal low", "open t2 normal low"]),
    ("out of scope", [(LOW + 'scope.vendors = ["Canon"]', 2, 8)], ["cancel t1 normal low"]),
    ("out of scope, another covers it", [(LOW + 'scope.vendors = ["Canon"]' + RENAMED, 2, 8), (LOW, 3, 8)], []),
    ("another severity", [(LOW + 'severity = "high"', 2, 8), (LOW + 'severity = "high"', 3, 8)], ["update t1 high low"]),
    ("another title", [(LOW.replace("{supply} is", "Order {supply}:"), 2, 8)], ["update t1 normal low"]),
    ("another title while silent", [(LOW.replace(" is ", ": "), 2, None), (LOW.replace(" is ", ": "), 3, 8)], ["update t1 normal low"]),
    ("other numbers in the title", [(LOW, 2, 7), (LOW, 3, 6)], []),
    ("another reason", [(LOW + 'reason = "asked for"', 2, 7)], []),
    ("another value", [(LOW.replace('"10 %"', '"5 %"'), 2, 8), (LOW, 3, 90), (LOW, 5, 90)], ["clear t1 normal low"]),
    ("in shadow", [(LOW + 'enabled = "shadow"\nseverity = "high"', 2, 8)], []),
    ("a notice instead", [(NOTICE, 2, 8)], ["cancel t1 normal low"]),
    ("a notice, and again a ticket", [(NOTICE, 2, 8), (LOW, 3, 8)], ["cancel t1 normal low", "open t3 normal low"]),
    ("deleted, a second rule holds it, too", [(LOW + EMPTY, 2, 0), (EMPTY, 3, 0)], ["update t1 normal empty"]),
    ("deleted, another finds it but waits", [(OTHER_VALUE, 2, 8), (OTHER_VALUE, 2.1, 8)], []),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), [it[1:] for it in STORIES], ids=[it[0] for it in STORIES])
def test_an_edit_reaches_the_desk_as_what_it_is(site: Site, story: Any, expected: list[str]) -> None:
    assert site.play(*OPENED, *story) == expected


def test_without_its_fingerprint_a_renamed_rule_is_cancelled_while_it_recovers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(before: Any, here: Any) -> Any:
        return before, {}

    monkeypatch.setattr(rule_edits, "pass_on_states", forget)
    assert site.play(*OPENED, (LOW, 2, 90), (RENAMED, 3, 90)) == ["cancel t1 normal low"]


def test_an_occurrence_that_was_sent_is_not_sent_again_by_the_renamed_rule(site: Site) -> None:
    once = LOW.replace('for = "1 hour"', "once = true")
    assert site.read(once, 0, 8) == ["open t1 normal low", "clear t1 normal low"]
    renamed = once.replace('"low"', '"toner-low"')
    assert [site.read(renamed, hour, 8) for hour in (1, 2, 3)] == [[], [], []]


def test_a_state_from_before_fingerprints_is_kept_and_found_again(
    site: Site, open_store: Callable[[], Store]
) -> None:
    for step in OPENED:
        site.read(*step)
    with site.store.transaction() as tx:
        tx.execute(
            "UPDATE rule_state SET notice = json_remove(notice, '$.question', '$.wording', '$.closed')"
        )
    assert site.read(LOW, 2, 8) == []
    assert site.read(RENAMED, 3, 20) == []
