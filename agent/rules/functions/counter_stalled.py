"""counter.stalled: how long the page counter has stood still.

`while = "supplies_move"`: only while a supply went down by 5 points or more in that time, else 0. Ink runs
dry a little also where nobody prints; 5 points are pages that nobody counted. Unknown, with `while`, where
no supply has a level in numbers.
"""

from agent.rules.functions import _counter
from agent.rules.signals import Asked
from agent.rules.value_kinds import DURATION, Kind, Reading
from agent.rules.value_kinds import words as vocabulary

KIND = DURATION
PER = ("device",)
SAYS = "has stood still for {value}"
OPTIONS: dict[str, Kind] = {"while": vocabulary("supplies_move")}
READS = ("meters", "supplies", "trail", "clock")
WORDS, words = _counter.WORDS, _counter.words
MOVED = 5  # points


def read(asked: Asked) -> Reading:
    facts = asked.facts
    if not facts.pages_before or not facts.answers_in_a_row:
        return None
    stood = max(0.0, facts.now - facts.pages_before[-1][0])
    if "while" not in asked.options:
        return stood
    if facts.trail.drawn is None:
        return None
    return stood if facts.trail.drawn >= MOVED else 0.0
