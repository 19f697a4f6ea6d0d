"""Checks of a rule's scope: a scope that fits no printer, patterns written for another tool.

scope.vendors = ["HP"]      fits nobody together with      scope.not_vendors = ["H*"]
scope.models = ["^M5.*$"]   is a regular expression; scopes take shell patterns: "M5*"
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from agent.rules import nearest_words
from agent.rules.rule import Rule
from agent.rules.value_checks import Finding

FIELDS = ("sites", "vendors", "models", "locations", "tags", "contracts")
NAME_FIELDS = ("vendors", "models")  # names without the signs of a regular expression
LISTED_FIELDS = ("vendors", "tags")  # words without commas

_REGULAR = re.compile(r"\^(?P<begin>.+?)(\.[*+])?\$?|(?P<middle>[^.]+)(\.[*+])\$?|(?P<end>.+)\$|(?P<sql>.+)%")


def check_scope_possible(rule: Rule) -> Iterator[Finding]:
    """Some printer may be in the scope."""
    for name in FIELDS:
        wanted, barred = getattr(rule.scope, name), getattr(rule.scope, f"not_{name}")
        if name == "tags" and "" in wanted:
            yield ("scope", name), "no tag is empty", 'for printers without tags write not_tags = ["*"]'
        elif name != "tags" and "*" in barred:
            yield (
                ("scope", f"not_{name}"),
                '"*" rules out every printer',
                "name those to leave out, or drop it",
            )
        elif wanted and all(any(_is_within(one, it) for it in barred) for one in wanted):
            yield (
                ("scope", f"not_{name}"),
                f"rules out all that scope.{name} lets in, so it fits no printer",
                f"drop one of the two, or let not_{name} name fewer",
            )


def _is_within(one: str, other: str) -> bool:
    """True if each text that fits the pattern `one` fits `other`; where it is hard to say, False."""
    one, other = one.lower(), other.lower()
    return one == other or (not any(sign in other for sign in "?[") and fnmatchcase(one, other))


def advise_patterns(rule: Rule) -> Iterator[Finding]:
    """Patterns that hardly fit what they were written for."""
    for name in (it for field in FIELDS for it in (field, f"not_{field}")):
        for pattern in getattr(rule.scope, name):
            if found := _find_misreading(name.removeprefix("not_"), pattern):
                yield ("scope", name), *found


def _find_misreading(field: str, pattern: str) -> tuple[str, str] | None:
    """(reason, suggestion) about one pattern."""
    signs = "|,;" if field in LISTED_FIELDS else "|"
    if pattern.strip() != pattern:
        return f'"{pattern}" begins or ends with a space', f'write "{pattern.strip()}"'
    parts = [it.strip() for it in re.split(f"[{re.escape(signs)}]", pattern)]
    if len(parts) > 1 and all(parts):
        listed = ", ".join(f'"{it}"' for it in parts)
        return f'"{pattern}" is one name, signs and all', f"write several: [{listed}]"
    if field in NAME_FIELDS and (found := _REGULAR.fullmatch(pattern)):
        fixed = next(it for it in found.groupdict().values() if it)
        return f'"{pattern}" is no shell pattern', f'write "{fixed}*": * stands for any text'
    if field == "vendors" and (close := nearest_words.find_typo(pattern, nearest_words.VENDORS)):
        return f'"{pattern}" is no vendor known here', f'did you mean "{close}"?'
    return None
