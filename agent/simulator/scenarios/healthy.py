"""Nothing happens. Toner goes down slowly, paper gets low and is filled up again by somebody."""

from random import Random

from agent.simulator.model import Make
from agent.simulator.scenario import Story


def tell(_make: Make, luck: Random) -> Story:
    return Story(about="healthy", pages_per_hour=luck.uniform(9, 15))
