"""What changes when one set of rules takes the place of another, rule by rule and key by key."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.rules.rule import Condition, Rule, RuleSet

KEYS = (
    "title", "per", "scope", "patience", "turns", "hushes", "severity", "inhibited_by", "fault", "component",
    "impact", "shadow", "together", "most_a_day",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs; `before` and `after` are empty for a rule that comes or goes."""

    rule: str
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}" + (
            f": {self.before} → {self.after}" if self.before or self.after else ""
        )


def compare(before: RuleSet, after: RuleSet) -> list[Difference]:
    """Every difference, by rule."""
    found = []
    for name in sorted({*before.rules, *after.rules}):
        if name not in after.rules:
            found.append(Difference(rule=name, what="is gone"))
        elif name not in before.rules:
            found.append(Difference(rule=name, what="is new"))
        else:
            found += _compared(before.rules[name], after.rules[name])
    return found


def _compared(one: Rule, other: Rule) -> Iterator[Difference]:
    for key in KEYS:
        before, after = getattr(one, key), getattr(other, key)
        if before != after:
            yield Difference(rule=one.id, what=key, before=str(before), after=str(after))
    for key in ("all", "any", "none", "clear"):
        before, after = (", ".join(map(_spell, getattr(rule, key))) for rule in (one, other))
        if before != after:
            what = "clear.all" if key == "clear" else f"when.{key}"
            yield Difference(rule=one.id, what=what, before=before or "nothing", after=after or "nothing")


def _spell(condition: Condition) -> str:
    return f"{condition.signal.name} {condition.op} {_plain(condition.value)}" + "".join(
        f" {name}={_plain(it)}" for name, it in sorted(condition.options.items())
    )


def _plain(value: object) -> str:
    return "/".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
