"""alert.kind: "condition" while the row stands for it, "event" for a unary warning (RFC 3805, 2.2.13.3).

The presence of an event says that it happened once, not that it is so; its absence says nothing.
"""

from agent.core.model import AlertKind
from agent.rules.functions import _alerts
from agent.rules.value_kinds import words

LIKE = _alerts
KIND = words(AlertKind.CONDITION, AlertKind.EVENT)
SAYS = ""

read = _alerts.each(lambda alert: str(alert.kind))
