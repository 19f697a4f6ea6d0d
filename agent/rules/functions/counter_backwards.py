"""counter.backwards: whether the page counter fell within `per` (30 days without it), and stayed down.

A fall that the next reading takes back is an odd reading: `confirm_polls = 2` says so in words, and is how it
is always judged. A fall at 2^24 is a counter that rolled over, and no fall.
"""

from dataclasses import replace

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import COUNT, FLAG, SignalValue, ValueKind

KIND = FLAG
PER = ("device",)
EVIDENCE_TEXT = "fell"
TWICE = replace(COUNT, low=2.0, high=2.0)
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW, "confirm_polls": TWICE}
READS = ("events",)
PLACEHOLDERS, placeholder_values = _counter.PLACEHOLDERS, _counter.placeholder_values


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.pages is None:
        return None
    return any(_counter.counter_events(asked, "backwards", _counter.WINDOW.high))
