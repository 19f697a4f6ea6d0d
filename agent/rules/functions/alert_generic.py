"""alert.generic: prtAlertCode, with a finisher's code reduced to the generic one that it carries.

30233 (stapler motor) says 33, subunitMotorFailure; all other codes say themselves.
"""

from agent import alert_codes
from agent.model import Alert
from agent.rules.functions import _alerts
from agent.rules.kinds import Reading
from agent.rules.signals import Asked

KIND = _alerts.CODE
PER = _alerts.PER
SAYS = ""
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, _generic)


def _generic(alert: Alert) -> str | None:
    return None if alert.code is None else str(alert_codes.generic(alert.code))
