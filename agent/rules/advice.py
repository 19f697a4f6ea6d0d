"""What is allowed in a rule, and most likely not meant: said by `rules check`, and no reason to refuse.

A check is a function of one rule and of all of them together that yields (key, reason, suggestion). Adding
one is adding it to `CHECKS`. What cannot be meant at all `agent.rules.lint` refuses.
"""

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from agent.core.model import Impact
from agent.rules import templates
from agent.rules.lint import Finding, Together
from agent.rules.rule import Rule, Scope
from agent.rules.value_kinds import Measure

Check = Callable[[Rule, Together], Iterator[Finding]]

USAGE = frozenset({"pages.rate_ratio", "part.event_rate", "part.event_trend"})
EPOCH = "counter-epoch"
SHORT = 86400.0  # `keep_firing` that does not outlast a wobble
USUAL = {"supply": "{supply.type}:{supply.colour}", "part": "{part.kind}:{part.index}"}
FIELDS = ("sites", "vendors", "models", "locations", "tags", "contracts")


def check(rule: Rule, together: Together) -> Iterator[Finding]:
    """Everything that is to be said about one rule."""
    for one in CHECKS:
        yield from one(rule, together)


def _gives_way_to_what_is_off(rule: Rule, together: Together) -> Iterator[Finding]:
    for name in rule.inhibited_by:
        if name in together.ids and name not in together.rules:
            yield ("inhibited_by",), f'"{name}" is switched off, so nothing gives way to it', "drop it"


def _gives_way_to_others_printers(rule: Rule, together: Together) -> Iterator[Finding]:
    for name in rule.inhibited_by:
        other = together.rules.get(name)
        if other is not None and (field := _apart(rule.scope, other.scope)):
            yield (
                ("inhibited_by",),
                f'"{name}" is about other printers: the two never meet',
                f"compare scope.{field} of both",
            )


def _apart(one: Scope, other: Scope) -> str | None:
    """The key of the scope by which no printer is in both; None where one may be."""
    for field in FIELDS:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine and theirs and not any(_may_meet(a.lower(), b.lower()) for a in mine for b in theirs):
            return field
    return None


def _may_meet(one: str, other: str) -> bool:
    """Whether some text may fit both patterns; of two with wildcards nobody can tell."""
    wild = [any(sign in text for sign in "*?[") for text in (one, other)]
    return all(wild) or fnmatchcase(one, other) or fnmatchcase(other, one)


def _says_it_twice(rule: Rule, together: Together) -> Iterator[Finding]:
    for other in together.rules.values():
        if other is rule:
            break  # told of the later one
        if _meaning(other) == _meaning(rule):
            yield ("when",), f'asks just what "{other.id}" asks, and finds the same', "drop one of the two"


def _meaning(rule: Rule) -> object:
    """What a rule asks of whom, and what it says is wrong."""
    parts = [
        sorted((it.signal.name, it.op, str(it.value), str(it.options)) for it in conditions)
        for conditions in (rule.all, rule.any, rule.none, rule.clear)
    ]
    return rule.per, rule.scope, rule.fault, rule.component, rule.patience.hold, parts


def _says_not_why(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    if not rule.reason.strip():
        yield ("reason",), "nobody will know why it is as it is", 'add reason = "…"'


def _waits_for_no_company(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    if rule.together.wait and not rule.together.by:
        yield ("ticket", "group_wait"), "waits for nobody without group_by", 'add group_by = ["site"]'


def _gathers_notices(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    if rule.impact is Impact.CUSTOMER_FIXABLE and (rule.together.by or rule.most_a_day):
        yield ("ticket",), "what the site can fix is a notice, and no ticket to gather", "drop it"


def _limits_what_has_no_limit(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    if rule.impact is Impact.DEVICE_DOWN and rule.most_a_day:
        yield (
            ("max_tickets_per_day",),
            "printers that are down are told each, however many",
            "drop it, or let it give way to a rule about the site",
        )


def _never_flaps(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    flap = rule.patience.flap
    if flap is not None and rule.patience.keep * flap.most >= flap.window:
        yield (
            ("flap",),
            f"keep_firing lets it open no more than {flap.most} times in the window, so it is never held",
            "shorten keep_firing, or lengthen flap.window",
        )


def _forgets_between_turns(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    if rule.turns and rule.turns.every > rule.patience.gap:
        yield (
            ("stale_after",),
            "is shorter than the time between its turns: no wait could ever be over",
            "write a longer stale_after, or evaluate more often",
        )


def _one_ticket_for_all(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    named = templates.placeholders(rule.component)
    if rule.per in USUAL and not named and rule.impact is not Impact.BILLING:
        yield (
            ("component",),
            f"every {rule.per} of a printer shares one ticket",
            f'name it: component = "{USUAL[rule.per]}"',
        )


def _reckons_with_a_broken_counter(rule: Rule, together: Together) -> Iterator[Finding]:
    used = sorted(USAGE & {it.signal.name for it in rule.conditions})
    if used and EPOCH in together.rules and EPOCH not in rule.inhibited_by:
        yield (
            ("inhibited_by",),
            f"{used[0]} means little for a week after the page counter began anew",
            f'add "{EPOCH}"',
        )


def _wobbles(rule: Rule, together: Together) -> Iterator[Finding]:
    del together
    levels = [it.signal.name for it in rule.all if _wavers(it.signal.name, it.signal.kind)]
    if levels and not rule.clear and rule.patience.keep < SHORT:
        yield (
            ("clear", "all"),
            f"{levels[0]} wobbles by a few points, and each wobble would end it and begin it",
            "add clear.all with a gap, or keep_firing of a day",
        )


def _wavers(name: str, kind: object) -> bool:
    return isinstance(kind, Measure) and name in {"supply.level", "supply.days_left", "supply.pages_left"}


CHECKS: Sequence[Check] = (
    _gives_way_to_what_is_off, _gives_way_to_others_printers, _says_it_twice, _says_not_why,
    _waits_for_no_company, _gathers_notices, _limits_what_has_no_limit, _never_flaps,
    _forgets_between_turns, _one_ticket_for_all, _reckons_with_a_broken_counter, _wobbles,
)  # fmt: skip
