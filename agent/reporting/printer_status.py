"""The printer's state in a ticket event: what a technician wants to know before leaving. Pure.

    Facts ──► status, console ── open alerts ── troubles of the last week ── supplies ── pages ── restarts

Values are as the printer reported them; a missing one is null. Lists keep their newest entries only, so that
the message stays small.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from agent.core.clock import format_iso_time
from agent.core.model import Alert, AlertKind, Episode, Facts, Supply
from agent.reporting.events.rows import map_alert, map_article, map_days_left, map_level
from uplink.events import printer as wire

DAY = 86400.0
WEEK = 7 * DAY
MAX_ALERTS, MAX_TROUBLES, MAX_SUPPLIES, MAX_REPLACEMENTS = 20, 10, 30, 10

VENDOR_CODE_PATTERNS = {
    "HP": r"\d{2}\.[0-9A-FX]{1,4}(?:\.[0-9A-FX]{2})?",  # 50.1, 13.20.00, 49.4C02
    "Ricoh": r"SC ?\d{3}(?:-\d{2})?",  # SC542, SC552-00
    "Kyocera": r"[CF]\d{3,4}",  # C6000, F248
    "Konica Minolta": r"C-?\d{4}",  # C3721
    "Canon": r"E\d{3}(?:-\d{4})?",  # E000-0001
    "Lexmark": r"\d{3}\.\d{2}[A-Z]?",  # 202.03
    "Sharp": r"[A-Z]\d-\d{2}",  # H4-00
    "Xerox": r"\d{3}-\d{3}",  # 010-397
}
"""The pattern of each vendor's service codes."""


def build_printer_status(facts: Facts) -> wire.Printer:
    """Build the `printer` object of mps.ticket/1."""
    status = facts.status
    return wire.Printer.model_construct(
        read_at=format_iso_time(facts.last_answer) if facts.last_answer is not None else None,
        device_status=status.device.value if status and status.device else None,
        printer_status=status.printer.value if status and status.printer else None,
        errors=list(status.errors or ()) if status else [],
        console=list(status.console) if status else [],
        alerts=[_build_alert(one) for one in _list_open_alerts(facts)],
        troubles=_build_troubles(facts),
        supplies=[_build_supply(one, facts) for one in (facts.supplies or ())[:MAX_SUPPLIES]],
        replaced=_build_replaced(facts),
        pages=facts.pages,
        pages_a_day=_mean_pages_a_day(facts),
        restarts_24h=sum(it.what == "reboot" and it.at > facts.now - DAY for it in facts.happened),
    )


def build_alert_row(evidence: Mapping[str, object]) -> dict[str, Any] | None:
    """Build `fault.pmib` from the prtAlertTable row (RFC 3805) in a rule's evidence; None without one."""
    alert = evidence.get("alert")
    if not isinstance(alert, Mapping):
        return None
    return {
        "alert_index": alert.get("index"),
        "code": alert.get("code"),
        "name": alert.get("name"),
        "group": alert.get("group"),
        "group_index": alert.get("group_index"),
        "location": alert.get("location"),
        "severity": alert.get("severity"),
        "training": alert.get("training"),
        "description": alert.get("text"),
        "sys_uptime_ticks": alert.get("ticks"),
    }


def find_vendor_code(vendor: str | None, text: str) -> str | None:
    """Find the vendor's service code in `text`; None if there is none or the vendor's pattern is unknown."""
    pattern = VENDOR_CODE_PATTERNS.get(vendor or "")
    found = re.search(rf"(?<![\w.-]){pattern}(?![\w-]|\.\d|\s?%)", text) if pattern else None
    return found[0] if found else None


def _list_open_alerts(facts: Facts) -> list[Episode]:
    """List the open alerts that are conditions or events, newest first."""
    shown = (one for one in facts.open_alerts or () if one.alert.kind is not AlertKind.STATE)
    return sorted(shown, key=lambda one: -one.began)[:MAX_ALERTS]


def _build_alert(one: Episode) -> wire.Alert:
    return wire.Alert.model_construct(
        **map_alert(one.alert),
        code=one.alert.code,
        location=one.alert.location,
        severity=one.alert.severity,
        training=one.alert.training,
        since=format_iso_time(one.began),
    )


def _build_troubles(facts: Facts) -> list[wire.Trouble]:
    """Count the alerts of the last week by kind, most frequent first."""
    seen: dict[tuple[object, ...], list[Episode]] = defaultdict(list)
    for one in facts.recent_alerts:
        if one.alert.kind is not AlertKind.STATE and one.began > facts.now - WEEK:
            seen[_trouble_key(one.alert)].append(one)
    worst = sorted(seen.values(), key=lambda them: (-len(them), -them[-1].began))[:MAX_TROUBLES]
    return [
        wire.Trouble.model_construct(
            **map_alert(them[-1].alert), times=len(them), last=format_iso_time(them[-1].began)
        )
        for them in worst
    ]


def _trouble_key(alert: Alert) -> tuple[object, ...]:
    return alert.name, alert.group, alert.group_index, alert.text


def _build_supply(supply: Supply, facts: Facts) -> wire.Supply:
    outlook = facts.foresight.supplies.get(supply.index)
    return wire.Supply.model_construct(
        **map_article(supply),
        **map_level(supply),
        source=supply.level_source,
        days_left=wire.Days.model_construct(**map_days_left(outlook)) if outlook else None,
    )


def _build_replaced(facts: Facts) -> list[wire.Replaced]:
    """List the supplies replaced within 30 days, newest first."""
    names = {one.index: one.description or f"{one.type} {one.colour}" for one in facts.supplies or ()}
    recent = [(at, names[index]) for index, at in facts.renewed.items() if index in names]
    recent = sorted((it for it in recent if it[0] > facts.now - 30 * DAY), reverse=True)
    return [
        wire.Replaced.model_construct(supply=name, at=format_iso_time(at))
        for at, name in recent[:MAX_REPLACEMENTS]
    ]


def _mean_pages_a_day(facts: Facts) -> float | None:
    """Compute mean pages a day over at most 30 days; None from less than a day, or over a counter reset."""
    if len(facts.pages_before) < 2:
        return None
    (first, least), (last, most) = facts.pages_before[0], facts.pages_before[-1]
    if last - first < DAY or most < least:
        return None
    return round((most - least) / ((last - first) / DAY), 1)
