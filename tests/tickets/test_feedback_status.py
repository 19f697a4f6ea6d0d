"""What the desk says adds up to how a ticket stands there."""

from dataclasses import asdict

import pytest

from agent.tickets.feedback.status import TicketFeedback
from uplink.events.feedback import Feedback

STORIES = [
    ("nothing said", [], {}),
    ("an acknowledgement", [{"provider_ticket_no": "T-1", "status": "acknowledged"}],
     {"provider_ticket_no": "T-1", "status": "acknowledged"}),
    ("what is left out stays", [{"provider_ticket_no": "T-1"}, {"status": "assigned", "service_org": "ACME"}],
     {"provider_ticket_no": "T-1", "status": "assigned", "service_org": "ACME"}),
    ("it goes to somebody else", [{"service_org": "ACME"}, {"service_org": "own"}], {"service_org": "own"}),
    ("closed with parts", [{"status": "closed", "outcome": "confirmed", "parts_used": [{"part_no": "F-1", "qty": 2}]}],
     {"status": "closed", "outcome": "confirmed", "parts_used": (("F-1", 2),)}),
    ("reopened is not closed", [{"status": "closed", "outcome": "confirmed", "cause_code": "X"}, {"status": "reopened"}],
     {"status": "reopened"}),
    ("closed another way the second time",
     [{"status": "closed", "outcome": "confirmed"}, {"status": "reopened"}, {"status": "closed", "outcome": "no_fault_found"}],
     {"status": "closed", "outcome": "no_fault_found"}),
    ("null says nothing", [{"status": "assigned"}, {"status": None, "note": "soon"}],
     {"status": "assigned", "note": "soon"}),
    ("text is made safe to show", [{"note": "red\x1b[31m \u202eevil\nline"}], {"note": "red [31m evil line"}),
]  # fmt: skip


def told(words):
    standing = TicketFeedback()
    for said in words:
        standing = standing.with_update(said)
    return standing


@pytest.mark.parametrize(("words", "expected"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES])
def test_words_add_up(words, expected):
    assert told(words) == TicketFeedback(**expected)


@pytest.mark.parametrize("words", [row[1] for row in STORIES], ids=[row[0] for row in STORIES])
def test_all_words_heard_again_come_to_the_same(words):
    assert told([*words, *words]) == told(words)


@pytest.mark.parametrize(
    ("standing", "gist"),
    [
        (TicketFeedback(), ""),
        (TicketFeedback(provider_ticket_no="T-1"), "T-1"),
        (TicketFeedback(provider_ticket_no="T-1", status="closed", outcome="no_fault_found"), "T-1, closed: no fault found"),
        (TicketFeedback(status="assigned", service_org="ACME"), "assigned: ACME"),
        (TicketFeedback(status="on_hold"), "on hold"),
        (TicketFeedback(status="reopened", outcome=None, provider_ticket_no="T-2"), "T-2, reopened"),
    ],
)  # fmt: skip
def test_a_ticket_at_the_desk_in_a_few_words(standing, gist):
    assert standing.format_summary() == gist


def test_every_field_of_the_message_but_its_names_is_kept():
    named = {"schema_", "ticket_id", "dedupe_key"}
    assert set(Feedback.model_fields) - named == set(asdict(TicketFeedback()))
