"""alert.code: prtAlertCode, by number or by its name in PrtAlertCodeTC (IANA-PRINTER-MIB).

Code and place belong together: jam (8) in group `input`, `output` or `mediaPath` are three jams.
"""

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
    return _alerts.said(asked, _code)


def _code(alert: Alert) -> str | None:
    return None if alert.code is None else str(alert.code)
