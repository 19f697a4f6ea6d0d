"""alert.repeats: how often an alert like this one, same code at the same place, began within `per`."""

from agent.rules.functions import _alerts, part_events
from agent.rules.signals import Asked
from agent.rules.subjects import conditions, place
from agent.rules.value_kinds import COUNT, Reading

KIND = COUNT
PER = ("alert",)
SAYS = "{value} times"
OPTIONS = {"per": part_events.WINDOW}
NEEDS = ("per",)
READS = ("alerts",)


def read(asked: Asked) -> Reading:
    facts, window = asked.facts, asked.options["per"]
    alert = asked.subject.alert
    if facts.open_alerts is None or alert is None or not isinstance(window, int | float):
        return None
    same = [
        episode
        for episode in conditions(facts.recent_alerts)
        if episode.began > facts.now - window
        and place(episode.alert) == place(alert)
        and _alerts.among(frozenset({str(alert.code)}), str(episode.alert.code))
    ]
    return float(part_events.distinct(same))
