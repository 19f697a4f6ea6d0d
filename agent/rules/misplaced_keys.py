"""Complaints about keys that stand in the wrong table, put in terms of the one mistake that caused them.

[[rule]]
id = "a"
[severity.high]        a [table] ends the rule above it:
fault = "supply.low"   this is a key of [severity.high], and the rule has none
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.core.errors import Complaint
from agent.rules.backtest.cost_figures import ADVICE, COST_KEYS
from agent.rules.file_format import RuleForm

RULE_KEYS = frozenset(field.alias or name for name, field in RuleForm.model_fields.items())
_SHARED_TABLE = re.compile(r"(severity\.\w+|defaults|calendar\.[\w-]+)\.([\w-]+)")
_INNER_TABLE = re.compile(r"(rule\[\d+\])\.(ticket|scope|flap|when|clear)\.(\w+)")


def explain_complaints(text: str, complaints: Sequence[Complaint]) -> list[Complaint]:
    """The complaints about one file; those that follow from a misplaced key become one."""
    prices = [it for it in complaints if it.reason == "unknown key" and it.key in COST_KEYS]
    complaints = [it for it in complaints if it not in prices]
    lines = text.split("\n")
    shared = [
        it for it in _find_misplaced(complaints, _SHARED_TABLE) if "[[rule]]" in lines[: (it.line or 1) - 1]
    ]
    inner = _find_misplaced(complaints, _INNER_TABLE)
    excused = {*_missing_because_shared(complaints, shared), *_missing_because_inner(complaints, inner)}
    found = [_explain_trial(it) for it in complaints if it not in {*shared, *inner, *excused}]
    told = [replace(it, reason="prices do not belong to rules", suggestion=ADVICE) for it in prices[:1]]
    return [*found, *told, *_explain_shared(shared), *map(_explain_inner, inner)]


def _find_misplaced(complaints: Sequence[Complaint], table: re.Pattern[str]) -> list[Complaint]:
    return [
        it
        for it in complaints
        if it.reason == "unknown key"
        and (found := table.fullmatch(it.key))
        and found[found.re.groups] in RULE_KEYS
    ]


def _missing_because_shared(
    complaints: Sequence[Complaint], shared: Sequence[Complaint]
) -> Iterator[Complaint]:
    """What the last rule before a shared table lacks."""
    for one in shared[:1]:
        before = [it for it in complaints if it.reason == "is missing" and (it.line or 0) < (one.line or 0)]
        last = max((it.line or 0 for it in before), default=0)
        yield from (it for it in before if it.line == last)


def _missing_because_inner(
    complaints: Sequence[Complaint], inner: Sequence[Complaint]
) -> Iterator[Complaint]:
    """What a rule lacks because it stands in one of its inner tables."""
    places = {f"{found[1]}.{found[3]}" for it in inner if (found := _INNER_TABLE.fullmatch(it.key))}
    yield from (it for it in complaints if it.reason == "is missing" and it.key in places)


def _explain_shared(shared: Sequence[Complaint]) -> Iterator[Complaint]:
    """One complaint for each table, however many keys went into it."""
    tables: dict[str, list[Complaint]] = {}
    for it in shared:
        if found := _SHARED_TABLE.fullmatch(it.key):
            tables.setdefault(found[1], []).append(it)
    for table, them in tables.items():
        names = ", ".join(it.key.rpartition(".")[2] for it in them)
        yield replace(
            them[0],
            key=table,
            reason=f"a [table] ends the rule above it: {names} went into [{table}]",
            suggestion=f"write [{table}] above the first [[rule]]",
        )


def _explain_trial(one: Complaint) -> Complaint:
    if (one.key, one.reason) != ("trial", "unknown key"):
        return one
    hint = "move it into a file beside this one whose name ends in .trial.toml"
    return replace(one, reason="trials do not stand among rules", suggestion=hint)


def _explain_inner(one: Complaint) -> Complaint:
    table, name = one.key.rsplit(".", 2)[1:]
    return replace(one, suggestion=f"{name} is a key of the rule: write it above {table}")
