"""part.days_to_rated_end: days until a part's rated life is used up, at this printer's volume. An estimate.

Rated, not real: many parts live on beyond it, and some fail before.
"""

from agent.rules.functions import part_odds
from agent.rules.signals import Asked
from agent.rules.value_kinds import DURATION, Reading

KIND = DURATION
PER = ("part",)
FORGOTTEN = True
READS = ("supplies", "meters")


def read(asked: Asked) -> Reading:
    found = part_odds.wear(asked)
    return None if found is None or found.days is None else 86400.0 * found.days
