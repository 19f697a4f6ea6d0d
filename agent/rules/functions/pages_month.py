"""pages.month: pages printed in the last 30 days.

Compare it with what the maker recommends for the model: one rule for each group of models, by `scope.models`.
Unknown until 30 days are known, and while the counter began anew in them.
"""

from agent.rules.functions import _pages
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("device", "supply", "part")
EVIDENCE_TEXT = "{value} pages in 30 days"
READS = ("meters",)


def read(asked: SignalQuery) -> SignalValue:
    found = _pages.count_pages(asked.facts, _pages.MONTH)
    return None if found is None else float(found[0])
