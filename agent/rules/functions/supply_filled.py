"""supply.filled: how full a waste container is, in percent, once its model has shown which way it counts.

RFC 3805 has a receptacle's level tell the room left; much firmware tells how full it is. Until watching
the printers of a model has settled that (see `agent.gauges`), the answer is unknown, and nothing opens.
"""

from agent.rules.kinds import PERCENT, Reading
from agent.rules.signals import Asked

KIND = PERCENT
PER = ("supply",)
FORGOTTEN = True
READS = ("supplies",)


def read(asked: Asked) -> Reading:
    supply = asked.subject.supply
    return None if supply is None else asked.facts.filled.get(supply.index)
