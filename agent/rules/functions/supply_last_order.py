"""supply.last_order: how long ago this supply was last ordered; ten years where it never was.

A rule that asks for it in `when.none` needs a `clear` of its own, or its own order would end it.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("supply",)
EVIDENCE_TEXT = ""
NOT_REPLAYABLE = True
READS = ("supplies", "orders", "clock")
NEVER = 3650 * 86400.0


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None:
        return None
    at = asked.facts.ordered_at.get(asked.subject.key)
    return NEVER if at is None else max(0.0, asked.facts.now - at)
