"""device.contract: the printer's contract by the configuration, `""` where it has none.

From `contract` of [[printer]], or of the narrowest [[network]] around it.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import ANY_WORD, SignalValue

KIND = ANY_WORD
PER = ("device", "supply", "alert", "part")
EVIDENCE_TEXT = ""
WHEN_UNREACHABLE = True
READS = ("clock",)


def read(asked: SignalQuery) -> SignalValue:
    return asked.facts.device.contract or ""
