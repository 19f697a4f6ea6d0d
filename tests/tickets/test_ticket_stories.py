"""Tickets as stories: what rules report hour by hour, and what the provider is told.

+R  rule R opens          R, S  critical, device down
-R  rule R resolves       w     a weaker rule: high, degraded
!   the agent restarts    n     a notice: what the customer can fix
5d  five days pass
"""

import sqlite3
from typing import Any
from urllib.parse import unquote

import pytest

from agent.core.model import Address, Device, Impact
from agent.tickets import dedupe_key, lifecycle
from uplink.events.ticket import build_dedupe_key as build_wire_key

HOUR, DAY = 3600.0, 86400.0
RULES: dict[str, dict[str, Any]] = {
    "R": {},
    "S": {},
    "w": {"impact": Impact.DEGRADED, "severity": "high"},
    "n": {"impact": Impact.CUSTOMER_FIXABLE, "severity": "info"},
}

STORIES = [
    ("a fault comes and goes", "+R -R", ["open t1 #1 critical by R", "clear t1 #2 critical by R"]),
    ("an opening told twice is told once", "+R +R", ["open t1 #1 critical by R"]),
    ("an opening told twice does not lose its place", "+R +S +R", ["open t1 #1 critical by R"]),
    ("an ending of nothing is nothing", "-R", []),
    (
        "an ending told twice is told once",
        "+R -R -R",
        ["open t1 #1 critical by R", "clear t1 #2 critical by R"],
    ),
    ("a second rule joins the same ticket in silence", "+R +S", ["open t1 #1 critical by R"]),
    (
        "the ticket stays until the last rule has resolved",
        "+R +w -w -R",
        ["open t1 #1 critical by R", "clear t1 #2 critical by R"],
    ),
    (
        "a graver rule makes the ticket graver",
        "+w +R",
        ["open t1 #1 high by w", "update t1 #2 critical by R"],
    ),
    (
        "when the graver rule has resolved the weaker one speaks again",
        "+w +R -R -w",
        [
            "open t1 #1 high by w",
            "update t1 #2 critical by R",
            "update t1 #3 high by w",
            "clear t1 #4 high by w",
        ],
    ),
    (
        "handed from one rule to another it is the same ticket",
        "+R +S -R -S",
        ["open t1 #1 critical by R", "update t1 #2 critical by S", "clear t1 #3 critical by S"],
    ),
    (
        "back within two days it was not fixed",
        "+R -R 1d +R -R",
        [
            "open t1 #1 critical by R",
            "clear t1 #2 critical by R",
            "reopen t1 #3 critical by R",
            "clear t1 #4 critical by R",
        ],
    ),
    (
        "back after five days it is a new one",
        "+R -R 5d +R",
        ["open t1 #1 critical by R", "clear t1 #2 critical by R", "open t2 #1 critical by R"],
    ),
    (
        "another rule may bring it back",
        "+R -R 1d +w",
        ["open t1 #1 critical by R", "clear t1 #2 critical by R", "reopen t1 #3 high by w"],
    ),
    (
        "a restart in the middle changes nothing",
        "! +w ! +R ! -R ! -w ! 5d ! +w !",
        [
            "open t1 #1 high by w",
            "update t1 #2 critical by R",
            "update t1 #3 high by w",
            "clear t1 #4 high by w",
            "open t2 #1 high by w",
        ],
    ),
    ("a notice is nothing for the desk", "+n -n 5d +n", []),
    (
        "a notice beside a ticket leaves it alone",
        "+n +R -n -R",
        ["open t2 #1 critical by R", "clear t2 #2 critical by R"],
    ),
]


def play(desk: Any, make_change: Any, story: str) -> list[str]:
    told: list[str] = []
    now = 0.0
    for word in story.split():
        now += HOUR
        if word == "!":
            desk.restart()
        elif word.endswith("d"):
            now += int(word[:-1]) * DAY
        else:
            kind = "opened" if word[0] == "+" else "resolved"
            told += desk.apply(make_change(kind, word[1], now, **RULES[word[1]]))
    return told


@pytest.mark.parametrize(("name", "story", "told"), STORIES, ids=[story[0] for story in STORIES])
def test_story(desk: Any, make_change: Any, name: str, story: str, told: list[str]) -> None:
    assert play(desk, make_change, story) == told


def test_every_episode_has_the_key_of_the_fault_without_a_counter(desk: Any, make_change: Any) -> None:
    play(desk, make_change, "+R -R 5d +R")
    (ticket,) = desk.ask(lifecycle.load_open_tickets)
    (cleared,) = desk.ask(lambda db: lifecycle.load_cleared_tickets(db, since=0.0))
    assert ticket.id != cleared.id
    assert ticket.dedupe_key == cleared.dedupe_key == "|sn:A1|fuser.failure|fuser:1"


@pytest.mark.parametrize(
    "parts", [("S|1", "sn:A|1", "f", ""), ("S", "1|sn:A%7C1", "f", ""), ("S%7C1", "sn:A|1", "f", "")]
)
def test_the_parts_of_a_key_cannot_run_into_each_other(parts: tuple[str, str, str, str]) -> None:
    key = dedupe_key.build_dedupe_key(*parts)
    assert key == build_wire_key(*parts), "the agent and the contract build it alike"
    assert [unquote(part) for part in key.split("|")] == list(parts)


def test_a_reopened_ticket_keeps_its_beginning_and_its_episode(desk: Any, make_change: Any) -> None:
    play(desk, make_change, "+R -R 1d +R")
    (ticket,) = desk.ask(lifecycle.load_open_tickets)
    assert (ticket.opened_at, ticket.episode, ticket.cleared_at) == (HOUR, 1, None)


