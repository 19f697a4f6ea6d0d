"""supply.filled: how full a waste container is, in percent, once its model has shown which way it counts.

RFC 3805 has a receptacle's level give the room left; much firmware gives how full it is. The value is
unknown, and nothing opens, until the printers of a model have shown which
(see `agent.history.supply_gauges`).
"""

from agent.rules.signals import Asked
from agent.rules.value_kinds import PERCENT, Reading

KIND = PERCENT
PER = ("supply",)
FORGOTTEN = True
READS = ("supplies",)


def read(asked: Asked) -> Reading:
    supply = asked.subject.supply
    return None if supply is None else asked.facts.filled.get(supply.index)
