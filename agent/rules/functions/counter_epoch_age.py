"""counter.epoch_age: how long ago the page counter began a new epoch: fell, jumped, wrapped, changed boards.

In its first epoch: since the printer was met. Rules about usage give way while a later one is young, see the
shipped rule counter-epoch: pages a day mean nothing across such a border.
"""

from agent.rules.functions import _counter
from agent.rules.signals import Asked
from agent.rules.value_kinds import DURATION, Reading

KIND = DURATION
PER = ("device",)
READS = ("events", "meters", "clock")
WORDS, words = _counter.WORDS, _counter.words


def read(asked: Asked) -> Reading:
    facts = asked.facts
    if facts.pages is None:
        return None
    since = facts.epoch_since if facts.epoch_since is not None else facts.device.first_seen
    return max(0.0, facts.now - since)
