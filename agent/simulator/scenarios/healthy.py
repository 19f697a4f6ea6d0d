"""No fault: toner goes down slowly, paper gets low and is filled up again."""

from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import Scenario


def build_scenario(_make: PrinterModel, luck: Random) -> Scenario:
    return Scenario(about="healthy", pages_per_hour=luck.uniform(9, 15))
