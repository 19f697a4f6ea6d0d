"""supply.coverage: how much of a page is covered, in percent, by how far the cartridge lasts. An estimate.

The rated yield stands for 5 % (ISO/IEC 19752, 19798): a cartridge that lasts for half of its rated pages
prints pages of 10 %. Unknown where the printer does not count the supply in pages.
"""

from agent.rules.functions import _yields
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("supply",)
EVIDENCE_TEXT = "coverage of {value}"
FORECAST = True
READS = ("supplies",)
RATED_COVERAGE = 5.0  # percent


def read(asked: SignalQuery) -> SignalValue:
    use = _yields.find_use(asked)
    return None if use is None else min(100.0, RATED_COVERAGE * use)
