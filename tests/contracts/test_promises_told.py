"""Promises are told before they are broken and when they are, once each, also with nobody to ask for a month."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent import app
from agent.contracts.contract_book import ContractBook
from agent.contracts.ticket_terms import ContractTerms
from agent.core.model import Address, Change, ChangeKind, Device, Identity, Impact
from agent.core.store import Store
from agent.discovery import binding
from agent.reporting import maintenance, promise_watch
from agent.reporting.sender import Sender
from agent.tickets import lifecycle, timeline
from agent.tickets.feedback import feedback_store
from uplink.provider.capabilities import ALL_CAPABILITIES

OPENED = datetime.fromisoformat("2026-11-20T15:40:00-06:00").timestamp()  # Friday; the calendar ends at 17:00
HOUR = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = maintenance.open_store(tmp_path / "state" / "printwarden.db", app.MIGRATIONS)
    yield opened
    opened.close()


def moments_of(store: Store, ticket: str) -> list[timeline.TicketMoment]:
    with store.transaction() as tx:
        return timeline.load_moments(tx, ticket)


def make_sender(book: ContractBook, *, feedback: bool = True) -> Sender:
    takes = replace(ALL_CAPABILITIES, feedback=feedback)
    terms = ContractTerms(book=book, site_id="S-04")
    return Sender(site_id="S-04", load_capabilities=lambda _: takes, load_terms=lambda: terms)


def open_ticket(store: Store) -> tuple[Device, str]:
    """A fuser has failed on a printer of K-2201-A: response 4 h, resolution 8 h, down 48 h at most."""
    identity = Identity(vendor="HP", model="Color LaserJet MFP E78630", serial="PHBLL12345", is_printer=True)
    with store.transaction() as tx:
        device = binding.bind_identity(tx, identity, Address("192.0.2.1"), now=1.0).device
        change = Change(
            kind=ChangeKind.OPENED, at=OPENED, device=device, rule="fuser-failure", subject="", since=OPENED - 600,
            fault="fuser.failure", component="", impact=Impact.DEVICE_DOWN, severity="critical", title="Fuser",
        )  # fmt: skip
        (event,) = lifecycle.apply_changes(tx, [change])
    return device, event.ticket_id


def watch(store: Store, sender: Sender, *times: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Look at these times; return what was told: (time, [(promise, state)])."""
    told = []
    for text in times:
        with store.transaction() as tx:
            last = tx.execute("SELECT coalesce(max(seq), 0) AS n FROM outbox_event").fetchone()["n"]
            promise_watch.announce_promises(tx, sender, datetime.fromisoformat(text).timestamp())
            for row in tx.execute("SELECT data FROM outbox_event WHERE seq > ?", (last,)):
                data: dict[str, Any] = json.loads(row["data"])
                assert data["event"] == "update"
                told.append((text, [(one["promise"], one["state"]) for one in data["evidence"]["promises"]]))
    return told


def test_each_promise_is_told_as_at_risk_and_as_broken_once(store: Store, dealer: ContractBook) -> None:
    open_ticket(store)
    own_only = replace(dealer, organisations={"own": dealer.organisations["own"]})
    told = watch(
        store,
        make_sender(own_only),
        "2026-11-20T16:00:00-06:00",
        "2026-11-23T09:39:00-06:00",
        "2026-11-23T09:41:00-06:00",  # 3 of 4 hours
        "2026-11-23T09:42:00-06:00",
        "2026-11-23T10:41:00-06:00",
        "2026-11-23T14:41:00-06:00",
        "2026-11-23T14:42:00-06:00",
    )
    assert told == [
        ("2026-11-23T09:41:00-06:00", [("response", "at_risk")]),
        ("2026-11-23T10:41:00-06:00", [("response", "breached")]),
        ("2026-11-23T14:41:00-06:00", [("resolution", "breached")]),
    ], "resolution: at risk is no news once it is broken between two looks"


def test_after_a_month_without_looking_each_is_told_as_broken_alone(
    store: Store, dealer: ContractBook
) -> None:
    _, ticket = open_ticket(store)
    own_only = replace(dealer, organisations={"own": dealer.organisations["own"]})
    ((_, states),) = watch(store, make_sender(own_only), "2026-12-20T09:00:00-06:00")
    assert states == [
        (name, "breached") for name in ("response", "resolution", "max_downtime", "loaner_after")
    ]
    assert watch(store, make_sender(own_only), "2026-12-21T09:00:00-06:00") == []
    with store.transaction() as tx:
        found = lifecycle.load_ticket(tx, ticket)
    assert found is not None
    assert found.seq == 2


def say(store: Store, ticket: str, now: str, **words: Any) -> None:
    said = {"ticket_id": ticket, **words}
    with store.transaction() as tx:
        feedback_store.save_feedback(tx, [said], datetime.fromisoformat(now).timestamp())


