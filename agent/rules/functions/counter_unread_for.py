"""counter.unread_for: how long ago the page counter was last read, whether the printer answers or not.

Unknown for a printer that never had a page counter. A counter that stands still was read all the same:
see `counter.stalled`.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("device",)
EVIDENCE_TEXT = "not read for {value}"
WHEN_UNREACHABLE = True
READS = ("reach", "meters", "clock")


def read(asked: SignalQuery) -> SignalValue:
    at = asked.facts.meters_at
    return None if at is None else max(0.0, asked.facts.now - at)
