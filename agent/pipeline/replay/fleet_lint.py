"""Advice about rules that follows from the history of this site's printers.

A check is a function of one rule and of the printers it is about that yields (key, reason, suggestion).
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.core.errors import Complaint
from agent.core.model import Facts, compute_percent
from agent.core.units import counted
from agent.discovery import inventory
from agent.history import supply_gauges
from agent.pipeline import facts_builder
from agent.pipeline.device_tags import AssignTags, assign_nothing
from agent.pipeline.replay import scope_words
from agent.rules import subjects
from agent.rules.rule import Condition, Rule
from agent.rules.signals import SignalQuery
from agent.rules.value_checks import LASTING_SIGNALS

MIN_PRINTERS = 3  # printers: with fewer, missing values prove nothing
MAX_NAMED = 3  # models that are named; the others are counted

FleetAdvice = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The printers of a site that a rule is about, and how coarse their gauges are."""

    printers: Sequence[Facts]
    gauge_steps: Mapping[str, int] = field(default_factory=dict)  # model -> percent
    known: Sequence[Facts] = ()  # all printers of the site

    @property
    def describe_count(self) -> str:
        return f"{counted(len(self.printers), 'printer')} it is about"


FleetCheck = Callable[[Rule, SiteContext], Iterator[FleetAdvice]]


def advise_rules(
    db: sqlite3.Connection, rules: Sequence[Rule], now: float, assign: AssignTags = assign_nothing
) -> Iterator[Complaint]:
    """Rules that can match no printer here, signals that none reports, thresholds finer than a gauge."""
    site = facts_builder.load_site_facts(db)
    known = [
        facts_builder.load_stored_facts(db, assign(device), now, site)
        for device in inventory.load_devices(db).values()
    ]
    if len(known) < MIN_PRINTERS:
        return
    steps = _load_gauge_steps(db, known)
    for rule in rules:
        if rule.per == "site":
            continue
        scope = replace(rule.scope, sites=(), not_sites=())  # whatever the name of this site is
        here = SiteContext([it for it in known if scope.covers_device(it.device)], steps, known)
        for check in FLEET_CHECKS if here.printers else (_warn_no_printer,):
            for key, reason, suggestion in check(rule, here):
                yield Complaint(file=rule.file, key=f"{rule.id}.{key}", reason=reason, suggestion=suggestion)


def _warn_no_printer(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    if not here.printers:
        near = dict.fromkeys(f'"{meant}"' for _, _, meant in _find_unfit(rule, here))
        hint = f"did you mean {' and '.join(near)}?" if near else "compare with: printwarden status"
        yield "scope", "fits none of the printers known here", hint


def _find_unfit(rule: Rule, here: SiteContext) -> Iterator[tuple[str, str, str]]:
    return scope_words.find_unfit_patterns(rule.scope, (it.device for it in here.known))


def _warn_unfit_pattern(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    """A pattern beside others that fit: the printers that it was to name are left out, or not left out."""
    for key, pattern, meant in _find_unfit(rule, here):
        yield key, f'"{pattern}" fits no printer known here', f'did you mean "{meant}"?'


def _warn_unreported_signal(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    """A signal of which no printer ever said anything."""
    for condition in _distinct_conditions(rule):
        mute = _find_unreporting(rule, condition, here)
        if len(mute) == len(here.printers):
            yield (
                "when",
                f"none of the {here.describe_count} reports {condition.signal.name}",
                "it would never fire here: ask for something that they report",
            )


def _warn_partly_unreported(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    """A signal that some printers do not report: for those the rule can never match."""
    for condition in rule.all:
        mute = _find_unreporting(rule, condition, here)
        if 0 < len(mute) < len(here.printers):
            yield (
                "when",
                (
                    f"{len(mute)} of the {here.describe_count} do not report {condition.signal.name}: "
                    f"{_format_models(mute)}"
                ),
                "there it never fires: a second rule may ask for their alerts",
            )


def _warn_no_subject(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    """Lasting properties that no printer here has."""
    lasting = [it for it in rule.all if it.signal.name in LASTING_SIGNALS]
    asked = [(it, subject) for it in here.printers for subject in subjects.list_subjects(rule.per, it)]
    if lasting and asked and not any(_all_hold(lasting, subject, it) for it, subject in asked):
        names = " and ".join(dict.fromkeys(it.signal.name for it in lasting))
        yield "when", f"no {rule.per} of the {here.describe_count} fits {names}", "it would never fire here"


def _warn_fine_threshold(rule: Rule, here: SiteContext) -> Iterator[FleetAdvice]:
    """A threshold below the first step of a gauge: it is reached at empty, or never."""
    models = {it.device.model or it.device.name for it in here.printers}
    for condition in _distinct_conditions(rule):
        value = condition.value
        if condition.signal.name != "supply.level" or not isinstance(value, int | float):
            continue
        coarse = {
            model: step for model, step in here.gauge_steps.items() if model in models and 0 < value < step
        }
        if coarse:
            named = ", ".join(f"{model} ({step} %)" for model, step in sorted(coarse.items())[:MAX_NAMED])
            yield (
                "when",
                f"{value:g} % is finer than the steps of {named}",
                "those jump from above it to empty: use their alert, or a higher value",
            )


FLEET_CHECKS: Sequence[FleetCheck] = (
    _warn_unfit_pattern,
    _warn_unreported_signal,
    _warn_partly_unreported,
    _warn_no_subject,
    _warn_fine_threshold,
)


def _distinct_conditions(rule: Rule) -> list[Condition]:
    """Each question of a rule once."""
    asked = {(it.signal.name, str(it.options)): it for it in (*rule.clear, *rule.conditions)}
    return list(asked.values())


def _find_unreporting(rule: Rule, condition: Condition, here: SiteContext) -> list[Facts]:
    """Return the printers with subjects on all of which the signal is unknown."""
    found = []
    for it in here.printers:
        shown = list(subjects.list_subjects(rule.per, it))
        said = [condition.signal.read(SignalQuery(subject, it, condition.options)) for subject in shown]
        if said and all(reading is None for reading in said):
            found.append(it)
    return found


def _all_hold(conditions: Sequence[Condition], subject: subjects.Subject, facts: Facts) -> bool:
    return all(it.is_met_by(it.signal.read(SignalQuery(subject, facts, it.options))) for it in conditions)


def _format_models(known: Sequence[Facts]) -> str:
    names = sorted({it.device.model or it.device.name for it in known})
    more = f" and {len(names) - MAX_NAMED} more models" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _load_gauge_steps(db: sqlite3.Connection, known: Sequence[Facts]) -> dict[str, int]:
    """The finest step of any gauge of a model, in percent; only where that is coarser than 1 %."""
    found: dict[str, int] = {}
    for it in known:
        largest = {supply_gauges.gauge_key(supply): supply.capacity for supply in it.supplies or ()}
        steps = [
            share
            for name, gauge in supply_gauges.load_gauges(db, it.device).items()
            if gauge.step and (share := compute_percent(gauge.step, largest.get(name)))
        ]
        if steps and min(steps) > 1:
            found[it.device.model or it.device.name] = min(steps)
    return found
