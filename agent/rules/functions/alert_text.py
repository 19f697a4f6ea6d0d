"""alert.text: prtAlertDescription (RFC 3805), compared as a whole. Localized, and may be empty.

Words are the last resort: the text changes with the language of the panel.
"""

from agent.rules.functions import _alerts
from agent.rules.value_kinds import ANY_WORD

LIKE = _alerts
KIND = ANY_WORD

read = _alerts.each(lambda alert: alert.text)
