"""counter.epoch_age: how long ago the page counter began a new epoch: fell, jumped, wrapped, changed boards.

In its first epoch: since the printer was met. Rules about usage give way while a later one is young, see the
shipped rule counter-epoch: pages a day mean nothing across such a border.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("device",)
READS = ("events", "meters", "clock")
PLACEHOLDERS, placeholder_values = _counter.PLACEHOLDERS, _counter.placeholder_values


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if facts.pages is None:
        return None
    since = facts.epoch_since if facts.epoch_since is not None else facts.device.first_seen
    return max(0.0, facts.now - since)
