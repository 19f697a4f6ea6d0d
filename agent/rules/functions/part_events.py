"""part.events: how many alerts a part had within `per`; only those with a `code`, if given.

Rows with the same code that stood at the same time are one event: some printers list an alert twice.
Unknown while the printer is silent, or else the count would fall, and the fault clear, by saying nothing.
Of a tray's rollers it counts what happened at the tray.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from agent.core.model import Episode
from agent.rules.functions import _alerts
from agent.rules.signals import SignalQuery
from agent.rules.subjects import Subject, locate_alert, skip_state_alerts
from agent.rules.value_kinds import COUNT, DURATION, SignalValue

KIND = COUNT
PER = ("part",)
EVIDENCE_TEXT = "{value} alerts"
WINDOW = replace(DURATION, high=30 * 86400.0)  # how far back the facts hold alerts
OPTIONS = {"per": WINDOW, "code": _alerts.CODE}
NEEDS = ("per",)
SHORT = {"min_per_1000_pages": ("part.event_rate", ">=")}
READS = ("alerts",)
COUNTS_BEGUN = True


def read(asked: SignalQuery) -> SignalValue:
    facts, window = asked.facts, asked.options["per"]
    if facts.open_alerts is None or not isinstance(window, int | float):
        return None
    here, since, codes = locate_part(asked.subject), facts.now - window, asked.options.get("code")
    group = here[0]
    near = [it for it in facts.recent_alerts if (it.alert.group or "unknown") == group and it.began > since]
    found = [
        episode
        for episode in skip_state_alerts(near)
        if locate_alert(episode.alert) == here and _alerts.allows_word(codes, str(episode.alert.code))
    ]
    return float(count_distinct(found))


def locate_part(subject: Subject) -> tuple[str, str]:
    """The place of a part's alerts: those of a tray's rollers are the tray's."""
    return "input" if subject.group == "roller" else subject.group, subject.index


def count_distinct(episodes: Iterable[Episode]) -> int:
    """The number of episodes that did not begin while the same one stood."""
    count = 0
    until: dict[int | None, float] = {}
    for episode in sorted(episodes, key=lambda it: it.began):
        code = episode.alert.code
        end = math.inf if episode.ended is None else episode.ended
        count += episode.began > until.get(code, -math.inf)
        until[code] = max(until.get(code, -math.inf), end)
    return count
