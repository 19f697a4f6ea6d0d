"""part.odds: how much likelier a part's troubles are if it is worn than if it is healthy. An estimate.

400 means: wear explains what was seen 400 times better than chance, at this printer's volume.
"""

from agent.core.model import Wear
from agent.rules.signals import Asked
from agent.rules.value_kinds import NUMBER, Reading

KIND = NUMBER
PER = ("part",)
FORGOTTEN = True
SAYS = "{value} to 1 for wear"
READS = ("alerts", "meters", "clock")


def read(asked: Asked) -> Reading:
    found = wear(asked)
    return None if found is None else found.odds


def wear(asked: Asked) -> Wear | None:
    """What is foreseen of the part that is asked about; None while the printer is silent."""
    if not asked.facts.answers_in_a_row:
        return None
    return asked.facts.foresight.parts.get(asked.subject.key)
