"""device.error_share: how much of the last `per` the printer stood with an error, in percent.

`bits` names the bits of hrPrinterDetectedErrorState (RFC 2790) that count; without it those that keep it from
printing. Time in which it did not answer is left out, and where that is more than half of it the share is
unknown.
"""

from collections.abc import Collection

from agent.rules.functions import _counter, device_error_bit
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import PERCENT, SignalValue, ValueKind

KIND = PERCENT
PER = ("device",)
EVIDENCE_TEXT = "{value} of the time with an error"
OPTIONS: dict[str, ValueKind] = {"per": _counter.WINDOW, "bits": device_error_bit.KIND}
NEEDS = ("per",)
READS = ("status", "trail", "clock")
BLOCKING_BITS = frozenset(
    {"noPaper", "noToner", "doorOpen", "jammed", "serviceRequested", "inputTrayMissing", "outputTrayMissing",
     "markerSupplyMissing", "outputFull"}
)  # fmt: skip


def read(asked: SignalQuery) -> SignalValue:
    facts, window, bits = asked.facts, asked.options["per"], asked.options.get("bits", BLOCKING_BITS)
    if not facts.answers_in_a_row or not isinstance(window, int | float) or not isinstance(bits, Collection):
        return None
    known = wrong = 0.0
    end = facts.now
    for at, said in reversed(facts.trail.errors):
        lasted = end - max(at, facts.now - window)
        if lasted > 0 and said is not None:
            known += lasted
            wrong += 0.0 if set(said).isdisjoint(bits) else lasted
        end = min(end, at)
    return 100.0 * wrong / known if known >= window / 2 else None
