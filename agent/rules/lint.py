"""Mistakes of a rule whose keys are each valid on their own.

A check is a function of one rule (or of the whole set) that yields (key within the rule, reason,
suggestion). Adding a check is adding a function to `CHECKS` or `SET_CHECKS`. Advice is in
`agent.rules.advice`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta

from agent.core import toml, units
from agent.core.model import Impact
from agent.rules import nearest_words, scope_checks, templates, value_checks
from agent.rules.rule import FaultDefinition, Rule, Suppression
from agent.rules.value_checks import Finding

SOME_MONDAY = date(2026, 1, 12)  # no clock changes in the weeks around it
MAX_ID = 256  # characters that a ticket takes (mps.ticket/1)


def check_rule(rule: Rule, faults: Mapping[str, FaultDefinition]) -> Iterator[Finding]:
    """Every finding about one rule by itself."""
    if rule.fault not in faults:
        yield (
            ("fault",),
            f'"{rule.fault}" is not in the fault catalogue',
            nearest_words.suggest_nearest(rule.fault, faults),
        )
    for check in CHECKS:
        yield from check(rule)


def check_set(together: "RuleIndex") -> Iterator[tuple[Rule, Finding]]:
    """Every finding that shows only when all rules are together."""
    for rule in together.rules.values():
        for check in SET_CHECKS:
            yield from ((rule, finding) for finding in check(rule, together))


@dataclass(frozen=True, slots=True)
class ReplacedRule:
    """A rule whose place a later one of the same id has taken."""

    rule: Rule
    place: str  # "rules.d/mine.toml:12"
    shipped: bool


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """All rules in force, and the ids of those that are switched off as well."""

    rules: Mapping[str, Rule]
    ids: Sequence[str]
    faults: Mapping[str, FaultDefinition] = field(default_factory=dict)
    replaced: Mapping[str, ReplacedRule] = field(default_factory=dict)
    raw: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # as written in their files
    intervals: Mapping[str, float] = field(default_factory=dict)  # part of the facts -> seconds between polls


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
    if not rule.title.strip():
        yield ("title",), "is blank", "write some words"
    for key, template in (("title", rule.title), ("component", rule.component)):
        for word in templates.find_placeholders(template):
            if word not in known:
                yield (
                    (key,),
                    f"{{{word}}} is not known for {units.with_article(rule.per)}",
                    nearest_words.suggest_nearest(word, known),
                )
        if templates.has_stray_brace(template):
            yield (key,), "has a brace without its partner", 'write words in braces like "{device}"'


def _check_text_bounds(rule: Rule) -> Iterator[Finding]:
    """The contract bounds its texts; what is longer would be refused by the provider."""
    bounds = (
        ("id", rule.id, MAX_ID),
        ("title", rule.title, templates.MAX_TITLE),
        ("component", rule.component, templates.MAX_COMPONENT),
    )
    for key, text, most in bounds:
        if len(text) > most:
            yield (key,), f"has {len(text)} characters, and a ticket takes {most}", "shorten it"


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
        if condition.signal.name in {"supply.replacement_ordered", "supply.last_order"} and not rule.clear:
            yield (
                ("when", "none"),
                f"its own order would end it: {condition.signal.name} is true once it has spoken",
                'add clear.all, like { signal = "supply.level", op = ">=", value = "25 %" }',
            )


def _check_predicted_severity(rule: Rule) -> Iterator[Finding]:
    if rule.impact is Impact.PREDICTED and rule.severity == "critical":
        yield ("severity",), "a prediction alone is never critical", 'write severity = "high"'


def _check_suppression_gaps(rule: Rule) -> Iterator[Finding]:
    """Suppressions must leave some time for notifications; a holiday alone is none."""
    times = [replace(it, calendar=replace(it.calendar, holidays=frozenset())) for it in rule.suppressions]
    if times and all(any(it.applies_at(at) for it in times) for at in _list_edges(times)):
        names = " and ".join(f'"{name}"' for name in dict.fromkeys(it.calendar.name for it in times))
        yield ("suppress",), f"with {names} it never speaks", "leave some time free"


def _list_edges(times: Sequence[Suppression]) -> list[float]:
    """Each moment of two weeks at which a calendar opens or closes, and their first."""
    days = [SOME_MONDAY + timedelta(days=number) for number in range(14)]
    spans = (span for it in times for day in days for span in it.calendar.open_periods(day))
    begin = min(it.calendar.instant_of(days[1], time(0)) for it in times)
    end = begin + 10 * 86400.0
    return [begin, *(edge for span in spans for edge in span if begin <= edge < end)]


CHECKS: Sequence[Callable[[Rule], Iterator[Finding]]] = (
    _check_condition_present, _check_placeholders, _check_text_bounds, *value_checks.CHECKS,
    scope_checks.check_scope_possible,
    _check_unreachable_signals, _check_self_inhibition, _check_self_resolution, _check_predicted_severity,
    _check_suppression_gaps,
)  # fmt: skip
SET_CHECKS: Sequence[Callable[[Rule, RuleIndex], Iterator[Finding]]] = (
    _check_inhibitors_exist, _check_inhibition_cycle, _check_site_inhibitors, _check_affected_names
)  # fmt: skip


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
