"""part.life_used: how much of a part's rated life is used, in percent, from its row in the supplies table."""

from agent.rules.functions import part_odds
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("part",)
FORECAST = True
EVIDENCE_TEXT = "{value} of its life used"
READS = ("supplies",)


def read(asked: SignalQuery) -> SignalValue:
    found = part_odds.find_wear(asked)
    return None if found is None or found.life_used is None else 100.0 * found.life_used
