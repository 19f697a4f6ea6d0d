"""supply.colour: the colour of a supply, as the collector names it: "black", "cyan", …"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import ANY_WORD, SignalValue

KIND = ANY_WORD
PER = ("supply",)
READS = ("supplies",)
ROW_LOCAL = True


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None or asked.subject.supply.colour == "unknown":
        return None
    return asked.subject.supply.colour
