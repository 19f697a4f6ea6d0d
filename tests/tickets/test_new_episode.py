"""What happened to the thing itself ends an episode: a replaced cartridge that is low again is another order."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.model import Address, Change, ChangeKind, Device, Impact
from agent.tickets import lifecycle

HOUR = 3600.0


def change(kind: ChangeKind, at: float, **different: Any) -> Change:
    usual = Change(
        kind=kind, at=at, device=Device(key="sn:A", address=Address("192.0.2.1")), rule="low", subject="1.1 toner black",
        fault="supply.low", component="toner:black", impact=Impact.SUPPLY, severity="normal", title="low", since=at,
    )  # fmt: skip
    return replace(usual, **different)


@pytest.mark.parametrize(
    ("renewed", "events"),
    [
        (None, ["open #1", "clear #1", "reopen #1"]),
        (20 * HOUR, ["open #1", "clear #1", "verified #1", "open #2"]),
        (-5 * HOUR, ["open #1", "clear #1", "reopen #1"]),  # replaced before the first order
    ],
)
def test_a_cartridge_low_again_after_its_swap_is_a_new_order(
    desk: Any, renewed: float | None, events: list[str]
) -> None:
    story = [
        change(ChangeKind.OPENED, 0.0),
        change(ChangeKind.RESOLVED, 20 * HOUR),
        change(ChangeKind.OPENED, 30 * HOUR, renewed=renewed),
    ]
    sent = desk.events(*story)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(it.ticket_id for it in sent), 1)}
    assert [f"{it.event} #{numbers[it.ticket_id]}" for it in sent] == events


def test_a_swap_ends_the_ticket_at_once_with_its_evidence(desk: Any) -> None:
    sent = desk.events(
        change(ChangeKind.OPENED, 0.0),
        change(ChangeKind.RESOLVED, 20 * HOUR, renewed=19 * HOUR),
        change(ChangeKind.RESOLVED, 21 * HOUR, renewed=19 * HOUR),
        change(ChangeKind.OPENED, 30 * HOUR, renewed=19 * HOUR),
    )
    assert [(it.event, it.ticket_seq) for it in sent] == [
        ("open", 1), ("clear", 2), ("verified", 3), ("open", 1),
    ]  # fmt: skip
    assert sent[2].evidence == {"verified_by": {"what": "replaced", "at": "1970-01-01T19:00:00Z"}}
    assert len({it.dedupe_key for it in sent}) == 1, "the key is free for the next order"


def test_a_ticket_that_another_rule_still_holds_is_not_verified(desk: Any) -> None:
    sent = desk.events(
        change(ChangeKind.OPENED, 0.0),
        change(ChangeKind.OPENED, 1.0, rule="empty", severity="high"),
        change(ChangeKind.RESOLVED, 20 * HOUR, renewed=19 * HOUR),
    )
    assert "verified" not in [it.event for it in sent]


def test_the_state_of_a_verified_ticket_is_verified(desk: Any) -> None:
    story = (change(ChangeKind.OPENED, 0.0), change(ChangeKind.RESOLVED, 20 * HOUR, renewed=19 * HOUR))
    ticket = desk.events(*story)[0].ticket_id
    device = story[0].device
    told = desk.ask(lambda tx: lifecycle.current_state_event(tx, ticket, device, 30 * HOUR))
    assert (told.event, told.ticket_seq) == ("verified", 3)


def test_an_exchanged_printer_leaves_no_open_ticket(desk: Any) -> None:
    desk.events(
        change(ChangeKind.OPENED, 0.0),
        change(ChangeKind.OPENED, 0.0, fault="cover.open", impact=Impact.CUSTOMER_FIXABLE),
        change(ChangeKind.OPENED, 0.0, fault="fuser.failure"),
        change(ChangeKind.RESOLVED, HOUR, fault="fuser.failure"),
        change(ChangeKind.OPENED, 0.0, device=Device(key="sn:B", address=Address("192.0.2.2"))),
    )
    gone = Device(key="sn:A", address=Address(""))
    evidence = {"verified_by": {"what": "exchanged"}}
    sent = desk.ask(lambda tx: lifecycle.end_device_tickets(tx, gone, 2 * HOUR, evidence))
    assert sorted((it.fault, it.event, it.ticket_seq) for it in sent) == [
        ("fuser.failure", "verified", 3), ("supply.low", "clear", 2), ("supply.low", "verified", 3),
    ]  # fmt: skip
    assert all(it.evidence == evidence for it in sent)
    assert [one.device for one in desk.ask(lifecycle.load_open_tickets)] == ["sn:B"]
    assert desk.ask(lambda tx: lifecycle.end_device_tickets(tx, gone, 3 * HOUR, evidence)) == []
    (again,) = desk.events(change(ChangeKind.OPENED, 4 * HOUR))
    assert (again.event, again.ticket_seq) == ("open", 1)
