"""device.activity: hrPrinterStatus (RFC 2790): idle, printing, warmup, other, unknown."""

from agent.core.model import PrinterStatus
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of(*PrinterStatus)
PER = ("device", "supply", "alert", "part")
READS = ("status",)


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.status is None or asked.facts.status.printer is None:
        return None
    return str(asked.facts.status.printer)
