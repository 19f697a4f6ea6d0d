"""alert.training: prtAlertTrainingLevel (RFC 3805): who should act. Some printers fill in a constant."""

from agent.rules.functions import _alerts
from agent.rules.kinds import Reading
from agent.rules.signals import Asked

KIND = _alerts.TRAINING
PER = _alerts.PER
OPTIONS = _alerts.OPTIONS
READS = ("alerts",)
TIMED = ("min_age",)


def read(asked: Asked) -> Reading:
    return _alerts.said(asked, lambda alert: alert.training)
