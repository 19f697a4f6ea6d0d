"""Tickets under any sequence of changes, against a plain model: a set of holders for each ticket."""

import itertools
import sqlite3
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import migrations
from agent.core.model import Change, Impact, TicketEvent
from agent.tickets import lifecycle

DAY = 86400.0
LEVELS = [
    (Impact.DEVICE_DOWN, "critical"),
    (Impact.DEGRADED, "high"),
    (Impact.SUPPLY, "normal"),
    (Impact.CUSTOMER_FIXABLE, "info"),
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["opened", "resolved"]),
        st.integers(0, 3),  # the rule, and with it what it means
        st.sampled_from(["", "1002 marker 1"]),
        st.sampled_from(["fuser:1", "fuser:2"]),
        st.sampled_from([60.0, DAY, 3 * DAY]),
    ),
    max_size=40,
)
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    migrations.create_tables(db, [lifecycle.SCHEMA])
    return db


def changes(make_change: Any, steps: list[tuple[str, int, str, str, float]]) -> list[Change]:
    now, made = 0.0, []
    for kind, rule, subject, component, wait in steps:
        now += wait
        impact, severity = LEVELS[rule]
        different = {"subject": subject, "component": component, "impact": impact, "severity": severity}
        made.append(make_change(kind, f"rule-{rule}", now, **different))
    return made


def run(sequence: list[Change]) -> list[tuple[Change, list[TicketEvent], dict[str, int]]]:
    """Each change with its events and the number of open tickets of each component after it."""
    db, ids = database(), (f"t{n}" for n in itertools.count(1))
    try:
        trail = []
        for change in sequence:
            events = lifecycle.apply_changes(db, [change], make_id=lambda: next(ids))
            open_now: dict[str, int] = defaultdict(int)
            for ticket in lifecycle.load_open_tickets(db):
                open_now[ticket.component] += 1
            trail.append((change, events, dict(open_now)))
        return trail
    finally:
        db.close()


@QUICK
@given(steps=STEPS)
def test_a_ticket_is_open_exactly_while_some_rule_holds_it_and_there_is_never_a_second(
    make_change: Any, steps: list[tuple[str, int, str, str, float]]
) -> None:
    holders: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for change, _, open_now in run(changes(make_change, steps)):
        if change.impact is not Impact.CUSTOMER_FIXABLE:
            held = holders[change.component]
            (held.add if change.kind == "opened" else held.discard)((change.rule, change.subject))
        assert open_now == {component: 1 for component, held in holders.items() if held}


@QUICK
@given(steps=STEPS)
def test_every_ticket_is_told_in_order_without_gaps(
    make_change: Any, steps: list[tuple[str, int, str, str, float]]
) -> None:
    stories: dict[str, list[TicketEvent]] = defaultdict(list)
    for _, events, _ in run(changes(make_change, steps)):
        for event in events:
            stories[event.ticket_id].append(event)
    for told in stories.values():
        assert [event.ticket_seq for event in told] == list(range(1, len(told) + 1))
        assert told[0].event == "open"
        assert len({event.dedupe_key for event in told}) == 1
        is_open = False
        for event in told:
            assert (event.event in {"open", "reopen"}) != is_open
            is_open = event.event != "clear"
    keys = {told[0].dedupe_key for told in stories.values()}
    assert keys <= {"|sn:A1|fuser.failure|fuser:1", "|sn:A1|fuser.failure|fuser:2"}


@QUICK
@given(steps=STEPS)
def test_the_gravest_holder_speaks(make_change: Any, steps: list[tuple[str, int, str, str, float]]) -> None:
    holders: dict[str, set[tuple[str, str]]] = defaultdict(set)
    said: dict[str, str] = {}
    for change, events, _ in run(changes(make_change, steps)):
        if change.impact is Impact.CUSTOMER_FIXABLE:
            assert events == []
            continue
        held = holders[change.component]
        (held.add if change.kind == "opened" else held.discard)((change.rule, change.subject))
        said.update((event.component, event.rule) for event in events)
        if held:
            assert said[change.component] == min(rule for rule, _ in held)


@pytest.mark.parametrize("split", [1, 3, 100])
def test_one_transaction_or_many_tell_the_same(make_change: Any, split: int) -> None:
    steps = [("opened", n % 3, "", "fuser:1", 60.0) for n in range(3)]
    steps += [("resolved", n % 3, "", "fuser:1", DAY) for n in range(3)]
    sequence = changes(make_change, steps)
    db, ids = database(), (f"t{n}" for n in itertools.count(1))
    events = [
        event
        for start in range(0, len(sequence), split)
        for event in lifecycle.apply_changes(db, sequence[start : start + split], make_id=lambda: next(ids))
    ]
    db.close()
    assert [f"{event.event} {event.rule}" for event in events] == [
        "open rule-0", "update rule-1", "update rule-2", "clear rule-2"
    ]  # fmt: skip
