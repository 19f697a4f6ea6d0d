"""After three to four hours nothing is heard of it any more. Nobody knows why; it stays so."""

from random import Random

from agent.simulator.model import Make
from agent.simulator.scenario import HOUR, Promise, Spell, Story


def tell(_make: Make, luck: Random) -> Story:
    gone = Spell(begins=luck.uniform(3, 4) * HOUR, silent=True)
    return Story(
        about="it falls silent for good",
        promise=Promise(fault="device.offline"),
        spells=(gone,),
    )
