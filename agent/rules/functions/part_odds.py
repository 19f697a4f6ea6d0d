"""part.odds: how much likelier a part's troubles are if it is worn than if it is healthy. An estimate.

400 means: wear explains what was seen 400 times better than chance, at this printer's volume.
"""

from agent.core.model import PartForecast
from agent.rules.signals import SignalQuery
from agent.rules.value_kinds import NUMBER, SignalValue

KIND = NUMBER
PER = ("part",)
FORECAST = True
EVIDENCE_TEXT = "{value} to 1 for wear"
READS = ("alerts", "meters", "clock")


def read(asked: SignalQuery) -> SignalValue:
    found = find_wear(asked)
    return None if found is None else found.odds


def find_wear(asked: SignalQuery) -> PartForecast | None:
    """The forecast of the part; None while the printer is silent."""
    if not asked.facts.answers_in_a_row:
        return None
    return asked.facts.foresight.parts.get(asked.subject.key)
