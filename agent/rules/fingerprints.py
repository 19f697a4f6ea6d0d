"""Fingerprints of rules: equal where what counts is equal, on every machine and after every start.

question   what it asks and finds, whatever its id, title, severity or waiting times
wording    what its tickets say: title, severity, impact
set        all that the files in force say; comments, order and spaces do not count
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from agent.core.calendars import Calendar
from agent.rules.rule import Condition, Rule

LENGTH = 16  # hexadecimal digits


@lru_cache(maxsize=2048)
def fingerprint_question(rule: Rule) -> str:
    """The fingerprint of what a rule asks and finds."""
    parts = [[_list_parts(it) for it in them] for them in (rule.all, rule.any, rule.none, rule.clear)]
    return _hash_parts([rule.per, rule.fault, rule.component, rule.once, parts])


@lru_cache(maxsize=2048)
def fingerprint_wording(rule: Rule) -> str:
    """The fingerprint of what the tickets of a rule say."""
    return _hash_parts([rule.title, rule.severity, rule.impact.value])


def fingerprint_rules(
    rules: Mapping[str, Mapping[str, object]], tables: Iterable[Mapping[str, object]]
) -> str:
    """The fingerprint of a rule set: the rules as they are written, and the shared tables of the files."""
    return _hash_parts([dict(rules), [dict(it) for it in tables if it]])


def _list_parts(condition: Condition) -> list[object]:
    return [
        condition.signal.name,
        condition.op,
        _plain(condition.value),
        {name: _plain(it) for name, it in condition.options.items()},
    ]


def _plain(value: object) -> object:
    """A value as JSON can hold it."""
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value.name if isinstance(value, Calendar) else value


def _hash_parts(parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
