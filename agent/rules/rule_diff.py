"""Differences between two rule sets in words, rule by rule and key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.rules import rule_words
from agent.rules.rule import Rule, RuleSet

PLAIN_FIELDS = ("title", "per", "severity", "fault", "component", "owner", "reason")


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
    for name in sorted({*before.calendars, *after.calendars}):
        one, other = before.calendars.get(name), after.calendars.get(name)
        if one != other:
            what = "is new" if one is None else "is gone" if other is None else "has other hours"
            found.append(RuleDifference(rule=f"calendar {name}", what=what))
    return found


def _compare_rules(one: Rule, other: Rule) -> Iterator[RuleDifference]:
    before, after = _describe_rule(one), _describe_rule(other)
    for key in before:
        if before[key] != after[key]:
            yield RuleDifference(rule=one.id, what=key, before=before[key], after=after[key])


def _describe_rule(rule: Rule) -> Mapping[str, str]:
    """Each key of a rule with its value in words; calendars by name, their hours are compared apart."""
    conditions = {"when.all": rule.all, "when.any": rule.any, "when.none": rule.none, "clear.all": rule.clear}
    return {
        **{name: str(getattr(rule, name)) or "nothing" for name in PLAIN_FIELDS},
        "impact": rule.impact.value,
        "enabled": "shadow" if rule.shadow else "true",
        "once": str(rule.once).lower(),
        **{
            key: "; ".join(map(rule_words.format_condition, them)) or "nothing"
            for key, them in conditions.items()
        },
        **rule_words.list_scope(rule.scope),
        **rule_words.list_timing(rule.timing),
        "evaluate": rule.schedule.text if rule.schedule else "with every reading",
        "suppress": rule_words.format_suppressions(rule.suppressions),
        "inhibited_by": rule_words.format_value(rule.inhibited_by),
        "ticket": rule_words.format_grouping(rule.grouping),
        "max_tickets_per_day": "no limit" if rule.most_a_day is None else str(rule.most_a_day),
    }
