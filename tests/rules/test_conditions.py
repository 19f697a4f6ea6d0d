"""Unknown is not False: Kleene's tables, the dead band, and what may be relied upon."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from agent.core.model import Vague
from agent.rules import loader
from agent.rules.conditions import (
    EvaluationContext,
    evaluate_rule,
    evaluate_subject,
    kleene_not,
    reliable_facts,
)
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Signal
from agent.rules.subjects import Subject
from agent.rules.value_kinds import FLAG

HOUR = 3600.0
DEVICE = Subject(per="device")
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
    return loader.load_rules([file]).rules["low"]


def conditions(readings: Iterable[bool | None]) -> tuple[Condition, ...]:
    """One condition for each, that it is so; None reads as unknown."""
    signals = (
        Signal(name="x", kind=FLAG, per=("device",), read=lambda _, reading=reading: reading)
        for reading in readings
    )
    return tuple(Condition(signal=signal, op="is", value=True) for signal in signals)


def test_and_or_and_not_follow_kleene(printer: Any, low: Rule) -> None:
    order = {False: 0, None: 1, True: 2}  # Kleene: "and" is the least of three, "or" the greatest
    grounds = EvaluationContext.from_facts(printer.facts(), HOUR)
    device = replace(low, per="device", all=(), any=(), none=(), clear=())
    for parts in product((False, None, True), repeat=3):
        found = {
            key: evaluate_subject(
                replace(device, **{key: conditions(parts)}), DEVICE, grounds, stands=False
            ).holds
            for key in ("all", "any", "none")
        }
        assert found["all"] is min(parts, key=order.__getitem__)
        assert found["any"] is max(parts, key=order.__getitem__)
        assert found["none"] is min(map(kleene_not, parts), key=order.__getitem__)
    for one, other in product((False, None, True), repeat=2):
        both = replace(device, all=conditions([one]), any=conditions([other]))
        assert evaluate_subject(both, DEVICE, grounds, stands=False).holds is min(
            one, other, key=order.__getitem__
        )
    assert [kleene_not(part) for part in (True, False, None)] == [False, True, None]


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
    (verdict,) = evaluate_rule(low, EvaluationContext.from_facts(facts, HOUR), [BLACK])
    assert (verdict.holds, verdict.ceased) == (holds, ceased)


def test_nothing_can_be_relied_upon_while_the_printer_is_silent(printer: Any) -> None:
    known = reliable_facts(printer.silent(HOUR, since=HOUR - 1), 26 * HOUR)
    assert (known.status, known.open_alerts, known.supplies) == (None, None, None)


def test_old_readings_are_unknown_each_by_its_own_age(printer: Any) -> None:
    facts = printer.facts(30 * HOUR, supplies_at=0.0, status_at=29 * HOUR, alerts_at=3 * HOUR)
    known = reliable_facts(facts, 26 * HOUR)
    assert known.supplies is None
    assert known.open_alerts is None
    assert known.status == facts.status


def test_a_supply_on_a_vanished_table_is_unknown_and_on_a_table_without_it_gone(
    printer: Any, low: Rule
) -> None:
    empty = printer.facts(supplies=())
    (hidden,) = evaluate_rule(low, EvaluationContext.from_facts(empty, HOUR), [BLACK])
    assert (hidden.holds, hidden.ceased) == (None, None)
    other = printer.facts(supplies=(printer.toner(80, "cyan"),))
    gone = {
        verdict.subject.key: verdict.ceased
        for verdict in evaluate_rule(low, EvaluationContext.from_facts(other, HOUR), [BLACK])
    }
    assert gone == {BLACK: True, "1.1 toner cyan": None}


def test_what_was_read_before_a_silence_is_unknown_after_it(printer: Any) -> None:
    facts = printer.facts(2 * HOUR, answering_since=2 * HOUR, supplies_at=HOUR, alerts_at=2 * HOUR)
    known = reliable_facts(facts, 26 * HOUR)
    assert known.supplies is None, "somebody may have put in a new cartridge"
    assert known.open_alerts == ()
