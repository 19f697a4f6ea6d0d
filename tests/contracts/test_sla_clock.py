"""The clock of a promise: due times over nights, holidays, clock changes and pauses, against a slow reference."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent.contracts import sla_clock
from agent.contracts.contract_book import ContractBook
from agent.contracts.sla_clock import ClockPause, TicketTimes
from agent.core.calendar_form import CalendarForm
from agent.core.calendars import Calendar
from tests.contracts.conftest import DEALER

HOUR, MINUTE = 3600.0, 60.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def pause(begin: str, end: str | None) -> ClockPause:
    return ClockPause(begin=at(begin), end=at(end) if end else None, reason="waiting_for_customer")


DUE = [
    # story, calendar, start, hours, pauses, due
    ("Friday afternoon", "us-central-business", "2026-11-20T21:40:09Z", 4, [], "2026-11-23T10:40:09-06:00"),
    ("and eight hours", "us-central-business", "2026-11-20T21:40:09Z", 8, [], "2026-11-23T14:40:09-06:00"),
    ("over a holiday", "us-central-business", "2026-11-25T22:00:00Z", 4, [], "2026-11-27T11:00:00-06:00"),
    ("on a Saturday", "us-central-business", "2026-11-21T12:00:00Z", 4, [], "2026-11-23T12:00:00-06:00"),
    ("over the end of summer time", "24x7", "2026-10-31T23:00:00-05:00", 4, [], "2026-11-01T02:00:00-06:00"),
    ("over its beginning", "24x7", "2026-03-08T00:30:00-06:00", 4, [], "2026-03-08T05:30:00-05:00"),
    ("a pause of an hour", "us-central-business", "2026-11-23T09:00:00-06:00", 4,
     [pause("2026-11-23T10:00:00-06:00", "2026-11-23T11:00:00-06:00")], "2026-11-23T14:00:00-06:00"),
    ("a pause over night costs what was open", "us-central-business", "2026-11-23T09:00:00-06:00", 4,
     [pause("2026-11-23T10:00:00-06:00", "2026-11-24T09:00:00-06:00")], "2026-11-24T12:00:00-06:00"),
    ("a pause while it is closed costs nothing", "us-central-business", "2026-11-23T16:00:00-06:00", 4,
     [pause("2026-11-23T20:00:00-06:00", "2026-11-24T06:00:00-06:00")], "2026-11-24T11:00:00-06:00"),
    ("two pauses that overlap are one", "us-central-business", "2026-11-23T09:00:00-06:00", 2,
     [pause("2026-11-23T10:00:00-06:00", "2026-11-23T12:00:00-06:00"),
      pause("2026-11-23T11:00:00-06:00", "2026-11-23T13:00:00-06:00")], "2026-11-23T14:00:00-06:00"),
    ("a pause before the start", "us-central-business", "2026-11-23T09:00:00-06:00", 1,
     [pause("2026-11-23T07:00:00-06:00", "2026-11-23T10:00:00-06:00")], "2026-11-23T11:00:00-06:00"),
    ("a pause after it was due", "us-central-business", "2026-11-23T09:00:00-06:00", 1,
     [pause("2026-11-23T10:00:00-06:00", None)], "2026-11-23T10:00:00-06:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "calendar", "start", "hours", "pauses", "due"), DUE, ids=[it[0] for it in DUE]
)
def test_when_it_is_due(
    dealer: ContractBook,
    story: str,
    calendar: str,
    start: str,
    hours: int,
    pauses: list[ClockPause],
    due: str,
) -> None:
    assert sla_clock.find_due(dealer.find_calendar(calendar), at(start), hours * HOUR, pauses) == at(due)


def test_while_it_is_paused_nothing_is_due(dealer: ContractBook) -> None:
    stands = [pause("2026-11-23T10:00:00-06:00", None)]
    calendar = dealer.find_calendar("us-central-business")
    assert sla_clock.find_due(calendar, at("2026-11-23T09:00:00-06:00"), 4 * HOUR, stands) is None


STATES = [
    # now, arrived, fixed, pauses, state of response (4 h), of resolution (8 h)
    ("09:30", None, None, [], "pending", "pending"),
    ("12:00", None, None, [], "at_risk", "pending"),  # a quarter is left
    ("12:00", "11:00", None, [], "met", "pending"),
    ("13:01", None, None, [], "breached", "pending"),
    ("16:00", "14:00", None, [], "breached", "at_risk"),
    ("17:30", "10:00", None, [], "met", "breached"),
    ("17:30", None, "12:30", [], "met", "met"),  # who mended it was there
    ("12:00", None, None, [pause("2026-11-23T10:00:00-06:00", None)], "paused", "paused"),
    ("12:00", "11:00", None, [pause("2026-11-23T11:30:00-06:00", None)], "met", "paused"),
]


@pytest.mark.parametrize(("now", "arrived", "fixed", "pauses", "response", "resolution"), STATES)
def test_how_a_promise_stands(
    dealer: ContractBook,
    now: str,
    arrived: str | None,
    fixed: str | None,
    pauses: list[ClockPause],
    response: str,
    resolution: str,
) -> None:
    def clock(text: str | None) -> float | None:
        return at(f"2026-11-23T{text}:00-06:00") if text else None

    contract = dealer.find_contract("K-2201-A")
    assert contract is not None
    started = at("2026-11-23T09:00:00-06:00")
    times = TicketTimes(started=started, arrived=clock(arrived), fixed=clock(fixed), pauses=tuple(pauses))
    found = sla_clock.judge_targets(dealer, contract, "P1", times, clock(now) or 0.0)
    states = {one.name: one.state for one in found}
    assert (states["response"], states["resolution"]) == (response, resolution)
    assert list(states) == ["response", "resolution", "max_downtime", "loaner_after"]


def test_days_are_as_long_as_the_calendar_is_open(dealer: ContractBook) -> None:
    contract = dealer.find_contract("K-2201-A")
    assert contract is not None
    times = TicketTimes(started=at("2026-11-23T09:00:00-06:00"))
    loaner = sla_clock.judge_targets(dealer, contract, "P1", times, times.started)[3]
    assert loaner.due == at("2026-11-27T09:00:00-06:00")  # Thursday is a holiday


def test_no_priority_and_no_promise_is_no_target(dealer: ContractBook) -> None:
    page = dealer.find_contract("K-PAGE")
    assert page is not None
    assert sla_clock.judge_targets(dealer, page, "P1", TicketTimes(started=0.0), 0.0) == []
    assert sla_clock.judge_targets(dealer, page, None, TicketTimes(started=0.0), 0.0) == []


# ── against a slow reference: minute by minute, by the wall clock alone ──

ZONES = ("America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
HOURS = ("08:00-17:00", "08:00-12:00, 13:00-17:30", "00:00-24:00", "20:00-06:00", "06:15-06:45")


def count_minutes(calendar: Calendar, started: float, minutes: int, pauses: list[ClockPause]) -> float | None:
    """When so many open minutes outside the pauses have passed: each minute is looked at by itself."""
    now, left = datetime.fromtimestamp(started, UTC), minutes
    for _ in range(40 * 24 * 60):
        if left == 0:
            return now.timestamp()
        second = now.timestamp()
        paused = any(one.begin <= second < (one.end or float("inf")) for one in pauses)
        left -= calendar.is_open(second) and not paused
        now += timedelta(minutes=1)
    return None


def check_random_case(draw: st.DataObject, find_due: object = None) -> None:
    zone, hours = draw.draw(st.sampled_from(ZONES)), draw.draw(st.sampled_from(HOURS))
    form = CalendarForm.model_validate({
        "timezone": zone, "mon_fri": hours, "holidays": draw.draw(st.sampled_from([[], ["2026-03-31"]])),
    })  # fmt: skip
    calendar = form.build_calendar("c", None)
    # around the changes of 2026: 8 March, 29 March, 5 April, 4 October, 25 October, 1 November
    day = draw.draw(st.sampled_from(["2026-03-06", "2026-03-27", "2026-04-03", "2026-10-02", "2026-10-23"]))
    first = datetime.fromisoformat(f"{day}T00:00:00Z").timestamp()
    started = first + draw.draw(st.integers(0, 3 * 24 * 60)) * MINUTE
    minutes = draw.draw(st.integers(1, 1500))
    pauses = []
    for _ in range(draw.draw(st.integers(0, 3))):
        begin = started + draw.draw(st.integers(-600, 5000)) * MINUTE
        pauses.append(
            ClockPause(
                begin=begin, end=begin + draw.draw(st.integers(1, 3000)) * MINUTE, reason="waiting_for_parts"
            )
        )
    wanted = count_minutes(calendar, started, minutes, pauses)
    found = (find_due or sla_clock.find_due)(calendar, started, minutes * MINUTE, pauses)  # type: ignore[operator]
    if wanted is None:
        assert found is None or found > started + 39 * 86400
        return
    assert found is not None
    # the reference stops at the first whole minute after: the same instant, or closed time lies between
    assert found <= wanted
    assert calendar.count_open_seconds(found, wanted) == 0 or any(
        one.begin < wanted and found < (one.end or wanted) for one in pauses
    )


@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_due_times_are_those_of_a_reference_that_looks_at_each_minute(draw: st.DataObject) -> None:
    check_random_case(draw)


@pytest.mark.long
@settings(max_examples=1000, deadline=None)
@given(draw=st.data())
def test_so_are_a_thousand(draw: st.DataObject) -> None:
    check_random_case(draw)


def test_a_clock_that_forgets_its_pauses_is_found_out() -> None:
    """The control."""

    def forgets(calendar: Calendar, started: float, seconds: float, pauses: list[ClockPause]) -> float | None:
        return sla_clock.find_due(calendar, started, seconds)

    @settings(max_examples=300, deadline=None, database=None, phases=[Phase.generate])
    @given(draw=st.data())
    def broken(draw: st.DataObject) -> None:
        check_random_case(draw, forgets)

    with pytest.raises(AssertionError):
        broken()


def test_the_file_of_these_tests_is_right(dealer: ContractBook) -> None:
    assert DEALER.is_file()
    assert [one.id for one in dealer.contracts] == ["K-2201-A", "K-TM", "K-PAGE", "K-REST"]
