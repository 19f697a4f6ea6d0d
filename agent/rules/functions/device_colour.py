"""device.colour: whether it is a colour printer, by its supplies. Unknown where it shows no supplies."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("device", "supply", "alert", "part")
EVIDENCE_TEXT = ""
READS = ("supplies", "reach")
COLOURS = frozenset({"cyan", "magenta", "yellow"})


def read(asked: SignalQuery) -> SignalValue:
    supplies = [it for it in asked.facts.supplies or () if not it.is_receptacle]
    return any(it.colour in COLOURS for it in supplies) if supplies else None
