"""part.days_to_rated_end: days until a part's rated life is used up, at this printer's volume. An estimate.

Rated, not real: many parts live on beyond it, and some fail before.
"""

from agent.rules.functions import part_odds
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("part",)
FORECAST = True
READS = ("supplies", "meters")


def read(asked: SignalQuery) -> SignalValue:
    found = part_odds.find_wear(asked)
    return None if found is None or found.days is None else 86400.0 * found.days
