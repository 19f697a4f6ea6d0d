"""supply.replaced_ago: how long ago the supply was replaced; unknown where no replacement was seen."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("supply",)
EVIDENCE_TEXT = "replaced {value} ago"
READS = ("supplies", "clock")


def read(asked: SignalQuery) -> SignalValue:
    supply = asked.subject.supply
    renewed = asked.facts.renewed.get(supply.index) if supply else None
    return None if renewed is None else max(0.0, asked.facts.now - renewed)
