"""The printer answers nothing any more after six to seven hours."""

from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import HOUR, ExpectedTicket, PrinterCondition, Scenario


def build_scenario(_make: PrinterModel, luck: Random) -> Scenario:
    gone = PrinterCondition(begins=luck.uniform(6, 7) * HOUR, silent=True)
    return Scenario(
        about="it falls silent for good",
        expected_ticket=ExpectedTicket(fault="device.offline"),
        conditions=(gone,),
    )
