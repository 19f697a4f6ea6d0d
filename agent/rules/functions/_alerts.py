"""Shared by the signals about alerts: which of a subject's open alerts a condition covers.

A signal that says one column of each such alert declares `LIKE = _alerts`, its KIND, and
`read = _alerts.each(lambda alert: alert.group)`.
"""

from collections.abc import Callable

from agent.core import alert_codes
from agent.core.model import Alert
from agent.rules.signals import ReadSignal, SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue, ValueKind, Vocabulary, WordSet, one_of

# Labels of PrtAlertSeverityLevelTC, PrtAlertTrainingLevelTC and PrtAlertGroupTC.
SEVERITY = one_of("other", "critical", "warning", "warningBinaryChangeEvent")
TRAINING = one_of(
    "other", "unknown", "untrained", "trained", "fieldService", "management", "noInterventionRequired"
)
GROUP = one_of(
    "other", "unknown", "hostResourcesMIBStorageTable", "hostResourcesMIBDeviceTable", "generalPrinter",
    "cover", "localization", "input", "output", "marker", "markerSupplies", "markerColorant", "mediaPath",
    "channel", "interpreter", "consoleDisplayBuffer", "consoleLights", "alert", "finDevice", "finSupply",
    "finSupplyMediaInput", "finAttribute",
)  # fmt: skip

GROUPS = {
    "any_jam": [name for name in alert_codes.CODE_NAMES.values() if name.lower().endswith("jam")],
    "any_door": [
        name
        for name in alert_codes.CODE_NAMES.values()
        if name.lower().endswith(("coveropen", "dooropen", "interlockopen"))
    ],
    "any_failure": [name for name in alert_codes.CODE_NAMES.values() if name.endswith("Failure")],
    "any_missing": [name for name in alert_codes.CODE_NAMES.values() if name.endswith("Missing")],
}
"""Codes by a common name: of the printer, and of each kind of finisher."""
CODE = Vocabulary(numbers={name: code for code, name in alert_codes.CODE_NAMES.items()}, groups=GROUPS)

PER = ("alert", "device")
OPTIONS: dict[str, ValueKind] = {"min_age": DURATION, "severity": SEVERITY, "group": GROUP}
READS = ("alerts",)
TIMED = ("min_age",)
MANY = True


def each(column: Callable[[Alert], str | None]) -> ReadSignal:
    """Reads `column` of each open alert that the options let through; unknown while the alert table is."""

    def read(asked: SignalQuery) -> SignalValue:
        if asked.facts.open_alerts is None:
            return None
        return WordSet(
            word
            for episode in asked.subject.episodes
            if asked.facts.now - episode.began >= _as_number(asked.options.get("min_age"))
            and allows_word(asked.options.get("severity"), episode.alert.severity)
            and allows_word(asked.options.get("group"), episode.alert.group)
            and (word := column(episode.alert)) is not None
        )

    return read


def allows_word(wanted: object, word: str | None) -> bool:
    """True if `wanted` contains `word`, or if the condition has no such option."""
    return not isinstance(wanted, frozenset) or word in wanted


def _as_number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
