"""part.troubles: how many troubles a part has had since it was new: jams at it, faults that name it."""

from agent.rules.functions import part_odds
from agent.rules.signals import Asked
from agent.rules.value_kinds import COUNT, Reading

KIND = COUNT
PER = ("part",)
FORGOTTEN = True
SAYS = "{value} troubles since it was new"
READS = ("alerts",)


def read(asked: Asked) -> Reading:
    found = part_odds.wear(asked)
    return None if found is None else float(found.troubles)
