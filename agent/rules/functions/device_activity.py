"""device.activity: hrPrinterStatus (RFC 2790): idle, printing, warmup, other, unknown."""

from agent.model import PrinterStatus
from agent.rules.kinds import Reading, words
from agent.rules.signals import Asked

KIND = words(*PrinterStatus)
PER = ("device", "supply", "alert", "part")
READS = ("status",)


def read(asked: Asked) -> Reading:
    if asked.facts.status is None or asked.facts.status.printer is None:
        return None
    return str(asked.facts.status.printer)
