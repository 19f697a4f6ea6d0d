"""device.serial_changed: whether the serial number changed within `per` (30 days without it).

It is the same printer by its network board: a new formatter board, or the board of another printer. Which
meters belong to which machine is then for a person to say.
"""

from agent.rules.functions import _counter
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue, ValueKind

KIND = FLAG
PER = ("device",)
EVIDENCE_TEXT = "is that of another board"
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW}
READS = ("events",)


def read(asked: SignalQuery) -> SignalValue:
    facts, window = asked.facts, asked.options.get("per", _counter.WINDOW.high)
    if facts.last_answer is None or facts.device.serial is None or not isinstance(window, int | float):
        return None
    return any(it.what == "serial" and it.at > facts.now - window for it in facts.happened)
