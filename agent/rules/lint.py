"""Mistakes of a rule whose keys are each valid on their own.

A check is a function of one rule (or of the whole set) that yields (key within the rule, reason,
suggestion). Adding a check is adding a function to `CHECKS` or `SET_CHECKS`. Advice is in
`agent.rules.advice`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.core import toml, units
from agent.core.model import Impact
from agent.rules import templates
from agent.rules.rule import Condition, FaultDefinition, Rule
from agent.rules.value_kinds import Measure

Finding = tuple[tuple[str | int, ...], str, str]
ValueRange = tuple[float, bool, float, bool]  # low, low included, high, high included


def check_rule(rule: Rule, faults: Mapping[str, FaultDefinition]) -> Iterator[Finding]:
    """Every finding about one rule by itself."""
    if rule.fault not in faults:
        yield (
            ("fault",),
            f'"{rule.fault}" is not in the fault catalogue',
            toml.suggest_word(rule.fault, list(faults)),
        )
    for check in CHECKS:
        yield from check(rule)


def check_set(rules: Mapping[str, Rule], ids: Collection[str]) -> Iterator[tuple[Rule, Finding]]:
    """Every finding that shows only when all rules are together. `ids`: theirs, and of those switched off."""
    together = RuleIndex(rules, tuple(ids))
    for rule in rules.values():
        for check in SET_CHECKS:
            yield from ((rule, finding) for finding in check(rule, together))


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """All rules in force, and the ids of those that are switched off as well."""

    rules: Mapping[str, Rule]
    ids: Sequence[str]


def _check_inhibitors_exist(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    for name in rule.inhibited_by:
        if name not in together.ids:
            yield ("inhibited_by",), f'no rule is called "{name}"', toml.suggest_word(name, together.ids)


def _check_inhibition_cycle(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    circle = _find_cycle(rule, together.rules)
    if circle and rule.id == min(circle):  # reported once, not for each rule of the cycle
        way = " → ".join(circle)
        yield ("inhibited_by",), f"leads back to itself: {way}", "neither could ever speak: drop one"


def _check_site_inhibitors(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """A site is judged without its printers at hand: what fires on one of them does not reach it."""
    for name in rule.inhibited_by:
        other = together.rules.get(name)
        if rule.per == "site" and other is not None and other.per != "site":
            about = units.with_article(other.per)
            yield (
                ("inhibited_by",),
                f'a rule about the site never gives way to "{name}", which is about {about}',
                f'drop it, or ask for site.devices_affected with rule = "{name}" in when.none',
            )


def _check_affected_names(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """site.devices_affected names rules and faults that there are."""
    faults = sorted({it.fault for it in together.rules.values()})
    for condition in (*rule.conditions, *rule.clear):
        if condition.signal.name != "site.devices_affected":
            continue
        for option, known in (("rule", together.ids), ("fault", faults)):
            wanted = condition.options.get(option)
            for name in sorted(wanted) if isinstance(wanted, frozenset) else ():
                if name not in known:
                    yield (
                        (*condition.at, option),
                        f'no rule {"is called" if option == "rule" else "finds"} "{name}"',
                        toml.suggest_word(name, known),
                    )


def _check_condition_present(rule: Rule) -> Iterator[Finding]:
    if not rule.all and not rule.any:
        yield ("when",), "nothing must hold, so it would fire for everything", "add a condition to all or any"


def _check_placeholders(rule: Rule) -> Iterator[Finding]:
    known = templates.known_placeholders(rule)
    for key, template in (("title", rule.title), ("component", rule.component)):
        for word in templates.find_placeholders(template):
            if word not in known:
                yield (
                    (key,),
                    f"{{{word}}} is not known for {units.with_article(rule.per)}",
                    toml.suggest_word(word, known),
                )


def _check_conditions_possible(rule: Rule) -> Iterator[Finding]:
    """Each of its conditions can hold at some time, and none always."""
    for condition in (*rule.conditions, *rule.clear):
        yield from _check_condition_possible(condition)


def _check_conditions_compatible(rule: Rule) -> Iterator[Finding]:
    """All of its conditions can hold at once."""
    for key, conditions in (("when", rule.all), ("clear", rule.clear)):
        for (name, _), span in _value_ranges(conditions).items():
            if _is_empty(span):
                yield (key, "all"), f"no {name} fits all of these conditions", "turn one comparison round"


def _check_condition_possible(condition: Condition) -> Iterator[Finding]:
    kind, span = condition.signal.kind, _value_range(condition)
    if not isinstance(kind, Measure) or span is None:
        return
    whole: ValueRange = (kind.low, True, kind.high, True)
    said = f"{condition.signal.name} {condition.op} {kind.format_number(float(str(condition.value)))}"
    if _is_empty(_intersect_ranges(span, whole)):
        yield condition.at, f"{said} can never be", "turn the comparison round, or change the value"
    elif _intersect_ranges(span, whole) == whole:
        yield condition.at, f"{said} is always so", "leave it out, or change the value"


def _check_clear_contradiction(rule: Rule) -> Iterator[Finding]:
    """`when` and `clear` must not be able to hold both: one compared signal must keep them apart."""
    opens, clears = _value_ranges(rule.all), _value_ranges(rule.clear)
    shared = [key for key in opens if key in clears]
    if shared and not any(_is_empty(_intersect_ranges(opens[key], clears[key])) for key in shared):
        names = ", ".join(name for name, _ in shared)
        yield (
            ("clear", "all"),
            f"contradicts when.all: some values of {names} both open and clear",
            'leave a gap, like when <= "10 %" and clear >= "25 %"',
        )


def _check_unreachable_signals(rule: Rule) -> Iterator[Finding]:
    """A rule on device.unreachable_for cannot use signals that need an answer."""
    if not any(condition.signal.name == "device.unreachable_for" for condition in rule.all):
        return
    for condition in (*rule.all, *rule.none):
        if not condition.signal.when_unreachable:
            name = condition.signal.name
            yield (
                condition.at,
                f"an unreachable printer does not tell its {name}, so this can never fire",
                f"drop the condition on {name}",
            )


def _check_self_inhibition(rule: Rule) -> Iterator[Finding]:
    if rule.id in rule.inhibited_by:
        yield ("inhibited_by",), "a rule cannot give way to itself", f'remove "{rule.id}"'


def _check_self_resolution(rule: Rule) -> Iterator[Finding]:
    """A rule on supply.replacement_ordered must not be ended by its own order."""
    for condition in rule.none:
        if condition.signal.name == "supply.replacement_ordered" and not rule.clear:
            yield (
                ("when", "none"),
                "its own order would end it: supply.replacement_ordered is true once it has spoken",
                'add clear.all, like { signal = "supply.level", op = ">=", value = "25 %" }',
            )


def _check_predicted_severity(rule: Rule) -> Iterator[Finding]:
    if rule.impact is Impact.PREDICTED and rule.severity == "critical":
        yield ("severity",), "a prediction alone is never critical", 'write severity = "high"'


def _check_suppression_gaps(rule: Rule) -> Iterator[Finding]:
    """Suppressions must leave some time for notifications."""
    inside = {it.calendar.name for it in rule.suppressions if not it.outside}
    outside = {it.calendar.name for it in rule.suppressions if it.outside}
    always = {it.calendar.name for it in rule.suppressions if it.calendar.always and not it.outside}
    for name in sorted((inside & outside) | always):
        yield ("suppress",), f'with "{name}" it never speaks', "leave one of the two times free"


CHECKS: Sequence[Callable[[Rule], Iterator[Finding]]] = (
    _check_condition_present, _check_placeholders, _check_conditions_possible, _check_conditions_compatible,
    _check_clear_contradiction, _check_unreachable_signals, _check_self_inhibition, _check_self_resolution,
    _check_predicted_severity, _check_suppression_gaps,
)  # fmt: skip
SET_CHECKS: Sequence[Callable[[Rule, RuleIndex], Iterator[Finding]]] = (
    _check_inhibitors_exist, _check_inhibition_cycle, _check_site_inhibitors, _check_affected_names
)  # fmt: skip


def _value_ranges(conditions: Sequence[Condition]) -> dict[tuple[str, str], ValueRange]:
    """Which values of each measured signal satisfy all of its conditions. Options make it another signal."""
    found: dict[tuple[str, str], ValueRange] = {}
    for condition in conditions:
        span = _value_range(condition)
        if span is not None:
            key = (condition.signal.name, _format_options(condition.options))
            found[key] = _intersect_ranges(found[key], span) if key in found else span
    return found


def _format_options(options: Mapping[str, object]) -> str:
    plain = {key: sorted(it) if isinstance(it, frozenset) else it for key, it in options.items()}
    return str(sorted(plain.items()))


def _value_range(condition: Condition) -> ValueRange | None:
    value, infinity = condition.value, float("inf")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if condition.op in {"<", "<="}:
        return (-infinity, True, value, condition.op == "<=")
    return (value, condition.op == ">=", infinity, True)


def _intersect_ranges(one: ValueRange, other: ValueRange) -> ValueRange:
    low = max((one[0], not one[1]), (other[0], not other[1]))
    high = min((one[2], one[3]), (other[2], other[3]))
    return (low[0], not low[1], high[0], high[1])


def _is_empty(span: ValueRange) -> bool:
    low, low_in, high, high_in = span
    return low > high or (low == high and not (low_in and high_in))


def _find_cycle(rule: Rule, rules: Mapping[str, Rule]) -> list[str]:
    """The way from a rule over `inhibited_by` back to it, if it is longer than one step."""
    ways = [[rule.id, name] for name in rule.inhibited_by if name != rule.id]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == rule.id:
            return way
        if way[-1] in seen or way[-1] not in rules:
            continue
        seen.add(way[-1])
        ways += [[*way, name] for name in rules[way[-1]].inhibited_by]
    return []
