"""fault.closed_ago: how long ago a ticket of this printer with `fault` was cleared; ten years where none was.

The same fault again within 30 days is a repair that did not last.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import ANY_WORD, DURATION, SignalValue

KIND = DURATION
PER = ("device", "supply", "alert", "part")
EVIDENCE_TEXT = "closed {value} ago"
OPTIONS = {"fault": ANY_WORD}
NEEDS = ("fault",)
NOT_REPLAYABLE = True
READS = ("orders", "clock")
NEVER = 3650 * 86400.0


def read(asked: SignalQuery) -> SignalValue:
    wanted = asked.options["fault"]
    closed = [
        at
        for fault, at in asked.facts.closed_faults.items()
        if isinstance(wanted, frozenset) and fault in wanted
    ]
    return max(0.0, asked.facts.now - max(closed)) if closed else NEVER