def test_an_acknowledgement_that_can_come_back_is_waited_for(store: Store, dealer: ContractBook) -> None:
    _, ticket = open_ticket(store)
    acme = replace(dealer, organisations={"SO-ACME": dealer.organisations["SO-ACME"]})
    late, later = "2026-11-20T16:11:00-06:00", "2026-11-20T16:12:00-06:00"
    assert watch(store, make_sender(acme, feedback=False), late) == [], "by mail nobody could send it back"
    assert watch(store, make_sender(acme), late, later) == [(late, [("acknowledge", "breached")])]
    say(store, ticket, later, status="acknowledged")
    assert watch(store, make_sender(acme), "2026-11-20T16:13:00-06:00") == []


def test_one_that_came_in_time_is_not(store: Store, dealer: ContractBook) -> None:
    _, ticket = open_ticket(store)
    acme = replace(dealer, organisations={"SO-ACME": dealer.organisations["SO-ACME"]})
    say(store, ticket, "2026-11-20T15:50:00-06:00", status="acknowledged")
    assert watch(store, make_sender(acme), "2026-11-20T16:30:00-06:00") == []


def test_who_was_there_in_time_kept_the_response_and_a_pause_moves_the_resolution(
    store: Store, dealer: ContractBook
) -> None:
    _, ticket = open_ticket(store)
    own_only = replace(dealer, organisations={"own": dealer.organisations["own"]})
    say(store, ticket, "2026-11-23T08:30:00-06:00", status="assigned", arrived_at="2026-11-23T14:20:00Z")
    say(store, ticket, "2026-11-23T09:00:00-06:00", status="on_hold")
    say(store, ticket, "2026-11-23T12:00:00-06:00", status="assigned")
    told = watch(
        store,
        make_sender(own_only),
        "2026-11-23T11:00:00-06:00",
        "2026-11-23T14:41:00-06:00",  # it would be due now
        "2026-11-23T15:41:00-06:00",  # a quarter is left
        "2026-11-24T08:41:00-06:00",  # three hours later than without the pause
    )
    assert told == [
        ("2026-11-23T15:41:00-06:00", [("resolution", "at_risk")]),
        ("2026-11-24T08:41:00-06:00", [("resolution", "breached")]),
    ]
    moments = moments_of(store, ticket)
    assert [one.what for one in moments] == [
        "arrived",
        "acknowledged",
        "paused:waiting_for_customer",
        "resumed",
    ]
    assert {one.source for one in moments} == {"feedback"}


def test_a_pause_that_the_contract_does_not_know_stops_no_clock(store: Store, dealer: ContractBook) -> None:
    _, ticket = open_ticket(store)
    own_only = replace(dealer, organisations={"own": dealer.organisations["own"]})
    say(store, ticket, "2026-11-23T08:00:00-06:00", status="on_hold", hold_for_parts=True)
    told = watch(store, make_sender(own_only), "2026-11-23T10:41:00-06:00")
    assert told == [("2026-11-23T10:41:00-06:00", [("response", "breached")])]
    assert [one.what for one in moments_of(store, ticket)] == ["paused:waiting_for_parts"]


def test_the_desk_may_say_why_it_waits(store: Store) -> None:
    _, ticket = open_ticket(store)
    say(store, ticket, "2026-11-23T08:00:00-06:00", status="on_hold", hold_reason="no_access")
    say(store, ticket, "2026-11-23T08:30:00-06:00", status="on_hold", hold_reason="nonsense")
    assert [one.what for one in moments_of(store, ticket)] == ["paused:no_access"]


WORDS = [
    {"at": "2099-01-01T00:00:00Z"},
    {"at": "1901-01-01T00:00:00Z"},
    {"arrived_at": "9999-99-99"},
    {"arrived_at": 7},
    {"at": "0001-01-01T00:00:00+23:59"},
]


@pytest.mark.parametrize("words", WORDS)
def test_times_that_cannot_be_are_not_believed(store: Store, words: dict[str, Any]) -> None:
    _, ticket = open_ticket(store)
    say(store, ticket, "2026-11-23T09:00:00-06:00", status="acknowledged", **words)
    now = datetime.fromisoformat("2026-11-23T09:00:00-06:00").timestamp()
    found = [(one.what, one.at) for one in moments_of(store, ticket)]
    assert found == [("acknowledged", now)]


def test_a_desk_that_never_ends_is_bounded(store: Store) -> None:
    _, ticket = open_ticket(store)
    with store.transaction() as tx:
        for number in range(1000):
            said = {"ticket_id": ticket, "status": "on_hold" if number % 2 else "assigned"}
            feedback_store.save_feedback(tx, [said], OPENED + number)
    assert len(moments_of(store, ticket)) == timeline.MAX_MOMENTS


def test_what_is_fixed_is_told_no_more(store: Store, dealer: ContractBook) -> None:
    device, _ = open_ticket(store)
    with store.transaction() as tx:
        change = Change(
            kind=ChangeKind.RESOLVED, at=OPENED + HOUR, device=device, rule="fuser-failure", subject="",
            since=OPENED, fault="fuser.failure", component="", impact=Impact.DEVICE_DOWN, severity="critical",
            title="Fuser",
        )  # fmt: skip
        lifecycle.apply_changes(tx, [change])
    assert watch(store, make_sender(dealer), "2026-12-20T09:00:00-06:00") == []
