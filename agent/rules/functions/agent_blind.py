"""agent.blind: whether no printer at all answers. Then it may be the agent that cannot hear."""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("site",)
WHEN_UNREACHABLE = True
READS = ("site",)


def read(asked: SignalQuery) -> SignalValue:
    return asked.facts.site.all_unreachable
