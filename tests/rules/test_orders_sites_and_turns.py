"""What a rule may know beyond its printer: orders under way, what fires elsewhere; and its turn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Change, ChangeKind, Device, Impact, SiteFacts, Supply
from agent.core.store import Store
from agent.pipeline.replay import trial_runner
from agent.rules import loader, trial
from agent.rules.evaluator import RuleEvaluator
from agent.tickets import approvals, grouping, lifecycle, timeline
from agent.tickets.feedback import feedback_store, open_orders

HOUR, DAY = 3600.0, 86400.0
ORDERS = """
[[rule]]
id = "urgent"
title = "{supply} of {device} must be ordered"
per = "supply"
when.all  = [ { signal = "supply.level", op = "<=", value = "8 %" } ]
when.none = [ { signal = "supply.replacement_ordered", op = "is", value = true } ]
clear.all = [ { signal = "supply.level", op = ">=", value = "25 %" } ]
fault = "supply.low"
component = "urgent:{supply.colour}"
impact = "supply"

[[rule]]
id = "jams-at-the-site"
title = "{value} printers of {site} jam: the same paper?"
per = "site"
when.all = [ { signal = "site.devices_affected", rule = "down", op = ">=", value = 2 } ]
keep_firing = "0 s"
fault = "feed.jams"
impact = "degraded"

[[rule]]
id = "down"
title = "{device} is down"
when.all = [ { signal = "device.status", op = "is", value = "down" } ]
keep_firing = "0 s"
fault = "service.requested"
impact = "device_down"

[[rule]]
id = "daily"
title = "{supply} of {device} is at {value}"
per = "supply"
evaluate = "daily@07:00"
when.all  = [ { signal = "supply.level", op = "<=", value = "10 %" } ]
fault = "supply.low"
component = "{supply.colour}"
impact = "supply"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(ORDERS, "utf-8")
    return path


def play(own: Path, names: str, series: str) -> tuple[str, ...]:
    case = own.with_suffix(".trial.toml")
    case.write_text(f'[[trial]]\nname = "it"\nrules = [{names}]\nstep = "30 min"\n{series}\n', "utf-8")
    (it,) = trial.load_trials(case)
    return trial_runner.run_trial(loader.load_rules([*loader.shipped_files(), own]), it).tickets


def test_what_is_ordered_is_not_ordered_again_under_another_name(own: Path) -> None:
    level = 'series."level black" = "80x4 9x4 7x40"'
    assert play(own, '"urgent"', level) == ("4 h: open supply.low urgent:black (normal)",)
    assert play(own, '"urgent", "supply-low"', level) == ("3 h: open supply.low toner:black (normal)",)


def test_its_own_order_does_not_end_a_rule_that_asks_for_orders(own: Path) -> None:
    level = 'series."level black" = "80x4 7x300"'
    assert play(own, '"urgent"', level) == ("2 h: open supply.low urgent:black (normal)",)


def test_a_site_hears_how_many_of_its_printers_are_affected(
    own: Path, printer: Any, open_store: Callable[[], Store]
) -> None:
    judge, site = RuleEvaluator(loader.load_rules([own])), SiteFacts(id="S-1", devices=9)
    said = []
    with open_store().transaction() as tx:
        for number, status in enumerate(("down", "running", "down", "down")):
            known = Device(key=f"sn:{number}", address=printer.device.address)
            facts = printer.facts(1000.0 + number, status=printer.status(status))
            judge.evaluate_device(tx, replace(facts, device=known))
            said += [change.title for change in judge.evaluate_site(tx, site, 1000.5 + number)]
    assert said == ["2 printers of S-1 jam: the same paper?"]


def test_a_daily_rule_is_judged_in_its_turn_whatever_that_reading_brought(
    own: Path, printer: Any, open_store: Callable[[], Store]
) -> None:
    """At seven a poll for alerts comes as a rule, and the level was read half an hour before."""
    judge = RuleEvaluator(loader.load_rules([own], zone=UTC))
    fell = (printer.toner(5),)
    steps = [
        (6.0, (printer.toner(50),), {"supplies"}),
        (8.0, (printer.toner(50),), {"reach"}),
        (20.0, fell, {"supplies"}),
        (30.9, fell, {"reach"}),
        (31.1, fell, {"reach"}),
        (31.2, fell, {"reach"}),
    ]
    said = []
    with open_store().transaction() as tx:
        for hour, supplies, fresh in steps:
            facts = printer.facts(hour * HOUR, supplies=supplies, fresh=frozenset(fresh), answering_since=0.0)
            said += [
                (hour, change.rule) for change in judge.evaluate_device(tx, facts) if change.rule == "daily"
            ]
    assert said == [(31.1, "daily")]


DESK = [
    # name, what the desk said, cleared here, replaced since, whether it is on order
    ("open, and nothing said", [], False, False, True),
    ("open, and at work", ["acknowledged"], False, False, True),
    ("open, and closed as none of its business", ["closed out_of_scope"], False, False, False),
    ("open, and closed as done: the box lies on the shelf", ["closed confirmed"], False, False, True),
    ("cleared, and nothing said", [], True, False, False),
    ("cleared by a wobble, and at work", ["assigned"], True, False, True),
    ("cleared, at work, and reopened", ["closed confirmed", "reopened"], True, False, True),
    ("cleared by a new cartridge", ["assigned"], True, True, False),
]


@pytest.mark.parametrize(("name", "said", "cleared", "renewed", "ordered"), DESK, ids=[it[0] for it in DESK])
def test_what_is_on_order_is_told_by_the_desk(
    name: str,
    said: list[str],
    cleared: bool,
    renewed: bool,
    ordered: bool,
    tmp_path: Path,
    printer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the key that the model has for a supply, whatever it is."""
    monkeypatch.setattr(Supply, "key", property(lambda supply: f"the supply in row {supply.index}"))
    toner = printer.toner(5)
    change = Change(
        kind=ChangeKind.OPENED, at=10.0, device=printer.device, rule="low", subject=toner.key,
        fault="supply.low", component="toner:black", impact=Impact.SUPPLY, severity="normal", title="low", since=9.0,
    )  # fmt: skip
    store = Store(
        tmp_path / "orders.db",
        {
            "tickets": lifecycle.SCHEMA,
            "grouping": grouping.SCHEMA,
            "feedback": feedback_store.SCHEMA,
            "timeline": timeline.SCHEMA,
            "approvals": approvals.SCHEMA,
        },
    )
    with store.transaction() as tx:
        (event,) = lifecycle.apply_changes(tx, [change])
        if cleared:
            lifecycle.apply_changes(tx, [replace(change, kind=ChangeKind.RESOLVED, at=20.0)])
        for word in said:
            status, _, outcome = word.partition(" ")
            feedback_store.save_feedback(
                tx, [{"ticket_id": event.ticket_id, "status": status, "outcome": outcome or None}], 15.0
            )
        found = open_orders.load_open_orders(
            tx, printer.device.key, (toner,), {"1.1": 18.0} if renewed else {}
        )
    store.close()
    assert found == ({toner.key} if ordered else set())
