"""alert.severity: prtAlertSeverityLevel (RFC 3805). The same code differs between printers."""

from agent.rules.functions import _alerts
from agent.rules.kinds import Reading
from agent.rules.signals import Asked

KIND = _alerts.SEVERITY
PER = _alerts.PER
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, lambda alert: alert.severity)
