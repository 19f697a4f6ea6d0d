"""supply.level: what is left of a supply that is consumed, in percent of its capacity.

prtMarkerSuppliesLevel and …MaxCapacity (RFC 3805). Unknown where the printer gives no number (-1, -2,
-3), and for receptacles: whether theirs is room left or fill level differs between vendors.
"""

from agent.rules.functions import supply_kind
from agent.rules.signals import Asked
from agent.rules.value_kinds import PERCENT, Reading

KIND = PERCENT
PER = ("supply",)
SAYS = "{value} left"
READS = ("supplies",)
ITSELF = True


def read(asked: Asked) -> Reading:
    if asked.subject.supply is None or supply_kind.read(asked) == "waste":
        return None
    return asked.subject.supply.percent
