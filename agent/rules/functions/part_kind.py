"""part.kind: what a part is: tray, bin, path, marker, cover or finisher, from prtAlertGroup (RFC 3805);
of what forecasts speak of: roller, fuser, transfer or drum."""

from agent.rules.signals import SignalQuery
from agent.rules.subjects import PART_KINDS, WEARING_PARTS
from agent.rules.value_kinds import SignalValue, one_of

KIND = one_of(*PART_KINDS.values(), *WEARING_PARTS)
PER = ("part",)
EVIDENCE_TEXT = ""
READS = ("alerts",)


def read(asked: SignalQuery) -> SignalValue:
    return asked.subject.part_kind
