"""device.error_bit: the bits of hrPrinterDetectedErrorState that are set (RFC 2790; RFC 3805, 2.2.13.2.1).

`min_age` counts a bit only when it has been set for that long. `offline` and `serviceRequested` are
weak alone: some printers set them in sleep, or for any message on the panel.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue, WordSet, one_of

KIND = one_of(
    "lowPaper", "noPaper", "lowToner", "noToner", "doorOpen", "jammed", "offline", "serviceRequested",
    "inputTrayMissing", "outputTrayMissing", "markerSupplyMissing", "outputNearFull", "outputFull",
    "inputTrayEmpty", "overduePreventMaint",
)  # fmt: skip
PER = ("device", "supply", "alert", "part")
OPTIONS = {"min_age": DURATION}
READS = ("status",)
TIMED = ("min_age",)
MANY = True


def read(asked: SignalQuery) -> SignalValue:
    facts, age = asked.facts, asked.options.get("min_age")
    if facts.status is None or facts.status.errors is None:
        return None
    if not isinstance(age, int | float):
        return WordSet(facts.status.errors)
    return WordSet(
        bit for bit in facts.status.errors if facts.now - facts.errors_since.get(bit, facts.now) >= age
    )
