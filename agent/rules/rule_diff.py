"""Differences between two rule sets, rule by rule and key by key."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.rules.rule import Condition, Rule, RuleSet

COMPARED_FIELDS = (
    "title", "per", "scope", "timing", "schedule", "suppressions", "severity", "inhibited_by", "fault",
    "component", "impact", "shadow", "grouping", "most_a_day",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifference:
    """One thing that differs; `before` and `after` are empty for a rule that comes or goes."""

    rule: str
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}" + (
            f": {self.before} → {self.after}" if self.before or self.after else ""
        )


def compare_rule_sets(before: RuleSet, after: RuleSet) -> list[RuleDifference]:
    """Every difference, by rule."""
    found = []
    for name in sorted({*before.rules, *after.rules}):
        if name not in after.rules:
            found.append(RuleDifference(rule=name, what="is gone"))
        elif name not in before.rules:
            found.append(RuleDifference(rule=name, what="is new"))
        else:
            found += _compare_rules(before.rules[name], after.rules[name])
    return found


def _compare_rules(one: Rule, other: Rule) -> Iterator[RuleDifference]:
    for key in COMPARED_FIELDS:
        before, after = getattr(one, key), getattr(other, key)
        if before != after:
            yield RuleDifference(rule=one.id, what=key, before=str(before), after=str(after))
    for key in ("all", "any", "none", "clear"):
        before, after = (", ".join(map(_format_condition, getattr(rule, key))) for rule in (one, other))
        if before != after:
            what = "clear.all" if key == "clear" else f"when.{key}"
            yield RuleDifference(rule=one.id, what=what, before=before or "nothing", after=after or "nothing")


def _format_condition(condition: Condition) -> str:
    return f"{condition.signal.name} {condition.op} {_format_value(condition.value)}" + "".join(
        f" {name}={_format_value(it)}" for name, it in sorted(condition.options.items())
    )


def _format_value(value: object) -> str:
    return "/".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
