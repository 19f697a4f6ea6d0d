"""The times that a ticket's promises rest on: its start, and what is known of its course."""

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from agent.contracts.sla_clock import ClockPause, TicketTimes
from agent.core.model import Device, Impact
from agent.tickets import approvals, timeline

if TYPE_CHECKING:
    from agent.contracts.file_format import PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCase:
    """What a contract needs to know of a ticket."""

    ticket: str  # its id
    device: Device
    impact: Impact
    fault: str
    opened_at: float
    fixed_at: float | None = None  # when its fault was gone; None while it stands
    vendor_code: str | None = None  # the maker's own error code


def load_times(db: sqlite3.Connection, case: TicketCase) -> TicketTimes:
    """Load the times of a ticket."""
    acknowledged = arrived = None
    pauses: list[ClockPause] = []
    for one in timeline.load_moments(db, case.ticket):
        if one.what == "acknowledged":
            acknowledged = one.at
        elif one.what == "arrived" and arrived is None:
            arrived = one.at
        elif one.what.startswith("paused:"):
            reason = cast("PauseReason", one.what.removeprefix("paused:"))
            pauses.append(ClockPause(begin=one.at, end=None, reason=reason))
        elif one.what == "resumed" and pauses:
            last = pauses.pop()
            pauses.append(ClockPause(begin=last.begin, end=one.at, reason=last.reason))
    decision = approvals.load_decision(db, case.ticket)
    return TicketTimes(
        decided=decision.at if decision else None,
        approved=decision.decision == "approved" if decision else None,
        started=case.opened_at,
        acknowledged=acknowledged,
        arrived=arrived,
        fixed=case.fixed_at,
        pauses=tuple(pauses),
    )
