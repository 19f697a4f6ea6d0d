"""device.known_for: how long ago the agent first saw the printer."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("device", "supply", "alert", "part")
EVIDENCE_TEXT = "known for {value}"
WHEN_UNREACHABLE = True
READS = ("clock",)


def read(asked: SignalQuery) -> SignalValue:
    return max(0.0, asked.facts.now - asked.facts.device.first_seen)
