"""alert.location: prtAlertLocation (RFC 3805), a number of the maker's own within the sub-unit."""

from agent.model import Alert
from agent.rules.functions import _alerts
from agent.rules.kinds import ANY_WORD, Reading
from agent.rules.signals import Asked

KIND = ANY_WORD
PER = _alerts.PER
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, _location)


def _location(alert: Alert) -> str | None:
    """-2 says that the printer does not know it (RFC 3805)."""
    return None if alert.location is None or alert.location < 0 else str(alert.location)
