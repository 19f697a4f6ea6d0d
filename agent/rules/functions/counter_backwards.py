"""counter.backwards: whether the page counter fell within `per` (30 days without it), and stayed down.

A fall that the next reading takes back is an odd reading; one at 2^24 is a counter that rolled over, and
is told by `counter.rolled`.
"""

from agent.rules.functions import part_events
from agent.rules.kinds import FLAG, Reading
from agent.rules.signals import Asked

KIND = FLAG
PER = ("device",)
OPTIONS = {"per": part_events.WINDOW}
READS = ("events",)
WHAT = "backwards"


def read(asked: Asked) -> Reading:
    facts, window = asked.facts, asked.options.get("per", part_events.WINDOW.high)
    if facts.pages is None or not isinstance(window, int | float):
        return None
    return any(
        it.what == "counter" and it.detail == WHAT and it.at > facts.now - window for it in facts.happened
    )
