"""The clock of a promise: when it is due in business time, with pauses, and whether it was kept.

    started ──── open time of the calendar, less the pauses ────► due
                 ▲ at risk: `warn_before` (or a quarter) is left

Right offline: it needs the contract file, the time zone data and this machine's clock, and no provider. Pure:
times are seconds since 1970-01-01 UTC.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from agent.contracts.contract_book import ContractBook
from agent.contracts.value_types import BusinessSpan, Priority
from agent.core.calendars import ALWAYS_OPEN, Calendar

if TYPE_CHECKING:
    from agent.contracts.file_format import ContractForm, PauseReason

ContractTarget = Literal["response", "resolution", "max_downtime", "loaner_after"]
TargetName = Literal["acknowledge", "response", "resolution", "max_downtime", "loaner_after"]
TargetState = Literal["pending", "at_risk", "met", "breached", "paused"]
TARGETS: tuple[ContractTarget, ...] = get_args(ContractTarget)
USUAL_WARNING = 0.25  # of the target


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPause:
    """A time in which the clock stands. `end` None: it still does."""

    begin: float
    end: float | None
    reason: "PauseReason"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaTarget:
    """One promise for one ticket: when it is due, when it is told as at risk, and how it stands."""

    name: TargetName
    span: BusinessSpan
    calendar: str
    due: float | None  # None: the clock is paused, or the calendar never opens again
    warn_at: float | None
    state: TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTimes:
    """What happened to a ticket, so far as it is known."""

    started: float  # when the condition had held for its delay
    acknowledged: float | None = None  # who is sent has said so
    arrived: float | None = None  # somebody is on site, or at work on it
    fixed: float | None = None  # the condition ended
    pauses: tuple[ClockPause, ...] = ()
    decided: float | None = None  # when the customer said yes or no, where that was asked
    approved: bool | None = None  # what the customer said


def judge_targets(
    book: ContractBook, contract: "ContractForm", priority: Priority | None, times: TicketTimes, now: float
) -> list[SlaTarget]:
    """Judge each promise of the contract for a ticket of this priority, as of `now`."""
    sla = contract.sla.get(priority) if priority else None
    if sla is None:
        return []
    calendar = book.find_calendar(sla.calendar)
    found = []
    for name in TARGETS:
        span = getattr(sla, name)
        if span is None:
            continue
        around = name == "max_downtime" and contract.uptime_counts == "all_hours"
        met = times.arrived if name == "response" else times.fixed
        if name == "response" and met is None:
            met = times.fixed
        promise = TicketPromise(
            name=name,
            span=span,
            calendar=ALWAYS_OPEN if around else calendar,
            calendar_name="always" if around else sla.calendar,
            # what waits for the customer is still down: only promises of work stand still in a pause
            pauses=_count_pauses(contract, times) if name in {"response", "resolution"} else (),
            warn_before=sla.warn_before,
        )
        found.append(judge_promise(promise, times.started, met, now))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPromise:
    """One promise of a contract for one ticket, before it is judged."""

    name: TargetName
    span: BusinessSpan
    calendar: Calendar
    calendar_name: str
    pauses: tuple[ClockPause, ...] = ()
    warn_before: BusinessSpan | None = None  # None: a quarter of the span

    @property
    def warning(self) -> float:
        """Open seconds before it is due at which it is at risk."""
        if self.warn_before:
            return self.warn_before.count_seconds(self.calendar)
        return self.span.count_seconds(self.calendar) * USUAL_WARNING


def judge_promise(promise: TicketPromise, started: float, met: float | None, now: float) -> SlaTarget:
    """Judge one promise as of `now`. `met`: when it was kept; None if it was not yet."""
    whole, pauses = promise.span.count_seconds(promise.calendar), promise.pauses
    due = find_due(promise.calendar, started, whole, pauses)
    warn_at = find_due(promise.calendar, started, max(0.0, whole - promise.warning), pauses)
    paused = any(one.end is None for one in pauses)
    return SlaTarget(
        name=promise.name,
        span=promise.span,
        calendar=promise.calendar_name,
        due=due,
        warn_at=warn_at,
        state=_judge_state(due, warn_at, met, now, paused=paused),
    )


def _count_pauses(contract: "ContractForm", times: TicketTimes) -> tuple[ClockPause, ...]:
    """Return the pauses that stop the clock under this contract."""
    return tuple(one for one in times.pauses if one.reason in contract.pause_when)


def find_due(
    calendar: Calendar, started: float, seconds: float, pauses: Sequence[ClockPause] = ()
) -> float | None:
    """Return when `seconds` of open time outside the pauses have passed since `started`.

    None while it is paused before that, or if the calendar does not open for so long.
    """
    left, at = seconds, started
    for begin, end in _merge_pauses(pauses):
        if end is not None and end <= at:
            continue
        worked = calendar.count_open_seconds(at, begin) if begin > at else 0.0
        if worked >= left and begin > at:
            break
        left -= worked
        if end is None:
            return None
        at = max(at, end)
    return calendar.add_open_seconds(at, left)


def _merge_pauses(pauses: Sequence[ClockPause]) -> Iterator[tuple[float, float | None]]:
    """Yield (begin, end) of the pauses in order, those that overlap as one."""
    reached: tuple[float, float | None] | None = None
    for one in sorted(pauses, key=lambda it: it.begin):
        if reached is None:
            reached = (one.begin, one.end)
        elif reached[1] is None or one.begin <= reached[1]:
            end = None if reached[1] is None or one.end is None else max(reached[1], one.end)
            reached = (reached[0], end)
        else:
            yield reached
            reached = (one.begin, one.end)
    if reached is not None:
        yield reached


def _judge_state(
    due: float | None, warn_at: float | None, met: float | None, now: float, *, paused: bool
) -> TargetState:
    if met is not None and met <= now and (due is None or met <= due):
        return "met"
    if due is None:
        return "paused" if paused else "pending"
    if now > due or (met is not None and met > due):
        return "breached"
    return "at_risk" if warn_at is not None and now >= warn_at else "pending"
