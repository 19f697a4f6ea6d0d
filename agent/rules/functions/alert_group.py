"""alert.group: prtAlertGroup (RFC 3805), the table that the alert is about: input, marker, cover, …"""

from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.GROUP
EVIDENCE_TEXT = ""

read = _alerts.each(lambda alert: alert.group)