def test_other_faults_components_and_printers_have_tickets_of_their_own(desk: Any, make_change: Any) -> None:
    other = Device(key="sn:B2", address=make_change("opened", "R", 0.0).device.address)
    told = desk.apply(
        make_change("opened", "R", 0.0),
        make_change("opened", "R", 0.0, component="fuser:2"),
        make_change("opened", "R", 0.0, fault="feed.jams"),
        make_change("opened", "R", 0.0, device=other),
    )
    assert [event.split()[1] for event in told] == ["t1", "t2", "t3", "t4"]


def test_two_subjects_of_one_rule_hold_the_ticket_together(desk: Any, make_change: Any) -> None:
    told = desk.apply(
        make_change("opened", "R", 0.0, subject="1002 marker 1"),
        make_change("opened", "R", 0.0, subject="1003 marker 1"),
        make_change("resolved", "R", 1.0, subject="1002 marker 1"),
    )
    assert told == ["open t1 #1 critical by R"]
    last = make_change("resolved", "R", 2.0, subject="1003 marker 1")
    assert desk.apply(last) == ["clear t1 #2 critical by R"]


def test_notices_are_kept_for_the_site(desk: Any, make_change: Any) -> None:
    play(desk, make_change, "+n")
    assert desk.ask(lifecycle.load_open_tickets) == []
    (notice,) = desk.ask(lambda db: lifecycle.load_open_tickets(db, kind=lifecycle.NOTICE))
    assert (notice.impact, notice.device_name) == (Impact.CUSTOMER_FIXABLE, "HP E786 (A1)")


def test_the_database_itself_refuses_a_second_open_ticket(desk: Any, make_change: Any) -> None:
    play(desk, make_change, "+R")
    double = (
        "INSERT INTO ticket SELECT 'x', kind, device, device_name, fault, component, episode + 1, seq, "
        "opened_at, cleared_at, impact, severity, rule, title, dedupe_key, cancelled, verified FROM ticket"
    )
    with pytest.raises(sqlite3.IntegrityError):
        desk.ask(lambda tx: tx.execute(double))


def test_what_rolls_back_never_happened(desk: Any, make_change: Any) -> None:
    def fail(tx: sqlite3.Connection) -> None:
        lifecycle.apply_changes(tx, [make_change("opened", "R", 0.0)])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        desk.ask(fail)
    assert desk.ask(lifecycle.load_open_tickets) == []
    assert desk.apply(make_change("opened", "R", 1.0)) == ["open t1 #1 critical by R"]


def test_ids_made_later_sort_later() -> None:
    ids = [lifecycle.new_ticket_id() for _ in range(50)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


def test_a_ticket_names_the_others_of_the_same_printer_that_are_open(desk: Any, make_change: Any) -> None:
    desk.apply(make_change("opened", "fuser", HOUR))
    desk.apply(
        make_change("opened", "other printer", HOUR, device=Device(key="sn:B2", address=Address("192.0.2.2")))
    )
    desk.apply(make_change("opened", "gone again", HOUR, fault="feed.jams", component="tray:2"))
    desk.apply(make_change("resolved", "gone again", 2 * HOUR, fault="feed.jams", component="tray:2"))
    desk.apply(make_change("opened", "cover", HOUR, fault="cover.open", impact=Impact.CUSTOMER_FIXABLE))
    (event,) = desk.events(
        make_change("opened", "toner", 3 * HOUR, fault="supply.low", component="toner:black")
    )
    assert event.related == ("t1",)


def test_a_ticket_says_how_often_this_part_had_this_fault_in_90_days(desk: Any, make_change: Any) -> None:
    earlier = []
    for day in (0, 20, 100):
        earlier += desk.events(make_change("opened", "R", day * DAY + HOUR))
        desk.apply(make_change("resolved", "R", day * DAY + 2 * HOUR))
    desk.apply(make_change("opened", "w", 101 * DAY, component="fuser:2"))
    assert [event.earlier for event in earlier] == [0, 1, 1]


def test_an_opening_says_since_when_it_was_seen(desk: Any, make_change: Any) -> None:
    (opened,) = desk.events(make_change("opened", "R", HOUR, since=HOUR - 600))
    (cleared,) = desk.events(make_change("resolved", "R", 2 * HOUR))
    assert (opened.since, cleared.since) == (HOUR - 600, None)


def test_a_ticket_is_stated_anew_as_it_stands(desk: Any, make_change: Any) -> None:
    desk.apply(make_change("opened", "R", HOUR))
    device = Device(key="sn:A1", address=Address("192.0.2.1"))
    (standing,) = desk.ask(lifecycle.load_open_tickets)
    told = desk.ask(lambda db: lifecycle.current_state_event(db, standing.id, device, 2 * HOUR))
    assert (told.event, told.ticket_seq, told.dedupe_key) == ("open", 1, standing.dedupe_key)
    desk.apply(make_change("resolved", "R", 3 * HOUR))
    told = desk.ask(lambda db: lifecycle.current_state_event(db, standing.id, device, 4 * HOUR))
    assert (told.event, told.ticket_seq, told.at) == ("clear", 2, 4 * HOUR)
    assert desk.ask(lambda db: lifecycle.current_state_event(db, "nobody's", device, HOUR)) is None
    assert desk.ask(lambda db: lifecycle.current_state_event(db, standing.id, None, HOUR)) is None
