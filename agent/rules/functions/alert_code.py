"""alert.code: prtAlertCode, by number or by its name in PrtAlertCodeTC (IANA-PRINTER-MIB).

Code and place belong together: jam (8) in group `input`, `output` or `mediaPath` are three jams.
"""

from agent.core.model import Alert
from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.CODE
EVIDENCE_TEXT = ""


def _alert_code(alert: Alert) -> str | None:
    return None if alert.code is None else str(alert.code)


read = _alerts.each(_alert_code)
