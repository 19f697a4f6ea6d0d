"""alert.training: prtAlertTrainingLevel (RFC 3805): who should act. Some printers fill in a constant."""

from agent.rules.functions import _alerts

LIKE = _alerts
KIND = _alerts.TRAINING

read = _alerts.each(lambda alert: alert.training)
