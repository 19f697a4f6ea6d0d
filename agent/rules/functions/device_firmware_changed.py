"""device.firmware_changed: whether the firmware changed within `per` (30 days without it).

By what the printer reports once a day. Unknown where it does not tell its firmware version.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue, ValueKind

KIND = FLAG
PER = ("device",)
EVIDENCE_TEXT = "has other firmware"
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW}
READS = ("events",)


def read(asked: SignalQuery) -> SignalValue:
    facts, window = asked.facts, asked.options.get("per", _counter.WINDOW.high)
    if facts.last_answer is None or not isinstance(window, int | float):
        return None
    return any(it.what == "firmware" and it.at > facts.now - window for it in facts.happened)
