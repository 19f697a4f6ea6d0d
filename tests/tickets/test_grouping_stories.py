"""Tickets of many printers: groups that wait for company, storms, and the digest of the first days."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import Address, Change, Device, GroupingPolicy, Impact, TicketEvent
from agent.core.store import Store
from agent.tickets import grouping, lifecycle
from uplink.outbox.outbox import MAX_EVENT_BYTES

HOUR, DAY = 3600.0, 86400.0
SUPPLY = {"fault": "supply.low", "component": "toner:black", "impact": Impact.SUPPLY, "severity": "normal"}


def printer(number: int, **different: Any) -> Device:
    return Device(
        key=f"sn:{number:03}", address=Address("192.0.2.1"), model="P2040", serial=str(number), **different
    )


class Desk:
    """Applies changes hour by hour; an event is told as "open t1 sn:001 …"."""

    def __init__(self, open_store: Callable[[], Store], make_change: Callable[..., Change]) -> None:
        self._open, self._make = open_store, make_change
        self._store = open_store()
        self._ids = (f"t{n}" for n in itertools.count(1))

    def restart(self) -> None:
        self._store = self._open()

    def change(self, kind: str, at: float, device: Device, **different: Any) -> list[TicketEvent]:
        rule = different.pop("rule", "low")
        made = self._make(kind, rule, at, **SUPPLY | {"device": device} | different)
        with self._store.transaction() as tx:
            return grouping.apply_changes(
                tx, [made], make_id=lambda: next(self._ids)
            ) + grouping.collect_due_events(tx, at)

    def opened(self, at: float, number: int, **policy: Any) -> list[TicketEvent]:
        return self.change("opened", at, printer(number), grouping=GroupingPolicy(site="S-1", **policy))

    def resolved(self, at: float, number: int) -> list[TicketEvent]:
        return self.change("resolved", at, printer(number), grouping=GroupingPolicy(site="S-1"))

    def wait(self, until: float) -> list[TicketEvent]:
        with self._store.transaction() as tx:
            return grouping.collect_due_events(tx, until)

    def ask(self, question: Callable[[sqlite3.Connection], Any]) -> Any:
        with self._store.transaction() as tx:
            return question(tx)


@pytest.fixture
def desk(tmp_path: Path, make_change: Callable[..., Change]) -> Iterator[Desk]:
    opened: list[Store] = []

    def again() -> Store:
        while opened:
            opened.pop().close()
        opened.append(Store(tmp_path / "s.db", {"tickets": lifecycle.SCHEMA, "grouping": grouping.SCHEMA}))
        return opened[-1]

    yield Desk(again, make_change)
    while opened:
        opened.pop().close()


def said(events: list[TicketEvent]) -> list[str]:
    return [f"{event.event} {event.device.key}" for event in events]


GROUP = {"by": ("site",), "wait": 2 * HOUR}


def test_a_group_waits_for_company_and_goes_together(desk: Desk) -> None:
    assert desk.opened(0.0, 1, **GROUP) == []
    assert desk.opened(HOUR, 2, **GROUP) == []
    events = desk.wait(2 * HOUR)
    assert said(events) == ["open sn:001", "open sn:002"]
    groups = [event.evidence["group"] for event in events]
    assert groups[0] == groups[1]
    assert groups[0]["open"] == 2


def test_who_comes_later_goes_at_once_and_with_the_same_group(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    (first,) = desk.wait(3 * HOUR)
    (later,) = desk.opened(9 * HOUR, 2, **GROUP)
    assert later.evidence["group"] == {"id": first.evidence["group"]["id"], "open": 2}


def test_a_group_whose_tickets_are_all_cleared_gathers_nobody_any_more(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    (first,) = desk.wait(3 * HOUR)
    desk.resolved(4 * HOUR, 1)
    assert desk.opened(9 * HOUR, 2, **GROUP) == []
    (second,) = desk.wait(11 * HOUR)
    assert second.evidence["group"]["id"] != first.evidence["group"]["id"]


def test_what_is_over_before_the_group_goes_is_never_sent(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    assert desk.resolved(HOUR, 1) == []
    assert desk.wait(3 * HOUR) == []


def test_and_should_it_come_back_it_is_sent_as_opened(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    desk.resolved(HOUR, 1)
    assert said(desk.opened(5 * HOUR, 1, **GROUP)) == ["open sn:001"]
    assert said(desk.resolved(6 * HOUR, 1)) == ["clear sn:001"]


def test_other_rules_and_other_sites_are_other_groups(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    desk.change("opened", 0.0, printer(2), grouping=GroupingPolicy(site="S-2", **GROUP))
    desk.change("opened", 0.0, printer(3), rule="other", grouping=GroupingPolicy(site="S-1", **GROUP))
    events = desk.wait(2 * HOUR)
    assert len({event.evidence["group"]["id"] for event in events}) == 3


def test_a_group_survives_a_restart(desk: Desk) -> None:
    desk.opened(0.0, 1, **GROUP)
    desk.restart()
    assert said(desk.wait(2 * HOUR)) == ["open sn:001"]
    desk.restart()
    assert desk.wait(3 * HOUR) == []


def test_a_supply_group_by_model_asks_for_the_model(desk: Desk) -> None:
    for number, model in ((1, "A"), (2, "B"), (3, "A")):
        policy = GroupingPolicy(site="S-1", by=("model",), wait=HOUR)
        desk.change("opened", 0.0, replace(printer(number), model=model), grouping=policy)
    groups = {event.device.key: event.evidence["group"]["id"] for event in desk.wait(HOUR)}
    assert groups["sn:001"] == groups["sn:003"] != groups["sn:002"]


def test_too_many_tickets_of_a_day_are_one_storm_that_lists_them(desk: Desk) -> None:
    events = [event for n in range(1, 201) for event in desk.opened(60.0 * n, n, most_a_day=5)]
    alone = [event for event in events if event.component != "storm"]
    storms = [event for event in events if event.component == "storm"]
    assert len(alone) == 5
    assert [event.event for event in storms] == ["open", "update", "update", "update"]
    assert {event.ticket_id for event in storms} == {storms[0].ticket_id}
    (last,) = desk.wait(5 * HOUR)
    assert last.evidence["count"] == 195
    assert {item["device"] for item in last.evidence["items"]} == {f"sn:{n:03}" for n in range(6, 201)}


def test_each_rule_has_a_storm_of_its_own_with_its_own_fault(desk: Desk) -> None:
    few = GroupingPolicy(site="S-1", most_a_day=1)
    jams = {"fault": "feed.jams", "impact": Impact.DEGRADED, "rule": "jams", "grouping": few}
    events = [
        event
        for number in range(3)
        for event in (
            *desk.change("opened", HOUR, printer(number), grouping=few),
            *desk.change("opened", HOUR, printer(number), **jams),
        )
    ]
    events += desk.wait(3 * HOUR)
    storms = {(event.rule, event.fault, event.impact) for event in events if event.component == "storm"}
    assert storms == {("low", "supply.low", Impact.SUPPLY), ("jams", "feed.jams", Impact.DEGRADED)}


def test_the_events_of_a_list_are_numbered_without_a_gap(desk: Desk) -> None:
    events = [event for number in range(4) for event in desk.opened(number * HOUR, number, most_a_day=1)]
    events += desk.wait(9 * HOUR)
    numbers = [event.ticket_seq for event in events if event.component == "storm"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 1


@pytest.mark.parametrize(("printers", "named"), [(60, 60), (900, 900), (1500, None)])
def test_a_list_fits_into_one_message_however_long_it_is(
    desk: Desk, printers: int, named: int | None
) -> None:
    title = (
        "Toner of a printer with a name as long as a model, a serial number and a maker make it is low " * 2
    )
    for number in range(printers):
        desk.change(
            "opened", 0.0, printer(number, vendor="Maker"), title=title, grouping=GroupingPolicy(digest=True)
        )
    (digest,) = desk.wait(DAY)
    told = [item["device"] for item in digest.evidence["items"]] + list(digest.evidence.get("also", ()))
    assert len(json.dumps(digest.evidence)) < MAX_EVENT_BYTES - 4096
    assert digest.evidence["count"] == printers
    assert len(set(told)) == len(told) >= min(printers, 900)
    assert named is None or set(told) == {f"sn:{number:03}" for number in range(printers)}


def test_a_storm_is_cleared_when_the_last_of_it_is_over(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.opened(0.0, number, most_a_day=1)
    desk.wait(HOUR)
    assert said(desk.resolved(2 * HOUR, 2) + desk.wait(3 * HOUR)) == ["update site:S-1"]
    assert said(desk.resolved(4 * HOUR, 3) + desk.wait(5 * HOUR)) == ["clear site:S-1"]
    assert said(desk.resolved(6 * HOUR, 1)) == ["clear sn:001"]


def test_a_ticket_that_comes_back_is_no_new_one_and_no_storm(desk: Desk) -> None:
    desk.opened(0.0, 1, most_a_day=1)
    desk.resolved(HOUR, 1)
    assert said(desk.opened(2 * HOUR, 1, most_a_day=1)) == ["reopen sn:001"]


def test_the_next_day_has_room_again(desk: Desk) -> None:
    desk.opened(0.0, 1, most_a_day=1)
    assert said(desk.opened(DAY + 1, 2, most_a_day=1)) == ["open sn:002"]


def test_sixty_old_conditions_are_one_digest(desk: Desk) -> None:
    for number in range(1, 61):
        assert desk.opened(number * 60.0, number, digest=True) == []
    (digest,) = desk.wait(DAY + 60)
    assert (digest.event, digest.device.key, digest.evidence["count"]) == ("open", "site:S-1", 60)
    assert digest.title == "60 things found when monitoring began"
    assert desk.ask(lifecycle.load_open_tickets) == []
    assert desk.wait(9 * DAY) == []


def test_what_was_put_right_before_the_digest_is_not_in_it(desk: Desk) -> None:
    desk.opened(0.0, 1, digest=True)
    desk.opened(0.0, 2, digest=True)
    desk.resolved(HOUR, 1)
    (digest,) = desk.wait(DAY)
    assert [item["device"] for item in digest.evidence["items"]] == ["sn:002"]


def test_a_digest_of_nothing_is_not_sent(desk: Desk) -> None:
    desk.opened(0.0, 1, digest=True)
    desk.resolved(HOUR, 1)
    assert desk.wait(9 * DAY) == []


def test_what_rolls_back_was_never_listed(desk: Desk, make_change: Callable[..., Change]) -> None:
    made = make_change("opened", "low", 0.0, grouping=GroupingPolicy(digest=True))
    with pytest.raises(RuntimeError):
        desk.ask(lambda tx: (grouping.apply_changes(tx, [made]), _fail()))
    assert desk.wait(9 * DAY) == []


def _fail() -> None:
    raise RuntimeError
