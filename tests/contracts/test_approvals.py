"""Tickets that wait for the customer's yes: by command and by feedback, told once, the clock in between."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent import app, cli
from agent.app import Agent
from agent.core.clock import Clock
from agent.core.model import Address, Change, ChangeKind, Identity, Impact
from agent.discovery import binding
from agent.runtime import jobs
from agent.tickets import approvals, lifecycle
from agent.tickets.feedback import feedback_store

CONTRACTS = """
[[service_org]]
id = "own"
model = "own_technicians"
queue = "dispatch"

[[contract]]
id = "K-TM"
default = true
billing_model = "time_and_materials"
service_org = ["own"]
renews = "yearly"
pause_when = ["waiting_for_customer"]

[contract.approval]
by = ["command", "feedback"]

[contract.sla.P2]
calendar = "always"
response = "4h"
"""


@pytest.fixture
def site(tmp_path: Path) -> Callable[[], Agent]:
    config = tmp_path / "config.toml"
    config.touch(0o600)
    config.write_text('[storage]\nfolder = "state"\n[mdns]\nenabled = false\n')
    (tmp_path / "contracts.toml").write_text(CONTRACTS)
    return lambda: app.build_agent(config, Clock())


def open_ticket(agent: Agent, serial: str = "A1") -> str:
    identity = Identity(vendor="HP", model="M507", serial=serial, is_printer=True)
    now = agent.clock.now()
    with agent.store.transaction() as tx:
        device = binding.bind_identity(tx, identity, Address("192.0.2.1"), now=1.0).device
        words = {
            "rule": "r",
            "subject": "",
            "component": "",
            "severity": "high",
            "title": "Jams",
            "since": now,
        }
        change = Change(
            kind=ChangeKind.OPENED, at=now, device=device, fault="feed.jams", impact=Impact.DEGRADED, **words
        )  # type: ignore[arg-type]
        (event,) = lifecycle.apply_changes(tx, [change])
        agent.pipeline.sender.queue_ticket(tx, event)
    return event.ticket_id


def told(agent: Agent) -> list[dict[str, Any]]:
    with agent.store.transaction() as tx:
        rows = tx.execute("SELECT data FROM outbox_event WHERE type = 'mps.ticket/1' ORDER BY seq").fetchall()
    return [json.loads(row["data"]) for row in rows]


def run(tmp_path: Path, *words: str) -> Any:
    command = ["tickets", *words, "--config", str(tmp_path / "config.toml")]
    return CliRunner().invoke(cli.build_cli(), command, env={"COLUMNS": "200"})


async def test_a_visit_waits_for_the_customers_yes(site: Callable[[], Agent], tmp_path: Path) -> None:
    agent = site()
    ticket = open_ticket(agent)
    (opened,) = told(agent)
    assert (opened["routing"]["dispatch"], opened["billing"]["approval"]) == ("await_approval", "visit")
    assert (opened["sla"]["reason"], opened["sla"].get("response_due")) == ("waiting_for_approval", None)
    done = run(tmp_path, "approve", ticket[-8:], "--by", "Ms Meyer")
    assert done.exit_code == 0, done.output
    await jobs.reload_files(agent)
    await jobs.reload_files(agent)
    _, update = told(agent)
    assert (update["event"], update["ticket_seq"]) == ("update", 2)
    assert update["evidence"]["approval"] | {"at": ""} == {"decision": "approved", "by": "Ms Meyer", "at": ""}
    assert (update["routing"]["dispatch"], update["billing"]["approval"]) == ("auto", None)
    assert update["billing"]["approved"] is True
    due, decided = (
        datetime.fromisoformat(text).timestamp()
        for text in (update["sla"]["response_due"], update["evidence"]["approval"]["at"])
    )
    assert abs(due - decided - 4 * 3600) <= 2, "four hours from the yes"
    assert not list((tmp_path / "state" / "approvals").glob("*.json"))
    again = run(tmp_path, "decline", ticket[-8:], "--by", "Mr Other")
    assert again.exit_code == 2
    assert "was approved already, by Ms Meyer" in again.output
    shown = CliRunner().invoke(
        cli.build_cli(), ["ticket", ticket, "--config", str(tmp_path / "config.toml")], env={"COLUMNS": "200"}
    )
    assert "the customer pays (time and materials), the customer agreed" in shown.output
    agent.store.close()


async def test_a_no_sends_nobody(site: Callable[[], Agent], tmp_path: Path) -> None:
    agent = site()
    ticket = open_ticket(agent)
    assert run(tmp_path, "decline", ticket, "--by", "Ms Meyer").exit_code == 0
    await jobs.reload_files(agent)
    update = told(agent)[-1]
    assert (update["routing"]["dispatch"], update["billing"]["approved"]) == ("notice", False)
    agent.store.close()


async def test_the_desk_may_say_it_and_the_first_word_counts(site: Callable[[], Agent]) -> None:
    agent = site()
    ticket = open_ticket(agent)
    with agent.store.transaction() as tx:
        for verdict in ("approved", "declined", "perhaps"):
            feedback_store.save_feedback(tx, [{"ticket_id": ticket, "approval": verdict}], agent.clock.now())
    await agent.maintenance.run_round()
    await agent.maintenance.run_round()
    updates = [one for one in told(agent) if one["event"] == "update"]
    assert [one["evidence"]["approval"]["decision"] for one in updates] == ["approved"]
    agent.store.close()


WRONG = ["", "{", "[]", '{"ticket": "x"}', '{"ticket": 7, "decision": "approved", "by": "b", "at": 1}',
         '{"ticket": "x", "decision": "maybe", "by": "b", "at": 1}']  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
async def test_a_file_that_is_no_decision_decides_nothing(
    site: Callable[[], Agent], tmp_path: Path, text: str
) -> None:
    agent = site()
    open_ticket(agent)
    (tmp_path / "state" / "approvals").mkdir()
    (tmp_path / "state" / "approvals" / "x.json").write_text(text)
    await jobs.reload_files(agent)
    assert [one["event"] for one in told(agent)] == ["open"]
    assert not (tmp_path / "state" / "approvals" / "x.json").exists(), "and it is gone"
    agent.store.close()


async def test_what_is_over_meanwhile_is_not_told(site: Callable[[], Agent]) -> None:
    agent = site()
    ticket = open_ticket(agent)
    with agent.store.transaction() as tx:
        found = lifecycle.load_open_tickets(tx)[0]
        tx.execute("UPDATE ticket SET cleared_at = opened_at WHERE id = ?", (ticket,))
        made = approvals.ApprovalDecision(ticket=found.id, decision="approved", by="b", at=1.0)
        assert approvals.save_decision(tx, made)
        assert not approvals.save_decision(tx, replace(made, decision="declined"))
    await agent.maintenance.run_round()
    assert [one["event"] for one in told(agent)] == ["open"]
    agent.store.close()


def test_the_list_is_shown_as_before(site: Callable[[], Agent], tmp_path: Path) -> None:
    agent = site()
    open_ticket(agent)
    assert "1 ticket" in run(tmp_path).output
    assert run(tmp_path, "approve", "nothing", "--by", "b").exit_code == 2
    agent.store.close()
