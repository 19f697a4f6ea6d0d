"""counter.stalled: how long the page counter has stood still.

`while = "supplies_move"`: only while a supply went down by 5 points or more in that time, else 0. Ink runs
dry a little also without printing; 5 points are pages that were not counted. Unknown, with `while`, where
no supply has a level in numbers.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue, ValueKind
from agent.rules.value_kinds import one_of as vocabulary

KIND = DURATION
PER = ("device",)
EVIDENCE_TEXT = "has stood still for {value}"
OPTIONS: dict[str, ValueKind] = {"while": vocabulary("supplies_move")}
READS = ("meters", "supplies", "trail", "clock")
PLACEHOLDERS, placeholder_values = _counter.PLACEHOLDERS, _counter.placeholder_values
MIN_POINTS = 5  # points


def read(asked: SignalQuery) -> SignalValue:
    facts = asked.facts
    if not facts.pages_before or not facts.answers_in_a_row:
        return None
    stood = max(0.0, facts.now - facts.pages_before[-1][0])
    if "while" not in asked.options:
        return stood
    if facts.trail.largest_drop is None:
        return None
    return stood if facts.trail.largest_drop >= MIN_POINTS else 0.0
