"""device.certificate_days: how long the printer's TLS certificate is still valid; 0 once it has ended.

By the certificate that it showed to IPP over TLS when it was last read so; no connection is made for it.
Unknown for printers that are not read over TLS.
"""

from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue

KIND = DURATION
PER = ("device",)
EVIDENCE_TEXT = "certificate ends in {value}"
NOT_REPLAYABLE = True
READS = ("reach", "clock")


def read(asked: SignalQuery) -> SignalValue:
    until = asked.facts.certificate_until
    return None if until is None else max(0.0, until - asked.facts.now)
