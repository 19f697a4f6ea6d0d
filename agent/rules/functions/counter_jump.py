"""counter.jump: how many times faster than the printer prints its page counter rose, within `per` (7 days).

`unit = "max_speed"`: 1 is the fastest that it can print, as it tells itself (prtMediaPathMaxSpeed, RFC 3805),
or 6,000 pages an hour where it does not. 0 where the counter never rose faster; a rise that the next reading
takes back is an odd reading. Less than an hour between two readings counts as an hour: jobs are counted when
they end.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue, ValueKind
from agent.rules.value_kinds import one_of as vocabulary

KIND = NUMBER
PER = ("device",)
EVIDENCE_TEXT = "rose {value} times faster than it can print"
OPTIONS: dict[str, ValueKind] = {"unit": vocabulary("max_speed"), "per": _counter.WINDOW}
READS = ("events",)
PLACEHOLDERS, placeholder_values = _counter.PLACEHOLDERS, _counter.placeholder_values
WEEK = 7 * 86400.0


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.pages is None:
        return None
    return max((it.count for it in _counter.counter_events(asked, "jumped", WEEK)), default=0.0)
