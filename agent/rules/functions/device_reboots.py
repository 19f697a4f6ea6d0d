"""device.reboots: how often it restarted within `per`, by sysUpTime that began again.

On many print servers that is the network card's clock; a restart that fell between two polls of a silent
printer is one, however many there were.
"""

from agent.rules.functions import part_events
from agent.rules.kinds import COUNT, Reading
from agent.rules.signals import Asked

KIND = COUNT
PER = ("device",)
SAYS = "{value} restarts"
OPTIONS = {"per": part_events.WINDOW}
NEEDS = ("per",)
READS = ("events",)
WHAT = "reboot"


def read(asked: Asked) -> Reading:
    window = asked.options["per"]
    if asked.facts.last_answer is None or not isinstance(window, int | float):
        return None
    happened = asked.facts.happened
    return float(sum(it.what == WHAT and it.at > asked.facts.now - window for it in happened))
