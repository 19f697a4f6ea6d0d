"""alert.location: prtAlertLocation (RFC 3805), a number of the maker's own within the sub-unit."""

from agent.core.model import Alert
from agent.rules.functions import _alerts
from agent.rules.value_kinds import ANY_WORD

LIKE = _alerts
KIND = ANY_WORD


def _alert_location(alert: Alert) -> str | None:
    """-2 says that the printer does not know it (RFC 3805)."""
    return None if alert.location is None or alert.location < 0 else str(alert.location)


read = _alerts.each(_alert_location)
