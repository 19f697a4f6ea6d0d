"""What the printers of this site make of a rule: advice that only their history can give."""

import sqlite3
from collections.abc import Iterator, Sequence

from agent import gauges, inventory
from agent.errors import Complaint
from agent.history import facts
from agent.model import Device, Facts, SiteFacts
from agent.rules import subjects
from agent.rules.rule import Condition, Rule
from agent.rules.signals import Asked

ENOUGH = 3  # printers: below that nothing is concluded from what they do not say


def advise(db: sqlite3.Connection, rules: Sequence[Rule], now: float) -> Iterator[Complaint]:
    """Rules that can match no printer here, signals that none reports, thresholds finer than a gauge."""
    devices = list(inventory.devices(db).values())
    known = [facts.facts(db, device, now, SiteFacts()) for device in devices]
    if len(known) < ENOUGH:
        return
    steps = _steps(db, devices)
    for rule in rules:
        if rule.per == "site":
            continue
        here = [it for it in known if rule.scope.covers(it.device)]
        if not here:
            yield _said(
                rule, "scope", "fits none of the printers known here", "compare with: printwarden status"
            )
            continue
        asked = {(it.signal.name, str(it.options)): it for it in (*rule.clear, *rule.conditions)}
        for condition in asked.values():
            yield from _unheard(rule, condition, here)
            yield from _too_fine(rule, condition, steps)


def _unheard(rule: Rule, condition: Condition, known: Sequence[Facts]) -> Iterator[Complaint]:
    """A signal of which no printer ever said anything."""
    asked = [
        condition.signal.read(Asked(subject, it, condition.options))
        for it in known
        for subject in subjects.subjects(rule.per, it)
    ]
    if asked and all(reading is None for reading in asked):
        reason = f"none of the {len(known)} printers it is about reports {condition.signal.name}"
        yield _said(rule, "when", reason, "it would never fire here: ask for something that they report")


def _steps(db: sqlite3.Connection, devices: Sequence[Device]) -> dict[str, int]:
    """The smallest step of any gauge, in percent, by model; only where it is coarser than 1 %."""
    found: dict[str, int] = {}
    for device in devices:
        known = [it.step for it in gauges.of(db, device).values() if it.step]
        if known and min(known) > 1:
            found[device.model or device.name] = min(known)
    return found


def _too_fine(rule: Rule, condition: Condition, steps: dict[str, int]) -> Iterator[Complaint]:
    """A threshold below the first step of a gauge: it is reached at empty, or never."""
    value = condition.value
    if condition.signal.name != "supply.level" or not isinstance(value, int | float):
        return
    coarse = {model: step for model, step in steps.items() if 0 < value < step}
    if coarse:
        models = ", ".join(f"{model} ({step} %)" for model, step in sorted(coarse.items())[:3])
        reason = f"{value:g} % is finer than the steps of {models}"
        yield _said(
            rule, "when", reason, "those jump from above it to empty: use their alert, or a higher value"
        )


def _said(rule: Rule, key: str, reason: str, suggestion: str) -> Complaint:
    return Complaint(file=rule.file, key=f"{rule.id}.{key}", reason=reason, suggestion=suggestion)
