"""supply.colour: the colour of a supply, as the collector names it: "black", "cyan", …"""

from agent.rules.signals import Asked
from agent.rules.value_kinds import ANY_WORD, Reading

KIND = ANY_WORD
PER = ("supply",)
READS = ("supplies",)
ITSELF = True


def read(asked: Asked) -> Reading:
    if asked.subject.supply is None or asked.subject.supply.colour == "unknown":
        return None
    return asked.subject.supply.colour
