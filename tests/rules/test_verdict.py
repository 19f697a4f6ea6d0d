"""Unknown is not False: Kleene's tables, the dead band, and what may be relied upon."""

from itertools import product
from typing import Any

import pytest

from agent.model import Vague
from agent.rules import schema
from agent.rules.rule import Rule
from agent.rules.verdict import Grounds, evaluate, every, opposite, reliable, some

HOUR = 3600.0
BLACK = "1.1 toner black"
LOW = """
[[rule]]
id = "low"
title = "{supply} is at {value}"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "10 %" }]
clear.all = [{ signal = "supply.level", op = ">=", value = "25 %" }]
fault = "supply.low"
impact = "supply"
"""


@pytest.fixture
def low(tmp_path: Any) -> Rule:
    file = tmp_path / "low.toml"
    file.write_text(LOW, "utf-8")
    return schema.load([file]).rules["low"]


def test_and_or_and_not_follow_kleene() -> None:
    order = {False: 0, None: 1, True: 2}  # Kleene: "and" is the least of three, "or" the greatest
    for parts in product((False, None, True), repeat=3):
        assert every(parts) is min(parts, key=order.__getitem__)
        assert some(parts) is max(parts, key=order.__getitem__)
    assert [opposite(part) for part in (True, False, None)] == [False, True, None]
    assert every([]) is True
    assert some([]) is False


@pytest.mark.parametrize(
    ("level", "holds", "ceased"),
    [
        (9, True, False),
        (10, True, False),
        (11, False, False),
        (24, False, False),
        (25, False, True),
        (Vague.SOME_LEFT, None, None),
        (None, None, None),
    ],
)
def test_between_opening_and_clearing_neither_is_so(
    printer: Any, low: Rule, level: Any, holds: bool | None, ceased: bool | None
) -> None:
    facts = printer.facts(supplies=(printer.toner(level),))
    (verdict,) = evaluate(low, Grounds.of(facts, HOUR), [BLACK])
    assert (verdict.holds, verdict.ceased) == (holds, ceased)


def test_nothing_can_be_relied_upon_while_the_printer_is_silent(printer: Any) -> None:
    known = reliable(printer.silent(HOUR, since=HOUR - 1), 26 * HOUR)
    assert (known.status, known.open_alerts, known.supplies) == (None, None, None)


def test_old_readings_are_unknown_each_by_its_own_age(printer: Any) -> None:
    facts = printer.facts(30 * HOUR, supplies_at=0.0, status_at=29 * HOUR, alerts_at=3 * HOUR)
    known = reliable(facts, 26 * HOUR)
    assert known.supplies is None
    assert known.open_alerts is None
    assert known.status == facts.status


def test_a_supply_on_a_vanished_table_is_unknown_and_on_a_table_without_it_gone(
    printer: Any, low: Rule
) -> None:
    empty = printer.facts(supplies=())
    (hidden,) = evaluate(low, Grounds.of(empty, HOUR), [BLACK])
    assert (hidden.holds, hidden.ceased) == (None, None)
    other = printer.facts(supplies=(printer.toner(80, "cyan"),))
    gone = {
        verdict.subject.key: verdict.ceased for verdict in evaluate(low, Grounds.of(other, HOUR), [BLACK])
    }
    assert gone == {BLACK: True, "1.1 toner cyan": None}


def test_what_was_read_before_a_silence_is_unknown_after_it(printer: Any) -> None:
    facts = printer.facts(2 * HOUR, answering_since=2 * HOUR, supplies_at=HOUR, alerts_at=2 * HOUR)
    known = reliable(facts, 26 * HOUR)
    assert known.supplies is None, "somebody may have put in a new cartridge"
    assert known.open_alerts == ()
