"""supply.yield_gap: by how much, in percent, a cartridge falls short of its rated yield. An estimate.

0 where it lasts as long as it is rated for, or longer. Unknown where the printer does not count the supply in
pages.
"""

from agent.rules.functions import _yields
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("supply",)
EVIDENCE_TEXT = "{value} short of the rated yield"
FORECAST = True
READS = ("supplies",)


def read(asked: SignalQuery) -> SignalValue:
    use = _yields.find_use(asked)
    return None if not use else max(0.0, 100.0 * (1 - 1 / use))
