"""What a rule is judged by where nobody says it: the rules whose findings it should foretell."""

from agent.core.model import Impact
from agent.rules.rule import Rule, RuleSet


def choose_reference_rules(rules: RuleSet, rule: Rule) -> list[str]:
    """Choose the rules whose findings `rule` should foretell by default."""
    if rule.impact is Impact.SUPPLY:
        empty = [it.id for it in rules.rules.values() if it.fault == rule.fault and it.severity == "high"]
        return [name for name in empty if name != rule.id]
    if rule.impact in {Impact.PREDICTED, Impact.DEGRADED}:
        return [it.id for it in rules.rules.values() if it.impact is Impact.DEVICE_DOWN and it.per != "site"]
    return []
