"""alert.kind: "condition" while the row stands for it, "event" for a unary warning (RFC 3805, 2.2.13.3).

The presence of an event says that it happened once, not that it is so; its absence says nothing.
"""

from agent.core.model import AlertKind
from agent.rules.functions import _alerts
from agent.rules.value_kinds import one_of

LIKE = _alerts
KIND = one_of(AlertKind.CONDITION, AlertKind.EVENT)
EVIDENCE_TEXT = ""

read = _alerts.each(lambda alert: str(alert.kind))
