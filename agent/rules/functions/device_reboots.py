"""device.reboots: how often it restarted within `per`, by sysUpTime that began again.

On many print servers that is the network card's clock; a restart that fell between two polls of a silent
printer is one, however many there were.
"""

from agent.rules.functions import _events
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue

LIKE = _events
EVIDENCE_TEXT = "{value} restarts"


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.last_answer is None:
        return None
    return float(sum(1 for _ in _events.recent(asked, "reboot")))
