"""What the printers of this site make of a rule: advice that only their history can give.

A check is a function of one rule and of the printers it is about that yields (key, reason, suggestion).
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.errors import Complaint
from agent.core.model import Facts, percent
from agent.core.units import counted
from agent.discovery import inventory
from agent.history import supply_gauges
from agent.pipeline import facts_builder
from agent.pipeline.device_tags import Assign, unassigned
from agent.rules import subjects
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked

ENOUGH = 3  # printers: below that nothing is concluded from what they do not say
LASTING = frozenset({"supply.kind", "supply.colour"})  # what a printer has today it will have tomorrow
NAMED = 3  # models that are named; the others are counted

Said = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Here:
    """The printers of a site that a rule is about, and how coarse their gauges are."""

    known: Sequence[Facts]
    steps: Mapping[str, int] = field(default_factory=dict)  # model -> percent

    @property
    def many(self) -> str:
        return f"{counted(len(self.known), 'printer')} it is about"


Check = Callable[[Rule, Here], Iterator[Said]]


def advise(
    db: sqlite3.Connection, rules: Sequence[Rule], now: float, assign: Assign = unassigned
) -> Iterator[Complaint]:
    """Rules that can match no printer here, signals that none reports, thresholds finer than a gauge."""
    site = facts_builder.site_of(db)
    known = [facts_builder.known(db, assign(device), now, site) for device in inventory.devices(db).values()]
    if len(known) < ENOUGH:
        return
    steps = _steps(db, known)
    for rule in rules:
        if rule.per == "site":
            continue
        here = Here([it for it in known if rule.scope.covers(it.device)], steps)
        for check in CHECKS if here.known else (_fits_none,):
            for key, reason, suggestion in check(rule, here):
                yield Complaint(file=rule.file, key=f"{rule.id}.{key}", reason=reason, suggestion=suggestion)


def _fits_none(rule: Rule, here: Here) -> Iterator[Said]:
    del rule
    if not here.known:
        yield "scope", "fits none of the printers known here", "compare with: printwarden status"


def _unheard(rule: Rule, here: Here) -> Iterator[Said]:
    """A signal of which no printer ever said anything."""
    for condition in _asked(rule):
        mute = _mute(rule, condition, here)
        if len(mute) == len(here.known):
            yield (
                "when",
                f"none of the {here.many} reports {condition.signal.name}",
                "it would never fire here: ask for something that they report",
            )


def _unheard_of_some(rule: Rule, here: Here) -> Iterator[Said]:
    """A signal that some printers do not report: for those the rule can never match."""
    for condition in rule.all:
        mute = _mute(rule, condition, here)
        if 0 < len(mute) < len(here.known):
            yield (
                "when",
                f"{len(mute)} of the {here.many} do not report {condition.signal.name}: {_models(mute)}",
                "there it never fires: a second rule may ask for their alerts",
            )


def _fits_no_subject(rule: Rule, here: Here) -> Iterator[Said]:
    """What a printer lastingly is or has, and no printer here is or has."""
    lasting = [it for it in rule.all if it.signal.name in LASTING]
    asked = [(it, subject) for it in here.known for subject in subjects.subjects(rule.per, it)]
    if lasting and asked and not any(_hold(lasting, subject, it) for it, subject in asked):
        names = " and ".join(dict.fromkeys(it.signal.name for it in lasting))
        yield "when", f"no {rule.per} of the {here.many} fits {names}", "it would never fire here"


def _too_fine(rule: Rule, here: Here) -> Iterator[Said]:
    """A threshold below the first step of a gauge: it is reached at empty, or never."""
    models = {it.device.model or it.device.name for it in here.known}
    for condition in _asked(rule):
        value = condition.value
        if condition.signal.name != "supply.level" or not isinstance(value, int | float):
            continue
        coarse = {model: step for model, step in here.steps.items() if model in models and 0 < value < step}
        if coarse:
            named = ", ".join(f"{model} ({step} %)" for model, step in sorted(coarse.items())[:NAMED])
            yield (
                "when",
                f"{value:g} % is finer than the steps of {named}",
                "those jump from above it to empty: use their alert, or a higher value",
            )


CHECKS: Sequence[Check] = (_fits_none, _unheard, _unheard_of_some, _fits_no_subject, _too_fine)


def _asked(rule: Rule) -> list[Condition]:
    """Each question of a rule once."""
    asked = {(it.signal.name, str(it.options)): it for it in (*rule.clear, *rule.conditions)}
    return list(asked.values())


def _mute(rule: Rule, condition: Condition, here: Here) -> list[Facts]:
    """The printers that say nothing of it, of whatever they show; one that shows nothing to ask is none."""
    found = []
    for it in here.known:
        shown = list(subjects.subjects(rule.per, it))
        said = [condition.signal.read(Asked(subject, it, condition.options)) for subject in shown]
        if said and all(reading is None for reading in said):
            found.append(it)
    return found


def _hold(conditions: Sequence[Condition], subject: subjects.Subject, facts: Facts) -> bool:
    return all(it.holds(it.signal.read(Asked(subject, facts, it.options))) for it in conditions)


def _models(known: Sequence[Facts]) -> str:
    names = sorted({it.device.model or it.device.name for it in known})
    more = f" and {len(names) - NAMED} more models" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _steps(db: sqlite3.Connection, known: Sequence[Facts]) -> dict[str, int]:
    """The finest step of any gauge of a model, in percent; only where that is coarser than 1 %."""
    found: dict[str, int] = {}
    for it in known:
        largest = {supply_gauges.name(supply): supply.capacity for supply in it.supplies or ()}
        steps = [
            share
            for name, gauge in supply_gauges.of(db, it.device).items()
            if gauge.step and (share := percent(gauge.step, largest.get(name)))
        ]
        if steps and min(steps) > 1:
            found[it.device.model or it.device.name] = min(steps)
    return found
