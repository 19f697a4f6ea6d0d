"""site.unreachable: how many of the site's printers do not answer."""

from agent.rules.signals import Asked
from agent.rules.value_kinds import COUNT, Reading

KIND = COUNT
PER = ("site",)
LASTS = True
READS = ("site",)


def read(asked: Asked) -> Reading:
    return float(asked.facts.site.unreachable)
