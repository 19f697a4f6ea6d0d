"""device.missed_events: alerts within `per` that came and went between two polls.

prtAlertAllEvents counts every alert since power-up (RFC 3805); what it counted and the table never showed
was missed. Ten jams a day show here though each was cleared within a minute.
"""

from agent.rules.functions import _events
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue

LIKE = _events
EVIDENCE_TEXT = "{value} alerts between polls"


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.alerts_at is None:
        return None
    return float(sum(it.count for it in _events.recent(asked, "missed")))
