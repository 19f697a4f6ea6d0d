"""part.troubles: how many troubles a part has had since it was new: jams at it, faults that name it."""

from agent.rules.functions import part_odds
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("part",)
FORECAST = True
EVIDENCE_TEXT = "{value} troubles since it was new"
READS = ("alerts",)


def read(asked: SignalQuery) -> SignalValue:
    found = part_odds.find_wear(asked)
    return None if found is None else float(found.troubles)
