"""Texts longer than the contract allows are shortened when they are sent, and new words go only where they are known."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.model import Address, Device, Impact, TicketEvent
from agent.core.store import Store
from agent.reporting import journal
from agent.reporting.sender import Sender
from agent.reporting.text_limits import fit_texts, shorten_text
from uplink.events.ticket import Ticket
from uplink.outbox import outbox, queries
from uplink.provider.capabilities import ALL_CAPABILITIES, Capabilities

DEVICE = Device(key="sn:1", address=Address("192.0.2.1"), vendor="Maker", model="M", serial="1")
EVENT = TicketEvent(
    ticket_id="T1", ticket_seq=1, event="open", dedupe_key="S|sn:1|f|c", at=1.0, opened_at=1.0, device=DEVICE,
    fault="fuser.failure", component="fuser:1", impact=Impact.DEGRADED, severity="high", rule="r", title="Fuser",
)  # fmt: skip


def sent(path: Path, event: TicketEvent, takes: Capabilities = ALL_CAPABILITIES) -> list[dict[str, object]]:
    """The payloads that the sender queues."""
    store = Store(path / "agent.db", {"outbox": outbox.SCHEMA, "egress": journal.SCHEMA})
    try:
        with store.transaction() as tx:
            Sender(site_id="S", load_capabilities=lambda _: takes).queue_ticket(tx, event)
            return [dict(entry.data) for entry in [*queries.list_pending(tx), *queries.list_dead(tx)]]
    finally:
        store.close()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x" * 2100}, {"component": "y" * 5000}, {"fault": "f" * 300}, {"severity": "s" * 257},
        {"dedupe_key": "k" * 1500}, {"rule": "r" * 999}, {"device": replace(DEVICE, location="ß" * 9000)},
        {"device": replace(DEVICE, model="m" * 70_000)}, {"related": ("T" * 300, "T" * 301)},
        {"evidence": {"display": "d" * 100_000, "rows": ["e" * 30_000] * 3}}, {"title": "\N{PILE OF POO}" * 2001},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_long_text_is_shortened_with_a_mark_and_the_ticket_fits_the_contract(
    tmp_path: Path, change: dict[str, object]
) -> None:
    (told,) = sent(tmp_path, replace(EVENT, **change))  # type: ignore[arg-type]
    Ticket.model_validate(told)
    assert "…" in json.dumps(told, ensure_ascii=False)
    assert len(json.dumps(told).encode()) < outbox.MAX_EVENT_BYTES


def test_a_text_that_fits_is_sent_as_it_is(tmp_path: Path) -> None:
    (told,) = sent(tmp_path, replace(EVENT, title="x" * 2000))
    assert told["fault"]["title"] == "x" * 2000  # type: ignore[index]


def test_two_long_keys_stay_two() -> None:
    one, other = (shorten_text("k" * 300 + end, 256) for end in "ab")
    assert one != other
    assert len(one) == len(other) == 256


def test_other_mistakes_stay_for_the_receiver_to_name() -> None:
    assert fit_texts({"ticket_id": 7}, Ticket) == {"ticket_id": 7}


@pytest.mark.parametrize(
    ("step", "takes", "words"),
    [
        ("verified", Capabilities(), []),
        ("verified", Capabilities(ticket_events=frozenset({"verified"})), ["verified"]),
        ("cancel", Capabilities(), ["clear"]),
        ("cancel", Capabilities(ticket_events=frozenset({"cancel"})), ["cancel"]),
        ("clear", Capabilities(ticket_events=frozenset()), ["clear"]),
        ("verified", ALL_CAPABILITIES, ["verified"]),
    ],
)
def test_a_step_that_a_receiver_does_not_name_is_not_sent_to_it(
    tmp_path: Path, step: str, takes: Capabilities, words: list[str]
) -> None:
    told = sent(tmp_path, replace(EVENT, event=step, evidence={"withdrawn": "the printer is gone"}), takes)
    assert [one["event"] for one in told] == words
    if words == ["clear"] and step == "cancel":
        assert told[0]["evidence"] == {"withdrawn": "the printer is gone", "cancelled": True}
