"""The printer sleeps between jobs, and answers the first request late.

Its alert table is never empty: as some makers have it, the last power-up and the fuser being cold
stand there for good, and mean nothing. Asleep is "running" and "other" (RFC 3805, section
2.2.13.2.1), which is not "down" and "other".
"""

from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import (
    DAY,
    GENERAL,
    HORIZON,
    HOUR,
    MANAGEMENT,
    MARKER,
    UNTRAINED,
    WARNING,
    WARNING_BINARY,
    AlertRow,
    PrinterCondition,
    Scenario,
)

POWER_UP = AlertRow(
    code=503, group=GENERAL, group_index=1, severity=WARNING, training=MANAGEMENT, text="", location=0
)
COLD_FUSER = AlertRow(
    code=1001,  # markerFuserUnderTemperature
    group=MARKER,
    group_index=1,
    severity=WARNING_BINARY,
    training=UNTRAINED,
    text="",
    location=0,
)


def build_scenario(_make: PrinterModel, _luck: Random) -> Scenario:
    rows = (
        PrinterCondition(begins=-5 * DAY, row=POWER_UP, permanent=True),
        PrinterCondition(begins=-2 * HOUR, row=COLD_FUSER, permanent=True),
        PrinterCondition(begins=-2 * HOUR, row=COLD_FUSER, permanent=True),  # this maker lists it twice
    )
    naps = (
        PrinterCondition(begins=day + from_hour * HOUR, ends=day + to_hour * HOUR, asleep=True)
        for day in range(0, int(HORIZON), int(DAY))
        for from_hour, to_hour in ((1.0, 8.0), (10.5, 13.0), (15.0, 23.0))
    )
    return Scenario(about="it sleeps, and wakes slowly", conditions=(*rows, *naps), quirks=("sleepy=18",))
