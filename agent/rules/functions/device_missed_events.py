"""device.missed_events: alerts within `per` that came and went between two polls.

prtAlertAllEvents counts every alert since power-up (RFC 3805); what it counted and the table never showed
was missed. Ten jams a day show here though each was cleared within a minute.
"""

from agent.rules.functions import part_events
from agent.rules.kinds import COUNT, Reading
from agent.rules.signals import Asked

KIND = COUNT
PER = ("device",)
SAYS = "{value} alerts between polls"
OPTIONS = {"per": part_events.WINDOW}
NEEDS = ("per",)
READS = ("events",)
WHAT = "missed"


def read(asked: Asked) -> Reading:
    window = asked.options["per"]
    if asked.facts.alerts_at is None or not isinstance(window, int | float):
        return None
    since = asked.facts.now - window
    return float(sum(it.count for it in asked.facts.happened if it.what == WHAT and it.at > since))
