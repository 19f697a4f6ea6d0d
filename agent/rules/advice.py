"""Advice of `rules check`: things a rule may contain but that are probably a mistake. Advice refuses nothing.

A check is a function of one rule and of all of them together that yields (key, reason, suggestion). Adding
one is adding it to `CHECKS`. `agent.rules.lint` refuses what is certainly a mistake.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from agent.core.model import Impact
from agent.core.units import counted, format_duration
from agent.rules import idle_keys, nearest_words, scope_checks, templates
from agent.rules.lint import RuleIndex
from agent.rules.rule import Rule, Scope
from agent.rules.value_checks import Finding
from agent.rules.value_kinds import Measure

AdviceCheck = Callable[[Rule, RuleIndex], Iterator[Finding]]

USAGE_SIGNALS = frozenset({"pages.rate_ratio", "part.event_rate", "part.event_trend"})
EPOCH_RULE = "counter-epoch"
SHORT_KEEP_FIRING = 86400.0  # `keep_firing` that does not outlast a wobble
USUAL_COMPONENTS = {"supply": "{supply.type}:{supply.colour}", "part": "{part.kind}:{part.index}"}
USUAL_IMPACTS = {
    "supplies": (Impact.SUPPLY, Impact.CUSTOMER_FIXABLE),
    "technician": (Impact.DEVICE_DOWN, Impact.DEGRADED, Impact.PREDICTED, Impact.CUSTOMER_FIXABLE),
    "site": (Impact.CUSTOMER_FIXABLE, Impact.DEVICE_DOWN, Impact.DEGRADED),
}  # by who acts on the fault; the provider may act on any


def advise_rule(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """Yield all advice about one rule."""
    for one in CHECKS:
        yield from one(rule, together)


def _warn_disabled_inhibitor(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    for name in rule.inhibited_by:
        if name in together.ids and name not in together.rules and not rule.shipped:
            yield ("inhibited_by",), f'"{name}" is switched off, so nothing gives way to it', "drop it"


def _warn_disjoint_inhibitor(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    for name in rule.inhibited_by:
        other = together.rules.get(name)
        if other is not None and (field := _disjoint_field(rule.scope, other.scope)):
            yield (
                ("inhibited_by",),
                f'"{name}" is about other printers: the two never meet',
                f"compare scope.{field} of both",
            )


def _disjoint_field(one: Scope, other: Scope) -> str | None:
    """The key of the scope by which no printer is in both; None where one may be."""
    for field in scope_checks.FIELDS:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine and theirs and not any(_may_overlap(a.lower(), b.lower()) for a in mine for b in theirs):
            return field
    return None


def _may_overlap(one: str, other: str) -> bool:
    """True if some text may fit both patterns; assumed of two patterns with wildcards."""
    wild = [any(sign in text for sign in "*?[") for text in (one, other)]
    return all(wild) or fnmatchcase(one, other) or fnmatchcase(other, one)


def _warn_duplicate_rule(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    for other in together.rules.values():
        if other is rule:
            break  # reported of the later one
        if other.fault == rule.fault and _rule_meaning(other) == _rule_meaning(rule):
            yield ("when",), f'asks just what "{other.id}" asks, and finds the same', "drop one of the two"


def _rule_meaning(rule: Rule) -> object:
    """Return what makes two rules the same: subject, scope, conditions, timing, fault, notification."""
    parts = [
        sorted((it.signal.name, it.op, str(it.value), str(it.options)) for it in conditions)
        for conditions in (rule.all, rule.any, rule.none, rule.clear)
    ]
    notifies = rule.impact, rule.shadow, rule.suppressions, rule.schedule
    return rule.per, rule.scope, rule.fault, rule.component, rule.timing.for_duration, notifies, parts


def _warn_replaced_rule(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """A shipped rule that vanishes because a rule of one's own has its id and finds something else."""
    earlier = together.replaced.get(rule.id)
    if earlier is None or not earlier.shipped:
        return
    for key, mine, theirs in (
        ("fault", rule.fault, earlier.rule.fault),
        ("per", rule.per, earlier.rule.per),
    ):
        if mine != theirs:
            yield (
                ("id",),
                f'takes the place of the shipped "{rule.id}", whose {key} is {theirs}, not {mine}',
                "give it an id of its own, if the shipped rule is to stay",
            )
            return


