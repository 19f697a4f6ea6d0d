"""alert.repeats: how often an alert like this one, same code at the same place, began within `per`."""

from agent.rules.functions import _alerts, part_events
from agent.rules.signals import SignalQuery
from agent.rules.subjects import locate_alert, skip_state_alerts
from agent.rules.value_kinds import COUNT, SignalValue

KIND = COUNT
PER = ("alert",)
EVIDENCE_TEXT = "{value} times"
OPTIONS = {"per": part_events.WINDOW}
NEEDS = ("per",)
READS = ("alerts",)


def read(asked: SignalQuery) -> SignalValue:
    facts, window = asked.facts, asked.options["per"]
    alert = asked.subject.alert
    if facts.open_alerts is None or alert is None or not isinstance(window, int | float):
        return None
    same = [
        episode
        for episode in skip_state_alerts(facts.recent_alerts)
        if episode.began > facts.now - window
        and locate_alert(episode.alert) == locate_alert(alert)
        and _alerts.allows_word(frozenset({str(alert.code)}), str(episode.alert.code))
    ]
    return float(part_events.count_distinct(same))
