"""What the desk says is kept with our tickets, and counted by rule."""

import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from agent import cli
from agent.core.model import Address, Change, ChangeKind, Device, Impact
from agent.core.store import Store
from agent.tickets import approvals, grouping, lifecycle, timeline
from agent.tickets.feedback import feedback_store
from agent.tickets.feedback.status import TicketFeedback
from uplink.outbox import outbox

TABLES = {
    "tickets": lifecycle.SCHEMA,
    "grouping": grouping.SCHEMA,
    "feedback": feedback_store.SCHEMA,
    "timeline": timeline.SCHEMA,
    "approvals": approvals.SCHEMA,
    "outbox": outbox.SCHEMA,
}
RULES = ["fuser-down", "feed-jams", "supply-low"]


def change(number, rule):
    return Change(
        kind=ChangeKind.OPENED, at=float(number), device=Device(key=f"sn:{number}", address=Address("10.0.0.1")),
        rule=rule, subject="", fault="fuser.failure", component="fuser:1", impact=Impact.DEVICE_DOWN,
        severity="high", title="It is broken", since=0.0,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "state" / "printwarden.db", TABLES)) as opened:
        yield opened


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[storage]\nfolder = "state"\n')
    return ["--config", str(file)]


def opened(tx, rule, number=1):
    (event,) = lifecycle.apply_changes(tx, [change(number, rule)])
    return event


def run(*words):
    done = CliRunner().invoke(cli.build_cli(), list(words))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_a_word_is_kept_with_its_ticket(store):
    with store.transaction() as tx:
        ticket = opened(tx, "fuser-down").ticket_id
        assert feedback_store.load_feedback(tx, ticket) is None
        heard = feedback_store.save_feedback(tx, [{"ticket_id": ticket, "provider_ticket_no": "T-1", "status": "closed",
                                "parts_used": [{"part_no": "F-1", "qty": 1}]}], 5.0)  # fmt: skip
        assert (heard.taken, heard.unknown) == (1, ())
        assert feedback_store.load_feedback(tx, ticket) == TicketFeedback(
            provider_ticket_no="T-1", status="closed", parts_used=(("F-1", 1),)
        )


def test_words_on_strange_tickets_fill_no_disk(store):
    with store.transaction() as tx:
        heard = feedback_store.save_feedback(
            tx, [{"ticket_id": f"strange-{n}", "status": "closed"} for n in range(100)], 5.0
        )
        assert (heard.taken, len(heard.unknown)) == (0, 100)
        assert tx.execute("SELECT count(*) FROM ticket_feedback").fetchone()[0] == 0


def test_the_same_episode_under_another_name_is_found_by_its_dedupe_key(store):
    with store.transaction() as tx:
        event = opened(tx, "fuser-down")
        feedback_store.save_feedback(
            tx, [{"ticket_id": "OTHER", "dedupe_key": event.dedupe_key, "status": "assigned"}], 5.0
        )
        assert feedback_store.load_feedback(tx, event.ticket_id) == TicketFeedback(status="assigned")
        for key in ("", "a|b|c", "sn:1|fuser.failure|fuser:1|e1", "|sn:2|fuser.failure|fuser:1", "|||"):
            assert (
                feedback_store.save_feedback(tx, [{"ticket_id": "OTHER", "dedupe_key": key}], 6.0).taken == 0
            ), key


def test_hearing_everything_again_changes_no_count(store):
    with store.transaction() as tx:
        words = []
        for number in range(30):
            ticket = opened(tx, RULES[number % 3], number).ticket_id
            outcome = ("confirmed", "no_fault_found")[number % 5 == 0]
            words += [{"ticket_id": ticket, "status": "acknowledged"},
                      {"ticket_id": ticket, "status": "closed", "outcome": outcome}]  # fmt: skip
        feedback_store.save_feedback(tx, words, 1.0)
        once = feedback_store.load_precisions(tx)
        feedback_store.save_feedback(tx, words, 2.0)
        feedback_store.save_feedback(tx, words[:7], 3.0)  # as after a crash in the middle
        feedback_store.save_feedback(tx, words, 4.0)
        assert feedback_store.load_precisions(tx) == once
        assert [(one.rule, one.judged, one.confirmed) for one in once] == [
            ("feed-jams", 10, 8), ("fuser-down", 10, 8), ("supply-low", 10, 8),
        ]  # fmt: skip
        assert [one.rule for one in feedback_store.load_precisions(tx, "feed-jams")] == ["feed-jams"]


def test_a_ticket_that_is_open_again_at_the_desk_is_not_counted(store):
    with store.transaction() as tx:
        ticket = opened(tx, "fuser-down").ticket_id
        feedback_store.save_feedback(
            tx, [{"ticket_id": ticket, "status": "closed", "outcome": "confirmed", "callback_of": "T0"}], 1.0
        )
        assert [(one.judged, one.callbacks) for one in feedback_store.load_precisions(tx)] == [(1, 1)]
        feedback_store.save_feedback(tx, [{"ticket_id": ticket, "status": "reopened"}], 2.0)
        assert feedback_store.load_precisions(tx) == []


def test_what_is_remembered_is_counted_anew_once_the_desk_has_spoken(store):
    remembered = feedback_store.PrecisionCache()
    with store.transaction() as tx:
        assert (remembered(tx, None), remembered(tx, "fuser-down")) == ([], [])
        for number, at in ((1, 5.0), (2, 6.0), (3, 1.0)):  # also with a clock that was set back
            ticket = opened(tx, "fuser-down", number).ticket_id
            feedback_store.save_feedback(
                tx, [{"ticket_id": ticket, "status": "closed", "outcome": "confirmed"}], at
            )
            assert [one.confirmed for one in remembered(tx, None)] == [number]
            assert remembered(tx, "fuser-down") == feedback_store.load_precisions(tx, "fuser-down")
        counted = []
        tx.set_trace_callback(counted.append)
        for _ in range(100):
            remembered(tx, "fuser-down")
        tx.set_trace_callback(None)
        assert not [query for query in counted if "JOIN ticket" in query]


def test_the_commands_show_it(store, config):
    with store.transaction() as tx:
        ticket = opened(tx, "fuser-down").ticket_id
        feedback_store.save_feedback(tx, [{"ticket_id": ticket, "provider_ticket_no": "T-88123", "status": "closed",
                        "outcome": "confirmed"}], 1.0)  # fmt: skip
    assert "T-88123, closed: confirmed" in run("tickets", *config)
    (row,) = json.loads(run("tickets", "--json", *config))
    assert row["desk"]["provider_ticket_no"] == "T-88123"
    shown = run("rules", "precision", *config)
    assert "100%" in shown
    assert "n < 20: too few to judge by" in shown
    (rule,) = json.loads(run("rules", "precision", "--json", *config))
    assert (rule["rule"], rule["confirmed"], rule["precision"], rule["enough"]) == (
        "fuser-down",
        1,
        1.0,
        False,
    )
    assert rule["interval"] == pytest.approx([0.2065, 1.0], abs=1e-4)
