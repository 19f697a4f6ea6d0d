"""supply.premature_swap: what was left, in percent, in the cartridge that was replaced last. An estimate.

0 where it was empty, or as good as; unknown where no replacement was seen.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("supply",)
FORECAST = True
READS = ("supplies",)


def read(asked: SignalQuery) -> SignalValue:
    supply = asked.subject.supply
    if supply is None:
        return None
    left = asked.facts.foresight.premature.get(supply.index)
    return None if left is None else 100.0 * left
