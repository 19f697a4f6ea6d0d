"""device.asleep: standby or power save when it last answered: running and "other" (RFC 3805, 2.2.13.2.1).

It also speaks while the printer is silent: deep sleep is a common reason for silence.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("device",)
WHEN_UNREACHABLE = True
READS = ("status",)


def read(asked: SignalQuery) -> SignalValue:
    return asked.facts.status is not None and asked.facts.status.is_asleep
