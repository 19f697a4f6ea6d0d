"""The words in a rule's title and component: "{supply} of {device} is at {value}".

`NAMES` lists what may stand in braces for each kind of subject; `rules check` holds rules to it.
"""

import re
from collections.abc import Mapping

from agent.core import units
from agent.core.model import Alert, Facts, Supply, name_colours
from agent.rules import value_kinds
from agent.rules.conditions import RuleResult
from agent.rules.rule import Rule
from agent.rules.signals import SignalQuery
from agent.rules.subjects import Subject, locate_alert

_ALWAYS = ("device", "value", "evidence", "last_seen")
_ALERT = (
    "alert",
    "alert_text",
    "alert_code",
    "alert.code",
    "alert.name",
    "alert.group",
    "alert.group_index",
    "alert.text",
)
PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "device": (*_ALWAYS, *_ALERT),
    "alert": (*_ALWAYS, *_ALERT),
    "supply": (*_ALWAYS, "supply", "supply.index", "supply.type", "supply.colour"),
    "part": (*_ALWAYS, "part", "part.kind", "part.index", "part.group"),
    "site": ("site", "value", "evidence"),
}

MAX_TITLE, MAX_COMPONENT = 2000, 500  # characters that a ticket takes (mps.ticket/1)

_BRACES = re.compile(r"\{([^{}]*)\}")


def known_placeholders(rule: Rule) -> tuple[str, ...]:
    """Return the placeholders of a rule: those of its kind of subject, and those of its signals."""
    said = (word for condition in rule.conditions for word in condition.signal.placeholders)
    return (*PLACEHOLDERS[rule.per], *dict.fromkeys(said))


def find_placeholders(template: str) -> list[str]:
    return _BRACES.findall(template)


def shorten_text(text: str, most: int) -> str:
    """The text in at most `most` characters, so that no ticket is refused for a long alert in its title."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def has_stray_brace(template: str) -> bool:
    """True if a brace has no partner: "{device is down"."""
    return any(sign in _BRACES.sub("", template) for sign in "{}")


def fill_template(template: str, words: Mapping[str, str]) -> str:
    """The template with its words; one that is not known now reads "unknown"."""
    return _BRACES.sub(lambda found: words.get(found[1], "unknown"), template)


def placeholder_values(verdict: RuleResult, facts: Facts, since: float | None = None) -> dict[str, str]:
    """Everything that a title about this subject may name, as text.

    `since`: when the condition began. {value} is the first measure that the rule asks for; of a rule that
    asks for none, how long it has been so.
    """
    said = [
        fill_template(
            condition.signal.evidence_text,
            {"value": value_kinds.format_value(condition.signal.kind, reading)},
        )
        for condition, reading in verdict.signal_values.items()
        if condition.is_met_by(reading)
    ]
    measured = (
        value_kinds.format_value(condition.signal.kind, reading)
        for condition, reading in verdict.signal_values.items()
        if reading is not None and isinstance(condition.signal.kind, value_kinds.Measure)
    )
    silent = facts.now - facts.last_answer if facts.last_answer is not None else None
    stood = units.format_duration(max(0.0, facts.now - _standing_since(verdict.subject, facts, since)))
    return {
        "device": facts.device.name,
        "site": facts.site.id or "this site",
        "value": next(measured, stood),
        "evidence": ", ".join(text for text in dict.fromkeys(said) if text),
        "last_seen": "never"
        if silent is None
        else f"{units.format_duration(silent)} ago"
        if silent >= 1
        else "now",
        **_subject_placeholders(verdict.subject, facts),
        **_signal_placeholders(verdict, facts),
    }


def _signal_placeholders(verdict: RuleResult, facts: Facts) -> dict[str, str]:
    """The words that the signals of its conditions add."""
    found: dict[str, str] = {}
    for condition in verdict.signal_values:
        if condition.signal.placeholders:
            found |= condition.signal.placeholder_values(
                SignalQuery(verdict.subject, facts, condition.options)
            )
    return found


def _standing_since(subject: Subject, facts: Facts, since: float | None) -> float:
    """Since when it has been so: as its alert has stood, or its error bits, or the condition itself."""
    began = [it.began for it in subject.episodes if it.alert is subject.alert]
    if subject.per in {"device", "alert"} and (began or facts.errors_since):
        return min(began or facts.errors_since.values())
    return facts.now if since is None else since


def _subject_placeholders(subject: Subject, facts: Facts) -> dict[str, str]:
    if subject.supply is not None:
        return _supply_placeholders(subject.supply, facts)
    if subject.per == "part":
        part = {"kind": subject.part_kind, "index": subject.index, "group": subject.group}
        return {"part": f"{subject.part_kind} {subject.index}", **_prefix_keys("part", part)}
    if subject.alert is None and subject.per == "device" and facts.status and facts.status.errors:
        bits = ", ".join(facts.status.errors)  # a printer may say it by its error bits alone
        return {"alert": bits, "alert_text": bits, "alert_code": "no code"}
    return _alert_placeholders(subject.alert) if subject.alert else {}


def _supply_placeholders(supply: Supply, facts: Facts) -> dict[str, str]:
    """The words of a supply; two cartridges of one colour differ in {supply.colour}."""
    colour = name_colours(facts.supplies or ()).get(supply.index, supply.colour)
    fields = {"index": supply.index, "type": supply.type or "unknown", "colour": colour}
    name = supply.description or f"{supply.colour} {supply.type or 'supply'}"
    return {"supply": name, **_prefix_keys("supply", fields)}


def _alert_placeholders(alert: Alert) -> dict[str, str]:
    group, index = locate_alert(alert)
    fields = {
        "code": str(alert.code or "unknown"),
        "name": alert.name,
        "group": group,
        "group_index": index,
        "text": alert.text,
    }
    said = alert.text or alert.name
    return {"alert": said, "alert_text": said, "alert_code": fields["code"], **_prefix_keys("alert", fields)}


def _prefix_keys(prefix: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}.{name}": value for name, value in fields.items()}
