"""Parts of a rule in words: conditions, durations, calendars; as a person would say them."""

from agent.core.units import format_duration
from agent.rules import value_kinds
from agent.rules.rule import Condition, Grouping, Scope, Suppression, Timing


def format_condition(condition: Condition) -> str:
    """ "alert.code in jam, coverOpen (min_age 5 min)"."""
    options = ", ".join(
        f"{name} {_format_option(condition, name, it)}" for name, it in condition.options.items()
    )
    said = f"{condition.signal.name} {condition.op} {format_expected(condition)}"
    return f"{said} ({options})" if options else said


def format_expected(condition: Condition) -> str:
    """The value that a condition compares with."""
    return _format_by_kind(condition.signal.kind, condition.value)


def _format_option(condition: Condition, name: str, value: object) -> str:
    kind = condition.signal.options.get(name)
    return _format_by_kind(kind, value) if kind else format_value(value)


def _format_by_kind(kind: value_kinds.ValueKind, value: object) -> str:
    if isinstance(kind, value_kinds.Measure) and isinstance(value, int | float):
        return kind.format_number(value)
    if isinstance(kind, value_kinds.Vocabulary) and kind.numbers:
        names = {str(number): name for name, number in kind.numbers.items()}
        many = value if isinstance(value, frozenset) else {value}
        return ", ".join(sorted(names.get(str(it), str(it)) for it in many))
    return format_value(value)


def format_value(value: object) -> str:
    """A word, a list of words, a flag, or the name of a calendar."""
    if isinstance(value, frozenset | tuple):
        return ", ".join(sorted(map(str, value))) or "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return str(getattr(value, "name", value)) or "nothing"


def list_timing(timing: Timing) -> dict[str, str]:
    """The keys of a rule's waiting times, with their values."""
    flap = timing.flap
    held = (
        f"{flap.max_opens} in {format_duration(flap.window)}, held {format_duration(flap.hold)}"
        if flap
        else "nothing"
    )
    return {
        "for": format_duration(timing.for_duration),
        "keep_firing": format_duration(timing.keep_firing),
        "stale_after": format_duration(timing.stale_after),
        "flap": held,
    }


def list_scope(scope: Scope) -> dict[str, str]:
    """The keys of a rule's scope, with their patterns."""
    return {f"scope.{name}": format_value(getattr(scope, name)) for name in scope.__slots__}


def format_suppressions(suppressions: tuple[Suppression, ...]) -> str:
    """ "delay outside office, drop in night"."""
    said = (
        f"{'drop' if it.drops else 'delay'} {'outside' if it.outside else 'in'} {it.calendar.name}"
        for it in suppressions
    )
    return ", ".join(said) or "nothing"


def format_grouping(grouping: Grouping) -> str:
    """ "by site, waits 2 h"."""
    if not grouping.by:
        return "nothing"
    return f"by {', '.join(grouping.by)}, waits {format_duration(grouping.wait)}"
