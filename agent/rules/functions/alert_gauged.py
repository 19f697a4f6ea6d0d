"""alert.gauged: whether the supply that an alert is about has a level in numbers, which tells it better.

An alert of the group markerSupplies names a row of that table; one that does not is judged by whether any
consumed supply has a level.
"""

from agent.core.model import Vague
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import FLAG, SignalValue

KIND = FLAG
PER = ("alert",)
READS = ("alerts", "supplies")


def read(asked: SignalQuery) -> SignalValue:
    supplies = [it for it in asked.facts.supplies or () if not it.is_receptacle]
    if asked.facts.supplies is None or asked.subject.alert is None:
        return None
    row = str(asked.subject.alert.group_index)
    named = [it for it in supplies if it.index.rpartition(".")[2] == row]
    about = named if asked.subject.group == "markerSupplies" and named else supplies
    return any(it.percent is not None or it.vagueness is Vague.LOW for it in about)