def _warn_repeated_id(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """Two files of one's own with the same id: the later one stands."""
    earlier = together.replaced.get(rule.id)
    if earlier is not None and not earlier.shipped:
        yield ("id",), f'takes the place of "{rule.id}" in {earlier.place}', "give one of the two another id"


def _warn_misspelt_word(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """Words that any printer may use, and that look like a misspelling of a usual one."""
    del together
    for condition in (*rule.conditions, *rule.clear):
        if condition.signal.name == "supply.colour":
            words = condition.value if isinstance(condition.value, frozenset) else {str(condition.value)}
            for word in sorted(words):
                if close := nearest_words.find_colour(word):
                    yield (*condition.at, "value"), f'"{word}" is no usual colour', f'did you mean "{close}"?'
    yield from scope_checks.advise_patterns(rule)


def _warn_unfit_impact(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """An impact that sends the ticket to another desk than its fault is for."""
    fault = together.faults.get(rule.fault)
    if fault is None or rule.impact in USUAL_IMPACTS.get(fault.acts, tuple(Impact)):
        return
    usual = " or ".join(USUAL_IMPACTS[fault.acts])
    yield (
        ("impact",),
        f"{rule.impact} does not go with {rule.fault}, which is for: {fault.acts}",
        f'write impact = "{usual}", or another fault'
        if " or " not in usual
        else f"write {usual}, or another fault",
    )


def _warn_short_minutes(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """ "1 m" is one minute; written by somebody who means a month it fires at once."""
    for key, text in _list_texts(together.raw.get(rule.id, {})):
        if found := re.fullmatch(r"\s*([123])\s*m\s*", text):
            yield (
                key,
                f'"{text}" is {counted(int(found[1]), "minute")}, not a month',
                f'write "{found[1]} min", or "{30 * int(found[1])} days"',
            )


def _list_texts(table: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(key, text) of every text in a table."""
    if isinstance(table, str):
        yield at, table
    elif isinstance(table, Mapping | list):
        for key, it in table.items() if isinstance(table, Mapping) else enumerate(table):
            yield from _list_texts(it, (*at, key))


def _warn_stale_between_polls(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """A reading that is unknown before the next one comes."""
    parts = frozenset().union(*(it.signal.reads for it in (*rule.conditions, *rule.clear)))
    for part in sorted(parts & together.intervals.keys()):
        every = together.intervals[part]
        if rule.timing.stale_after < every:
            stale, polled = format_duration(rule.timing.stale_after), format_duration(every)
            yield (
                ("stale_after",),
                f"is {stale}, and {part} are read each {polled}: most of the time they would be unknown",
                f"write a stale_after of {format_duration(3 * every)} or more",
            )
            return


def _warn_missing_reason(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    if not rule.reason.strip():
        yield ("reason",), "without it the next reader cannot know why it is as it is", 'add reason = "…"'


def _warn_wait_without_group(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    if rule.grouping.wait and not rule.grouping.by:
        yield ("ticket", "group_wait"), "has no effect without group_by", 'add group_by = ["site"]'


def _warn_grouped_notices(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    if rule.impact is Impact.CUSTOMER_FIXABLE and (rule.grouping.by or rule.most_a_day):
        yield ("ticket",), "what the site can fix is a notice, and no ticket to gather", "drop it"


def _warn_limited_outages(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    if rule.impact is Impact.DEVICE_DOWN and rule.most_a_day:
        yield (
            ("max_tickets_per_day",),
            "printers that are down are told each, however many",
            "drop it, or let it give way to a rule about the site",
        )


def _warn_ineffective_flap(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    flap = rule.timing.flap
    if flap is not None and rule.timing.keep_firing * flap.max_opens >= flap.window:
        yield (
            ("flap",),
            f"keep_firing allows {flap.max_opens} openings in the window at most, so it is never held",
            "shorten keep_firing, or lengthen flap.window",
        )


def _warn_stale_between_evaluations(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    if rule.schedule and rule.schedule.every > rule.timing.stale_after:
        yield (
            ("stale_after",),
            "is shorter than the time between its turns: no wait could ever be over",
            "write a longer stale_after, or evaluate more often",
        )


def _warn_shared_component(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    named = templates.find_placeholders(rule.component)
    if rule.per in USUAL_COMPONENTS and not named and rule.impact is not Impact.BILLING:
        yield (
            ("component",),
            f"every {rule.per} of a printer shares one ticket",
            f'name it: component = "{USUAL_COMPONENTS[rule.per]}"',
        )


def _warn_usage_without_epoch(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    used = sorted(USAGE_SIGNALS & {it.signal.name for it in rule.conditions})
    if used and EPOCH_RULE in together.rules and EPOCH_RULE not in rule.inhibited_by:
        yield (
            ("inhibited_by",),
            f"{used[0]} means little for a week after the page counter began anew",
            f'add "{EPOCH_RULE}"',
        )


def _warn_noisy_level(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    del together
    levels = [it.signal.name for it in rule.all if _is_noisy_level(it.signal.name, it.signal.kind)]
    if levels and not rule.clear and rule.timing.keep_firing < SHORT_KEEP_FIRING:
        yield (
            ("clear", "all"),
            f"{levels[0]} wobbles by a few points, and each wobble would end it and begin it",
            "add clear.all with a gap, or keep_firing of a day",
        )


def _is_noisy_level(name: str, kind: object) -> bool:
    return isinstance(kind, Measure) and name in {"supply.level", "supply.days_left", "supply.pages_left"}


CHECKS: Sequence[AdviceCheck] = (
    _warn_disabled_inhibitor, _warn_disjoint_inhibitor, _warn_duplicate_rule, _warn_replaced_rule,
    _warn_repeated_id, _warn_misspelt_word, _warn_unfit_impact, _warn_short_minutes,
    _warn_stale_between_polls, _warn_missing_reason,
    _warn_wait_without_group, _warn_grouped_notices, _warn_limited_outages, _warn_ineffective_flap,
    _warn_stale_between_evaluations, _warn_shared_component, _warn_usage_without_epoch, _warn_noisy_level,
    idle_keys.warn_idle_keys, idle_keys.warn_idle_conditions, idle_keys.warn_repeated_calendar,
)  # fmt: skip
