"""The fuser's thermistor fails in the fourth hour. The printer stops and asks for a technician."""

from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import (
    CRITICAL,
    FIELD_SERVICE,
    HOUR,
    MARKER,
    AlertRow,
    ExpectedTicket,
    PrinterCondition,
    Scenario,
)

FAILURE = AlertRow(
    code=1004,  # markerFuserThermistorFailure
    group=MARKER,
    group_index=1,
    severity=CRITICAL,
    training=FIELD_SERVICE,
    text="Call service: SC542 fuser",
)


def build_scenario(_make: PrinterModel, luck: Random) -> Scenario:
    failed = PrinterCondition(begins=luck.uniform(3, 4) * HOUR, row=FAILURE, bits=("serviceRequested",))
    return Scenario(
        about="the fuser fails",
        expected_ticket=ExpectedTicket(fault="fuser.failure", component="fuser:1"),
        conditions=(failed,),
        pages_per_hour=40.0,
    )
