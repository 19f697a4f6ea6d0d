"""supply.level: what is left of a supply that is consumed, in percent of its capacity.

prtMarkerSuppliesLevel and …MaxCapacity (RFC 3805). Unknown where the printer gives no number (-1, -2,
-3), and for receptacles: whether theirs is room left or fill level differs between vendors.
"""

from agent.rules.functions import supply_kind
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("supply",)
EVIDENCE_TEXT = "{value} left"
READS = ("supplies",)
ROW_LOCAL = True


def read(asked: SignalQuery) -> SignalValue:
    if asked.subject.supply is None or supply_kind.read(asked) == "waste":
        return None
    return asked.subject.supply.percent
