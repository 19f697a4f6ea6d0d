"""site.unreachable: how many of the site's printers do not answer."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("site",)
WHEN_UNREACHABLE = True
READS = ("site",)


def read(asked: SignalQuery) -> SignalValue:
    return float(asked.facts.site.unreachable)
