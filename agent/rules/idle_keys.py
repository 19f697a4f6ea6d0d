"""Advice about what has no effect: a condition that another one implies, keys beside `once`."""

from collections.abc import Iterator, Sequence

from agent.rules import value_sets
from agent.rules.lint import RuleIndex
from agent.rules.rule import Condition, Rule
from agent.rules.value_checks import Finding

IDLE_KEYS = ("max_tickets_per_day", "ticket")  # of a rule with `once`


def warn_idle_keys(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """Keys of an occurrence that have no effect, or another one than most expect."""
    if not rule.once:
        return
    for key in IDLE_KEYS:
        if key in together.raw.get(rule.id, {}):
            yield (
                (key,),
                "has no effect with once = true: each occurrence is sent by itself",
                "drop it, or drop once",
            )
    if rule.clear:
        yield (
            ("clear", "all"),
            "ends no ticket: with once = true it closes as soon as it is sent",
            "drop once, unless clear is to say when the next one may be told",
        )


def warn_idle_conditions(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """Conditions that say no more than another one of the same list."""
    del together
    for key, conditions in (("all", rule.all), ("any", rule.any), ("none", rule.none), ("clear", rule.clear)):
        for one in _find_idle(conditions, narrow=key in {"all", "clear"}):
            name = f"{one.signal.name} {one.op} {one.format_wanted()}"
            yield one.at, f"another condition says all that {name} says", "drop it, or change the value"


def warn_repeated_calendar(rule: Rule, together: RuleIndex) -> Iterator[Finding]:
    """The same hours twice among the times in which it does not notify."""
    del together
    times = [(it.calendar.name, it.outside) for it in rule.suppressions]
    for name in dict.fromkeys(name for name, outside in times if times.count((name, outside)) > 1):
        yield ("suppress",), f'the hours of "{name}" stand twice', "keep one: delay or drop"


def _find_idle(conditions: Sequence[Condition], *, narrow: bool) -> Iterator[Condition]:
    """Those that another one makes needless. `narrow`: all must hold, so that the narrower one decides."""
    for number, one in enumerate(conditions):
        for place, other in enumerate(conditions):
            if place == number or value_sets.key_of(one) != value_sets.key_of(other):
                continue
            mine, theirs = value_sets.find_allowed(one), value_sets.find_allowed(other)
            if mine is None or theirs is None:
                idle = place < number and (one.op, one.value) == (other.op, other.value)
            else:
                inner, outer = (theirs, mine) if narrow else (mine, theirs)
                idle = value_sets.combine_sets(inner, outer, without=True).is_empty
                idle = idle and (mine != theirs or place < number)
            if idle:
                yield one
                break
