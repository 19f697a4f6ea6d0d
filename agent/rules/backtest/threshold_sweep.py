"""One threshold, tried over a range: "supply-low.when.all[2].value=5..20".

The key is written as complaints write it, counted from 1: RULE.for, RULE.keep_firing,
RULE.when.all[2].value, RULE.clear.all[1].value. The unit is that of the value it replaces.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.rules.rule import Condition, Rule, RuleSet
from agent.rules.value_kinds import BUSINESS_TIME, DURATION, Measure

DEFAULT_STEPS = 6

_SWEEP = re.compile(r"([a-z0-9-]+)\.(.+?)=(.+?)\.\.(.+?)(?:/(\d+))?")
_CONDITION = re.compile(r"(when\.all|when\.any|when\.none|clear\.all)\[(\d+)\]\.value")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepVariant:
    """The rules with one value of the swept key."""

    value: float
    label: str
    rules: RuleSet


def build_variants(rules: RuleSet, text: str) -> tuple[str, list[SweepVariant]]:
    """(rule id, its variants). Raises ValueError, "reason | suggestion"."""
    found = _SWEEP.fullmatch(text)
    if not found:
        raise ValueError(f'"{text}" is no sweep | write RULE.for=0h..4h, or RULE.when.all[1].value=5..20/4')
    name, key, low, high, count = found.groups()
    if name not in rules.rules:
        raise ValueError(f'there is no rule "{name}" | see: printwarden rules list')
    rule = rules.rules[name]
    kind, spell = _find_kind(rule, key)
    first, last = _parse_bound(kind, low, high), _parse_bound(kind, high, low)
    wanted = int(count or DEFAULT_STEPS)
    gap = (last - first) / max(1, wanted - 1)
    values = [first + gap * number for number in range(wanted)]
    variants = [
        SweepVariant(
            value=value,
            label=spell.format_number(value),
            rules=_replace_rule(rules, _replace_value(rule, key, value)),
        )
        for value in values
    ]
    return name, variants


def _find_kind(rule: Rule, key: str) -> tuple[Measure, Measure]:
    """The kind of the value at `key`: how it is written, and how it is spelt."""
    if key in {"for", "keep_firing"}:
        return DURATION, DURATION
    condition = next(iter(_find_conditions(rule, key)), None)
    if condition is None or not isinstance(condition.signal.kind, Measure):
        raise ValueError(
            f'"{key}" is no threshold of {rule.id} | write for, keep_firing, or when.all[1].value'
        )
    kind = condition.signal.kind
    return (BUSINESS_TIME, DURATION) if kind is DURATION and "calendar" in condition.options else (kind, kind)


def _parse_bound(kind: Measure, text: str, other: str) -> float:
    """The value; "5" in "5..20 %" takes the unit of the other end."""
    unit = re.sub(r"[-\d.\s]", "", text) or re.sub(r"[-\d.\s]", "", other)
    return kind.parse(text if re.search(r"[a-z%]", text) else f"{text} {unit or _default_unit(kind)}".strip())


def _default_unit(kind: Measure) -> str:
    return "%" if "%" in kind.example else ""


def _find_conditions(rule: Rule, key: str) -> Iterator[Condition]:
    found = _CONDITION.fullmatch(key)
    if found:
        place = tuple(found[1].split("."))
        wanted = (*place, int(found[2]) - 1)
        yield from (it for it in (*rule.conditions, *rule.clear) if it.at == wanted)


def _replace_value(rule: Rule, key: str, value: float) -> Rule:
    if key == "for":
        return replace(rule, timing=replace(rule.timing, for_duration=value))
    if key == "keep_firing":
        return replace(rule, timing=replace(rule.timing, keep_firing=value))
    (old, *_) = _find_conditions(rule, key)

    def put(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(replace(it, value=value) if it is old else it for it in conditions)

    return replace(rule, all=put(rule.all), any=put(rule.any), none=put(rule.none), clear=put(rule.clear))


def _replace_rule(rules: RuleSet, rule: Rule) -> RuleSet:
    return replace(rules, rules={**rules.rules, rule.id: rule}, _device_cache={})


def select_rules(rules: RuleSet, names: list[str]) -> RuleSet:
    """The rules of these names, and those that they give way to."""
    wanted = list(names)
    for name in wanted:
        wanted += [it for it in rules.rules[name].inhibited_by if it in rules.rules and it not in wanted]
    kept = {name: rule for name, rule in rules.rules.items() if name in wanted}
    return replace(rules, rules=kept, _device_cache={})
