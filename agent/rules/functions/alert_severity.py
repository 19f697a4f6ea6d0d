"""alert.severity: prtAlertSeverityLevel (RFC 3805). The same code differs between printers."""

from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.SEVERITY

read = _alerts.each(lambda alert: alert.severity)
