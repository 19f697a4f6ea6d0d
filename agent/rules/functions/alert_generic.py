"""alert.generic: prtAlertCode, with a finisher's code reduced to the generic one that it carries.

30233 (stapler motor) says 33, subunitMotorFailure; all other codes say themselves.
"""

from agent.core import alert_codes
from agent.core.model import Alert
from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.CODE
SAYS = ""


def _generic(alert: Alert) -> str | None:
    return None if alert.code is None else str(alert_codes.generic(alert.code))


read = _alerts.each(_generic)
