"""part.kind: what a part is: tray, bin, path, marker, cover or finisher, from prtAlertGroup (RFC 3805);
of what forecasts speak of: roller, fuser, transfer or drum."""

from agent.rules.signals import Asked
from agent.rules.subjects import PART_KINDS, WEARING
from agent.rules.value_kinds import Reading, words

KIND = words(*PART_KINDS.values(), *WEARING)
PER = ("part",)
SAYS = ""
READS = ("alerts",)


def read(asked: Asked) -> Reading:
    return asked.subject.part_kind
