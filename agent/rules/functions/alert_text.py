"""alert.text: prtAlertDescription (RFC 3805), compared as a whole. Localized, and may be empty.

Words are the last resort: the same panel says it otherwise after somebody changed its language.
"""

from agent.rules.functions import _alerts
from agent.rules.kinds import ANY_WORD, Reading
from agent.rules.signals import Asked

KIND = ANY_WORD
PER = _alerts.PER
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, lambda alert: alert.text)
