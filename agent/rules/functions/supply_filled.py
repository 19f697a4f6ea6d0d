"""supply.filled: how full a waste container is, in percent, once its model has shown which way it counts.

RFC 3805 has a receptacle's level give the room left; much firmware gives how full it is. The value is
unknown, and nothing opens, until the printers of a model have shown which
(see `agent.history.supply_gauges`).
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("supply",)
NOT_REPLAYABLE = True
READS = ("supplies",)


def read(asked: SignalQuery) -> SignalValue:
    supply = asked.subject.supply
    return None if supply is None else asked.facts.filled.get(supply.index)
