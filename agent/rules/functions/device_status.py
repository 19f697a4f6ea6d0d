"""device.status: hrDeviceStatus (RFC 2790). "down" is trouble; hrPrinterStatus "other" alone is sleep."""

from agent.core.model import DeviceStatus
from agent.rules.signals import Asked
from agent.rules.value_kinds import Reading, words

KIND = words(*DeviceStatus)
PER = ("device", "supply", "alert", "part")
READS = ("status",)


def read(asked: Asked) -> Reading:
    if asked.facts.status is None or asked.facts.status.device is None:
        return None
    return str(asked.facts.status.device)
