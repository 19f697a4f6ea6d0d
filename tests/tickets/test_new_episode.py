"""What happened to the thing itself ends an episode: a replaced cartridge that is low again is another order."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.model import Address, Change, ChangeKind, Device, Impact

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
        (20 * HOUR, ["open #1", "clear #1", "open #2"]),
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
