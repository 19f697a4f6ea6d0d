"""alert.group: prtAlertGroup (RFC 3805), the table that the alert is about: input, marker, cover, …"""

from agent.rules.functions import _alerts
from agent.rules.kinds import Reading
from agent.rules.signals import Asked

KIND = _alerts.GROUP
PER = _alerts.PER
SAYS = ""
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, lambda alert: alert.group)
