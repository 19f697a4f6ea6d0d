"""pages.rate_ratio: pages a day in the last 7 days, beside those of the 3 weeks before; 1 is as ever.

Unknown until there are 14 days to compare, where hardly anything was printed, and while the counter began
anew in that time.
"""

from itertools import pairwise

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue

KIND = NUMBER
PER = ("device", "supply", "part")
READS = ("meters",)
WEEK, DAY = 7 * 86400.0, 86400.0
MIN_PAGES_A_DAY = 20  # pages a day


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if facts.pages is None or not facts.pages_before:
        return None
    begin, first = facts.pages_before[0]
    if any(later < sooner for (_, sooner), (_, later) in pairwise(facts.pages_before)):
        return None
    before = [(at, pages) for at, pages in facts.pages_before if at <= facts.now - WEEK]
    if not before or before[-1][0] - begin < WEEK:
        return None
    at, pages = before[-1]
    usual = (pages - first) / ((at - begin) / DAY)
    lately = (facts.pages - pages) / ((facts.now - at) / DAY)
    return lately / usual if usual >= MIN_PAGES_A_DAY else None
