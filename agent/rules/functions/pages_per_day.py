"""pages.per_day: pages printed a day within `per` (30 days without it), weekends included.

Unknown until the whole of `per` is known, and while the counter began anew in it.
"""

from agent.rules.functions import _counter, _pages
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue, ValueKind

KIND = NUMBER
PER = ("device", "supply", "part")
EVIDENCE_TEXT = "{value} pages a day"
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW}
READS = ("meters",)


def read(asked: SignalQuery) -> SignalValue:
    window = asked.options.get("per", _pages.MONTH)
    found = _pages.count_pages(asked.facts, window) if isinstance(window, int | float) else None
    return None if found is None else found[0] / (found[1] / _pages.DAY)
