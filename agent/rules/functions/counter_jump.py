"""counter.jump: how many times faster than the printer prints its page counter rose, within `per` (7 days).

`unit = "max_speed"`: 1 is the fastest that it can print, as it tells itself (prtMediaPathMaxSpeed, RFC 3805),
or 6,000 pages an hour where it does not. 0 where the counter never rose faster; a rise that the next reading
takes back is an odd reading. Less than an hour between two readings counts as an hour: jobs are counted when
they end.
"""

from agent.rules.functions import _counter
from agent.rules.signals import Asked
from agent.rules.value_kinds import NUMBER, Kind, Reading
from agent.rules.value_kinds import words as vocabulary

KIND = NUMBER
PER = ("device",)
SAYS = "rose {value} times faster than it can print"
OPTIONS: dict[str, Kind] = {"unit": vocabulary("max_speed"), "per": _counter.WINDOW}
READS = ("events",)
WORDS, words = _counter.WORDS, _counter.words
WEEK = 7 * 86400.0


def read(asked: Asked) -> Reading:
    if asked.facts.pages is None:
        return None
    return max((it.count for it in _counter.happened(asked, "jumped", WEEK)), default=0.0)
