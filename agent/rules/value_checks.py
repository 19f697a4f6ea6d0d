"""Checks of the values in a rule's conditions: what can never be, what is always so, what contradicts.

A check is a function of one rule that yields (key in the rule, reason, suggestion); see `agent.rules.lint`.
"""

from collections.abc import Callable, Iterator, Sequence

from agent.rules import value_sets
from agent.rules.rule import Condition, Rule
from agent.rules.value_sets import FLAGS, NumberSet, SignalKey, ValueSet

Finding = tuple[tuple[str | int, ...], str, str]
LASTING_SIGNALS = frozenset({"supply.kind", "supply.colour", "part.kind"})  # they do not change


def check_conditions_possible(rule: Rule) -> Iterator[Finding]:
    """Each of its conditions can hold at some time, and none always."""
    for condition in (*rule.conditions, *rule.clear):
        allowed = value_sets.find_allowed(condition)
        if allowed is None or not (allowed.is_empty or allowed.is_full):
            continue
        said = f"{condition.signal.name} {condition.op} {condition.format_wanted()}"
        if allowed.is_empty:
            yield condition.at, f"{said} can never be", "turn the comparison round, or change the value"
        else:
            yield condition.at, f"{said} is always so", "leave it out, or change the value"


def check_conditions_compatible(rule: Rule) -> Iterator[Finding]:
    """All of its conditions can hold at once."""
    for key, conditions in (("when", rule.all), ("clear", rule.clear)):
        several = _keys_asked_twice(conditions)
        for signal, allowed in value_sets.intersect_conditions(conditions).items():
            if signal in several and allowed.is_empty:
                yield (key, "all"), f"no {signal[0]} fits all of these conditions", _suggest_apart(allowed)
    every = value_sets.intersect_conditions(rule.all)
    barred, some = value_sets.unite_conditions(rule.none), value_sets.unite_conditions(rule.any)
    for signal, allowed in every.items():
        if allowed.is_empty:
            continue
        if signal in barred and value_sets.combine_sets(allowed, barred[signal], without=True).is_empty:
            reason = f"rules out every {signal[0]} that when.all lets through"
            yield ("when", "none"), reason, _suggest_apart(allowed)
        if _is_any_about(rule, signal) and value_sets.combine_sets(allowed, some[signal]).is_empty:
            reason = f"no {signal[0]} fits both when.all and when.any"
            yield ("when", "any"), reason, _suggest_apart(allowed)


def _is_any_about(rule: Rule, signal: SignalKey) -> bool:
    """True if when.any has conditions, and all of them are about this signal."""
    comparable = [value_sets.key_of(it) for it in rule.any if value_sets.find_allowed(it) is not None]
    return bool(comparable) and len(comparable) == len(rule.any) and set(comparable) == {signal}


def _suggest_apart(allowed: ValueSet) -> str:
    if isinstance(allowed, NumberSet):
        return "turn one comparison round"
    return "drop one" if allowed.known == FLAGS else 'use op = "in" for one word or the other, or drop one'


def _keys_asked_twice(conditions: Sequence[Condition]) -> set[SignalKey]:
    asked = [value_sets.key_of(it) for it in conditions]
    return {key for key in asked if asked.count(key) > 1}


def check_unions(rule: Rule) -> Iterator[Finding]:
    """The alternatives of one signal leave some value out."""
    for key, conditions in (("any", rule.any), ("none", rule.none)):
        several = _keys_asked_twice(conditions)
        for signal, united in value_sets.unite_conditions(conditions).items():
            singles = (value_sets.find_allowed(it) for it in conditions if value_sets.key_of(it) == signal)
            if signal not in several or not united.is_full or any(it and it.is_full for it in singles):
                continue
            name = signal[0]
            hint = "for a level that is unknown ask supply.vague" if name == "supply.level" else "leave a gap"
            if key == "any":
                yield ("when", key), f"every {name} meets one of these: together they are always so", hint
            else:
                yield ("when", key), f"together these rule out every {name}: it can never fire", hint


def _opening_values(rule: Rule) -> dict[SignalKey, ValueSet]:
    """The values of each signal with which the rule can open."""
    single = rule.any if len(rule.any) == 1 else ()
    found = value_sets.intersect_conditions((*rule.all, *single))
    for signal, barred in value_sets.unite_conditions(rule.none).items():
        if signal in found:
            found[signal] = value_sets.combine_sets(found[signal], barred, without=True)
        else:
            found[signal] = barred.invert()
    return found


def check_clear_possible(rule: Rule) -> Iterator[Finding]:
    """`clear` can hold for what `when` held for: some signals never change."""
    opens = _opening_values(rule)
    for condition in rule.clear:
        signal, allowed = value_sets.key_of(condition), value_sets.find_allowed(condition)
        if signal[0] not in LASTING_SIGNALS or signal not in opens or allowed is None:
            continue
        if value_sets.combine_sets(opens[signal], allowed).is_empty:
            yield (
                condition.at,
                f"can never be: {signal[0]} does not change after when has held, so it never clears",
                "drop it from clear.all",
            )


def check_clear_contradiction(rule: Rule) -> Iterator[Finding]:
    """`when` and `clear` must not be able to hold both: one compared signal must keep them apart."""
    opens, clears = _opening_values(rule), value_sets.intersect_conditions(rule.clear)
    shared = [key for key in opens if key in clears and key[0] not in LASTING_SIGNALS]
    if shared and not any(value_sets.combine_sets(opens[key], clears[key]).is_empty for key in shared):
        names = ", ".join(name for name, _ in shared)
        yield (
            ("clear", "all"),
            f"contradicts when.all: some values of {names} both open and clear",
            'leave a gap, like when <= "10 %" and clear >= "25 %"'
            if isinstance(opens[shared[0]], NumberSet)
            else "let clear ask for other values than when",
        )


CHECKS: Sequence[Callable[[Rule], Iterator[Finding]]] = (
    check_conditions_possible, check_conditions_compatible, check_unions, check_clear_possible,
    check_clear_contradiction,
)  # fmt: skip
