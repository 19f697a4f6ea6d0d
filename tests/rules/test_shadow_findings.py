"""What rules in shadow would have said: found, counted, and never a ticket."""

from dataclasses import replace

import pytest

from agent.core.health import Health
from agent.core.model import DeviceStatus
from agent.reporting.events.agent_health import build_agent_health
from agent.rules import loader, shadow_findings
from agent.rules.evaluator import RuleEvaluator
from uplink.events.base import Agent
from uplink.outbox.queries import OutboxCounts

HOUR, DAY = 3600.0, 86400.0


@pytest.fixture(scope="module")
def shipped():
    return loader.load_rules(loader.shipped_files())


def only(rules, *names, **different):
    kept = {name: replace(rules.rules[name], **different) for name in names}
    return replace(rules, rules=kept, _device_cache={})


def live(tx, evaluator, printer, *hours):
    """A door that is open at the hours given as (hour, open); returns the changes."""
    changes = []
    for hour, is_open in hours:
        errors = ("doorOpen",) if is_open else ()
        status = printer.status(DeviceStatus.RUNNING, *errors)
        changes += evaluator.evaluate_device(tx, printer.facts(hour * HOUR, status=status))
    return changes


def found(tx):
    return [
        (it.rule, it.opened_at / HOUR, it.closed_at and it.closed_at / HOUR)
        for it in shadow_findings.load_findings(tx, 0.0)
    ]


def test_what_a_rule_in_shadow_finds_is_kept_and_no_change(tx, printer, shipped):
    evaluator = RuleEvaluator(only(shipped, "cover-open"))
    assert live(tx, evaluator, printer, (1, False), (2, True), (3, True), (4, False), (5, False)) == []
    assert found(tx) == [("cover-open", 2, 5)]


def test_a_rule_that_speaks_has_no_findings(tx, printer, shipped):
    evaluator = RuleEvaluator(only(shipped, "cover-open", shadow=False))
    assert len(live(tx, evaluator, printer, (1, False), (2, True))) == 1
    assert found(tx) == []


def test_a_rule_that_leaves_the_shadow_ends_its_findings_and_opens_its_ticket(tx, printer, shipped):
    live(tx, RuleEvaluator(only(shipped, "cover-open")), printer, (1, False), (2, True))
    spoken = RuleEvaluator(only(shipped, "cover-open", shadow=False))
    assert len(live(tx, spoken, printer, (3, True))) == 1
    assert found(tx) == [("cover-open", 2, 3)]


def test_what_gives_way_is_not_found_before_it_need_not_any_more(tx, printer, shipped):
    both = only(shipped, "cover-open")
    other = replace(
        both.rules["cover-open"], id="other", inhibited_by=("cover-open",), all=both.rules["cover-open"].all
    )
    rules = replace(both, rules={**both.rules, "other": other}, _device_cache={})
    live(tx, RuleEvaluator(rules), printer, (1, False), (2, True), (3, True))
    assert [rule for rule, *_ in found(tx)] == ["cover-open"]


def test_findings_are_counted_by_rule(tx, printer, shipped):
    evaluator = RuleEvaluator(only(shipped, "cover-open"))
    live(tx, evaluator, printer, (1, False), (2, True), (4, False), (5, False), (6, True))
    (count,) = shadow_findings.count_findings(tx, 7 * HOUR)
    assert (count.rule, count.standing, count.lately) == ("cover-open", 1, 2)
    (later,) = shadow_findings.count_findings(tx, 40 * DAY)
    assert (later.standing, later.lately) == (1, 0)


def test_the_heartbeat_counts_them():
    counts = OutboxCounts(
        pending={}, dead={}, delivered={}, dropped={}, withheld=0, accepted=0, used=0, bound=0, oldest=None
    )
    agent = Agent.model_construct(agent_id="a-1", version="1", site_id="S-1")

    def heartbeat(health):
        built = build_agent_health(agent, health, counts, [], 0.0)
        return built.model_dump(mode="json", exclude_unset=True)

    told = heartbeat(Health(version="1", shadow_findings={"cover-open": (1, 2)}))
    assert told["shadow_findings"] == [{"rule_id": "cover-open", "standing": 1, "last_30_days": 2}]
    assert "shadow_findings" not in heartbeat(Health(version="1"))
