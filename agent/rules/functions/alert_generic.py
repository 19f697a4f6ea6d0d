"""alert.generic: prtAlertCode, with a finisher's code reduced to the generic one that it carries.

30233 (stapler motor) says 33, subunitMotorFailure; all other codes say themselves.
"""

from agent.core import alert_codes
from agent.core.model import Alert
from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.CODE
EVIDENCE_TEXT = ""


def _generic_code(alert: Alert) -> str | None:
    return None if alert.code is None else str(alert_codes.generic_code(alert.code))


read = _alerts.each(_generic_code)
