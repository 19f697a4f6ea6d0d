"""device.subnet_changed: whether the printer moved to another subnet within `per` (30 days without it).

A subnet is a /24 of IPv4 or a /64 of IPv6. Unknown for printers on a cable.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue, ValueKind

KIND = FLAG
PER = ("device",)
EVIDENCE_TEXT = "is in another subnet"
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW}
READS = ("events",)


def read(asked: SignalQuery) -> SignalValue:
    facts, window = asked.facts, asked.options.get("per", _counter.WINDOW.high)
    if facts.last_answer is None or not isinstance(window, int | float):
        return None
    return any(it.what == "subnet" and it.at > facts.now - window for it in facts.happened)
