"""alert.kind: "condition" while the row stands for it, "event" for a unary warning (RFC 3805, 2.2.13.3).

The presence of an event says that it happened once, not that it is so; its absence says nothing.
"""

from agent.model import AlertKind
from agent.rules.functions import _alerts
from agent.rules.kinds import Reading, words
from agent.rules.signals import Asked

KIND = words(AlertKind.CONDITION, AlertKind.EVENT)
PER = _alerts.PER
SAYS = ""
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, lambda alert: str(alert.kind))
