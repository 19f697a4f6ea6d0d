"""counter.epoch: which epoch the page counter is in: 1 until it falls, jumps, wraps or changes boards.

The number that `printwarden meters show --epochs` has.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("device",)
READS = ("events", "meters")
PLACEHOLDERS, placeholder_values = _counter.PLACEHOLDERS, _counter.placeholder_values


def read(asked: SignalQuery) -> SignalValue:
    return None if asked.facts.pages is None else float(asked.facts.epoch or 1)
