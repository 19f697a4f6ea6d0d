"""device.status: hrDeviceStatus (RFC 2790). "down" is trouble; hrPrinterStatus "other" alone is sleep."""

from agent.core.model import DeviceStatus
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of(*DeviceStatus)
PER = ("device", "supply", "alert", "part")
READS = ("status",)


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.status is None or asked.facts.status.device is None:
        return None
    return str(asked.facts.status.device)
