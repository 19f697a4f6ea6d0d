"""agent.blind: whether no printer at all answers. Then it may be the agent that cannot hear."""

from agent.rules.signals import Asked
from agent.rules.value_kinds import FLAG, Reading

KIND = FLAG
PER = ("site",)
LASTS = True
READS = ("site",)


def read(asked: Asked) -> Reading:
    return asked.facts.site.blind
