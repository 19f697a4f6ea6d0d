"""site.unreachable_share: how many of the site's printers do not answer, in percent.

When most are silent, the network or the agent is the likelier cause. 0 % on a site with too few
printers to tell: there one silent printer says nothing about the others.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue

KIND = PERCENT
PER = ("device", "supply", "alert", "part", "site")
WHEN_UNREACHABLE = True
READS = ("site",)


def read(asked: SignalQuery) -> SignalValue:
    return 100.0 * (asked.facts.site.unreachable_share or 0.0)
