"""counter.epoch: which epoch the page counter is in: 1 until it falls, jumps, wraps or changes boards.

The number that `printwarden meters show --epochs` has.
"""

from agent.rules.functions import _counter
from agent.rules.signals import Asked
from agent.rules.value_kinds import COUNT, Reading

KIND = COUNT
PER = ("device",)
READS = ("events", "meters")
WORDS, words = _counter.WORDS, _counter.words


def read(asked: Asked) -> Reading:
    return None if asked.facts.pages is None else float(asked.facts.epoch or 1)
