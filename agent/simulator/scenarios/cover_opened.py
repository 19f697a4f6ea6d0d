"""The front cover is opened for forty minutes and closed again. No ticket is needed."""

from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import (
    COVER,
    CRITICAL,
    HOUR,
    MINUTE,
    UNTRAINED,
    AlertRow,
    PrinterCondition,
    Scenario,
)

FRONT = 1

OPEN = AlertRow(
    code=3,  # coverOpen
    group=COVER,
    group_index=FRONT,
    severity=CRITICAL,
    training=UNTRAINED,
    text="Close the front cover",
)


def build_scenario(_make: PrinterModel, luck: Random) -> Scenario:
    begins = luck.uniform(5, 6) * HOUR
    opened = PrinterCondition(
        begins=begins, ends=begins + 40 * MINUTE, row=OPEN, bits=("doorOpen",), cover=FRONT
    )
    return Scenario(about="its cover is opened for 40 minutes", conditions=(opened,), pages_per_hour=20.0)
