"""Builds the changes that rules report, with the words that go with them."""

from collections.abc import Mapping

from agent.core.model import Change, ChangeKind, Facts, GroupingPolicy, Impact
from agent.rules import templates
from agent.rules.conditions import RuleResult
from agent.rules.fingerprints import fingerprint_question, fingerprint_wording
from agent.rules.rule import Rule
from agent.rules.state_store import Notice, StateKey


def build_notice(
    rule: Rule, verdict: RuleResult, facts: Facts, began: float | None, *, preexisting: bool = False
) -> Notice:
    """Build the words of a ticket. `began`: when the condition was first seen. `preexisting`: it was there
    before the agent, in the site's first days."""
    words = templates.placeholder_values(verdict, facts, began)
    return Notice(
        fault=rule.fault,
        component=templates.shorten_text(
            templates.fill_template(rule.component, words), templates.MAX_COMPONENT
        ),
        impact=rule.impact.value,
        severity=rule.severity,
        title=templates.shorten_text(templates.fill_template(rule.title, words), templates.MAX_TITLE),
        digest=preexisting and rule.impact not in {Impact.DEVICE_DOWN, Impact.CUSTOMER_FIXABLE},
        question=fingerprint_question(rule),
        wording=fingerprint_wording(rule),
    )


def build_grouping(rule: Rule, notice: Notice, facts: Facts) -> GroupingPolicy:
    """Build the rules for grouping the ticket with others."""
    return GroupingPolicy(
        by=rule.grouping.by,
        wait=rule.grouping.wait,
        most_a_day=None if rule.impact is Impact.DEVICE_DOWN else rule.most_a_day,
        digest=notice.digest,
        site=facts.site.id,
    )


def build_change(
    kind: ChangeKind,
    key: StateKey,
    notice: Notice,
    began: float,
    facts: Facts,
    because: Mapping[str, object],
    *,
    gathering: GroupingPolicy,
) -> Change:
    """Build a change in the words of `notice`. `began`: when the condition was first seen."""
    return Change(
        kind=kind,
        at=facts.now,
        device=facts.device,
        rule=key[0],
        subject=key[1],
        fault=notice.fault,
        component=notice.component,
        impact=Impact(notice.impact),
        severity=notice.severity,
        title=notice.title,
        since=began,
        evidence=because,
        grouping=gathering,
    )
