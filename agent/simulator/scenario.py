"""The scenario of a simulated printer: conditions and printed pages over time, fixed in advance.

A scenario is a list of conditions, each from one moment to another, and the pages that are printed.
Moments are seconds since the fleet's start; below 0 is before it. The printer's answers at any moment
follow from the scenario alone, so that a simulator that is stopped and started again, or a second one
beside it, shows the same printer.

 conditions  ....[jam]........[jam]......[cover]........[fuser ..................→
    pages    ////     ////////     //////       ////////
                 (nothing is printed while a critical alert stands)
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from agent.simulator.model import PrinterModel

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

HORIZON = 60 * DAY
"""Stories are told this far; afterwards nothing new happens, but pages go on."""

CRITICAL, WARNING, WARNING_BINARY = 3, 4, 5  # PrtAlertSeverityLevelTC
UNTRAINED, TRAINED, FIELD_SERVICE, MANAGEMENT = 3, 4, 5, 6  # PrtAlertTrainingLevelTC
GENERAL, COVER, INPUT, MARKER, SUPPLIES = 5, 6, 8, 10, 11  # PrtAlertGroupTC


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A row of prtAlertTable (RFC 3805, 1.3.6.1.2.1.43.18.1), without index and time."""

    code: int
    group: int
    group_index: int
    severity: int
    training: int
    text: str
    location: int = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCondition:
    """A condition of the printer from `begins` until `ends`."""

    begins: float
    ends: float = math.inf
    row: AlertRow | None = None
    bits: tuple[str, ...] = ()  # names of hrPrinterDetectedErrorState
    cover: int | None = None  # this cover is open
    asleep: bool = False
    silent: bool = False  # unplugged: no answer to anything
    permanent: bool = False  # the row stands, but the printer's status takes no notice of it

    @property
    def stops_printing(self) -> bool:
        """True if nothing is printed meanwhile."""
        return self.silent or self.asleep or (self.row is not None and self.row.severity == CRITICAL)

    def is_active_at(self, elapsed: float) -> bool:
        return self.begins <= elapsed < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTicket:
    """The ticket that this scenario must lead to, and its deadline."""

    fault: str
    component: str = ""
    by: float = 20 * HOUR  # seconds since the fleet's start


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The conditions of one printer, and the ticket expected of the agent."""

    about: str
    expected_ticket: ExpectedTicket | None = None  # None: this printer needs no ticket
    conditions: tuple[PrinterCondition, ...] = ()
    pages_per_hour: float = 12.0
    left: Mapping[int, float] = field(default_factory=dict)  # supply's row -> share left at the start
    quirks: tuple[str, ...] = ()  # as in `agent.simulator.quirks`: "sleepy=18"


class Unplayable(ValueError):
    """This printer lacks the part that the scenario needs."""


class ScenarioFile(Protocol):
    """The interface of each file in `agent/simulator/scenarios/`."""

    def build_scenario(self, make: PrinterModel, luck: Random, /) -> Scenario:
        """Build the scenario for this printer. `luck` is the only source of chance. Raises Unplayable."""
        ...
