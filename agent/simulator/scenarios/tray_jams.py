"""The rollers of tray 2 are worn: it jams, the sheet is pulled out, it jams again, ever sooner.

Each jam stands 20 to 40 minutes. The pauses shrink from four hours to one: eight jams and more in
the first twenty hours. It stays bad for two weeks; then the story ends.
"""

from collections.abc import Iterator
from random import Random

from agent.simulator.model import PrinterModel
from agent.simulator.scenario import (
    CRITICAL,
    DAY,
    HOUR,
    INPUT,
    MINUTE,
    UNTRAINED,
    AlertRow,
    ExpectedTicket,
    PrinterCondition,
    Scenario,
)

TRAY = 2
UNTIL = 14 * DAY

JAM = AlertRow(
    code=8,  # jam (PrtAlertCodeTC), a generic code: the group says where
    group=INPUT,
    group_index=TRAY,
    severity=CRITICAL,
    training=UNTRAINED,
    text="Paper jam in tray 2",
)


def build_scenario(_make: PrinterModel, luck: Random) -> Scenario:
    return Scenario(
        about="tray 2 jams more and more",
        expected_ticket=ExpectedTicket(fault="feed.jams", component=f"tray:{TRAY}"),
        conditions=tuple(_build_jams(luck)),
        pages_per_hour=25.0,
    )


def _build_jams(luck: Random) -> Iterator[PrinterCondition]:
    at, pause = HOUR, 4 * HOUR
    while at < UNTIL:
        lasts = luck.uniform(20, 40) * MINUTE
        yield PrinterCondition(begins=at, ends=at + lasts, row=JAM, bits=("jammed",))
        pause = max(HOUR, pause * 0.7)
        at += lasts + pause * luck.uniform(0.9, 1.1)
