"""supply.premature_swap: what was left, in percent, in the cartridge that was replaced last. An estimate.

0 where it was empty, or as good as; unknown where no replacement was seen.
"""

from agent.rules.signals import Asked
from agent.rules.value_kinds import PERCENT, Reading

KIND = PERCENT
PER = ("supply",)
FORGOTTEN = True
READS = ("supplies",)


def read(asked: Asked) -> Reading:
    supply = asked.subject.supply
    if supply is None:
        return None
    left = asked.facts.foresight.premature.get(supply.index)
    return None if left is None else 100.0 * left
