"""alert.age: how long the oldest of the open alerts in question has stood."""

from agent.rules.functions import _alerts
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import DURATION, SignalValue, ValueKind

KIND = DURATION
PER = _alerts.PER
OPTIONS: dict[str, ValueKind] = {"severity": _alerts.SEVERITY, "group": _alerts.GROUP, "code": _alerts.CODE}
READS = ("alerts", "clock")


def read(asked: SignalQuery) -> SignalValue:
    if asked.facts.open_alerts is None:
        return None
    began = [
        episode.began
        for episode in asked.subject.episodes
        if _alerts.allows_word(asked.options.get("severity"), episode.alert.severity)
        and _alerts.allows_word(asked.options.get("group"), episode.alert.group)
        and _alerts.allows_word(asked.options.get("code"), str(episode.alert.code))
    ]
    return max(0.0, asked.facts.now - min(began)) if began else 0.0
