"""What is wrong with a rule although each of its keys is right by itself.

A check is a function of one rule (or of the whole set) that yields (key within the rule, reason,
suggestion). Adding a check is adding a function to `CHECKS`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from agent import toml
from agent.rules import wording
from agent.rules.kinds import Measure
from agent.rules.rule import Condition, Fault, Rule

Finding = tuple[tuple[str | int, ...], str, str]
Span = tuple[float, bool, float, bool]  # low, low included, high, high included


def check_rule(rule: Rule, faults: Mapping[str, Fault]) -> Iterator[Finding]:
    """Every finding about one rule by itself."""
    if rule.fault not in faults:
        yield (
            ("fault",),
            f'"{rule.fault}" is not in the fault catalogue',
            toml.nearest(rule.fault, list(faults)),
        )
    for check in CHECKS:
        yield from check(rule)


def check_set(rules: Mapping[str, Rule], ids: Collection[str]) -> Iterator[tuple[Rule, Finding]]:
    """Every finding that shows only when all rules are together. `ids`: theirs, and of those switched off."""
    for rule in rules.values():
        for name in rule.inhibited_by:
            if name not in ids:
                yield (
                    rule,
                    (("inhibited_by",), f'no rule is called "{name}"', toml.nearest(name, list(ids))),
                )
        circle = _circle(rule, rules)
        if circle and rule.id == min(circle):  # told once, not once for each rule on the way
            way = " → ".join(circle)
            yield (
                rule,
                (("inhibited_by",), f"leads back to itself: {way}", "neither could ever speak: drop one"),
            )


def _has_condition(rule: Rule) -> Iterator[Finding]:
    if not rule.all and not rule.any:
        yield ("when",), "nothing must hold, so it would fire for everything", "add a condition to all or any"


def _words(rule: Rule) -> Iterator[Finding]:
    known = wording.names(rule)
    for key, template in (("title", rule.title), ("component", rule.component)):
        for word in wording.placeholders(template):
            if word not in known:
                yield (key,), f"{{{word}}} is not known for a {rule.per}", toml.nearest(word, known)


def _possible(rule: Rule) -> Iterator[Finding]:
    """All of its conditions can hold at once, each of them at some time, and none always."""
    for condition in (*rule.conditions, *rule.clear):
        yield from _reachable(condition)
    for key, conditions in (("when", rule.all), ("clear", rule.clear)):
        for (name, _), span in _spans(conditions).items():
            if _empty(span):
                yield (key, "all"), f"no {name} fits all of these conditions", "turn one comparison round"


def _reachable(condition: Condition) -> Iterator[Finding]:
    kind, span = condition.signal.kind, _span(condition)
    if not isinstance(kind, Measure) or span is None:
        return
    whole: Span = (kind.low, True, kind.high, True)
    said = f"{condition.signal.name} {condition.op} {kind.spell(float(str(condition.value)))}"
    if _empty(_meet(span, whole)):
        yield condition.at, f"{said} can never be", "turn the comparison round, or change the value"
    elif _meet(span, whole) == whole:
        yield condition.at, f"{said} is always so", "leave it out, or change the value"


def _clear_contradicts(rule: Rule) -> Iterator[Finding]:
    """`when` and `clear` must not be able to hold both: one compared signal must keep them apart."""
    opens, clears = _spans(rule.all), _spans(rule.clear)
    shared = [key for key in opens if key in clears]
    if shared and not any(_empty(_meet(opens[key], clears[key])) for key in shared):
        names = ", ".join(name for name, _ in shared)
        yield (
            ("clear", "all"),
            f"contradicts when.all: some values of {names} both open and clear",
            'leave a gap, like when <= "10 %" and clear >= "25 %"',
        )


def _silence(rule: Rule) -> Iterator[Finding]:
    """Whoever asks how long a printer has been silent cannot ask a silent printer."""
    if not any(condition.signal.name == "device.unreachable_for" for condition in rule.all):
        return
    for condition in (*rule.all, *rule.none):
        if not condition.signal.lasts:
            name = condition.signal.name
            yield (
                condition.at,
                f"an unreachable printer does not tell its {name}, so this can never fire",
                f"drop the condition on {name}",
            )


def _inhibits_itself(rule: Rule) -> Iterator[Finding]:
    if rule.id in rule.inhibited_by:
        yield ("inhibited_by",), "a rule cannot give way to itself", f'remove "{rule.id}"'


CHECKS: Sequence[Callable[[Rule], Iterator[Finding]]] = (
    _has_condition, _words, _possible, _clear_contradicts, _silence, _inhibits_itself
)  # fmt: skip


def _spans(conditions: Sequence[Condition]) -> dict[tuple[str, str], Span]:
    """Which values of each measured signal satisfy all of its conditions. Options make it another signal."""
    found: dict[tuple[str, str], Span] = {}
    for condition in conditions:
        span = _span(condition)
        if span is not None:
            key = (condition.signal.name, _spell(condition.options))
            found[key] = _meet(found[key], span) if key in found else span
    return found


def _spell(options: Mapping[str, object]) -> str:
    plain = {key: sorted(it) if isinstance(it, frozenset) else it for key, it in options.items()}
    return str(sorted(plain.items()))


def _span(condition: Condition) -> Span | None:
    value, infinity = condition.value, float("inf")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if condition.op in {"<", "<="}:
        return (-infinity, True, value, condition.op == "<=")
    return (value, condition.op == ">=", infinity, True)


def _meet(one: Span, other: Span) -> Span:
    low = max((one[0], not one[1]), (other[0], not other[1]))
    high = min((one[2], one[3]), (other[2], other[3]))
    return (low[0], not low[1], high[0], high[1])


def _empty(span: Span) -> bool:
    low, low_in, high, high_in = span
    return low > high or (low == high and not (low_in and high_in))


def _circle(rule: Rule, rules: Mapping[str, Rule]) -> list[str]:
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
