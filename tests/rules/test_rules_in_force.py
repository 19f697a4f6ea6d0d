"""Which rules are in force is told by one hash and by versions: in tickets, heartbeats and `status`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent import app, config
from agent.cli import status
from agent.core import health
from agent.core.model import Address, Device, Impact, TicketEvent
from agent.rules import loader
from agent.runtime import jobs
from uplink import events
from uplink.outbox import queries

OWN = """
[[rule]]
id = "our-toner"
version = 7
title = "{supply} is at {value}"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "12 %" }]
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"

[[override]]
id = "jams-recurring"
severity = "normal"
enabled = "shadow"
"""
TICKET = TicketEvent(
    ticket_id="T1", ticket_seq=1, event="open", dedupe_key="S|sn:1|supply.low|c", at=1.0, opened_at=1.0,
    device=Device(key="sn:1", address=Address("192.0.2.1")), fault="supply.low", component="toner:black",
    impact=Impact.SUPPLY, severity="normal", rule="our-toner", title="low",
)  # fmt: skip


def rules_of(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "rules.d" / "mine.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return loader.load_rules([*loader.shipped_files(), file])


@pytest.mark.parametrize(
    ("text", "equal"),
    [
        (OWN, True),
        ("# a comment\n" + OWN.replace("per =", "per   ="), True),
        (OWN.replace("version = 7\n", "").replace("impact =", "version = 7\nimpact ="), True),
        (OWN.replace("12 %", "13 %"), False),
        (OWN.replace("version = 7", "version = 8"), False),
        (OWN.replace('"shadow"', "true"), False),
        (OWN + '[calendar.office]\nmon_fri = "08:00-17:00"', False),
    ],
)
def test_equal_rules_have_an_equal_hash(tmp_path: Path, text: str, equal: bool) -> None:
    first = rules_of(tmp_path, OWN).hash
    assert len(first) == 16
    assert (rules_of(tmp_path, text).hash == first) is equal


async def collect_health(agent: app.Agent) -> health.Health:
    return jobs.collect_health(agent)


def test_tickets_heartbeats_and_status_name_the_rules_in_force(tmp_path: Path, capsys: Any) -> None:
    rules_of(tmp_path, OWN)
    agent = app.build_agent_from(config.build_config({}, tmp_path))
    try:
        rules = agent.pipeline.evaluator.rules
        facts = asyncio.run(collect_health(agent))
        with agent.store.transaction() as tx:
            agent.pipeline.sender.queue_ticket(tx, TICKET)
            agent.pipeline.sender.queue_heartbeat(tx, 1.0, facts)
            sent = {it.type: it.data for it in queries.list_pending(tx)}
        for kind, data in sent.items():
            events.check_event(kind, data)
            assert data["agent"]["rules_hash"] == rules.hash == facts.rules_hash
        assert sent["mps.ticket/1"]["rule"]["rule_version"] == 7
        own = sent["mps.agent_health/1"]["own_rules"]
        assert [(it["rule_id"], it["rule_version"], it["shadow"]) for it in own] == [
            ("jams-recurring", 1, True),
            ("our-toner", 7, False),
        ]
        edited = loader.load_rules(loader.shipped_files())
        agent.use_rules(edited)
        assert agent.pipeline.sender.load_rules().hash == edited.hash != rules.hash
    finally:
        agent.store.close()


def test_status_names_them(tmp_path: Path, capsys: Any) -> None:
    status._print_rules({"rules_hash": "3f0c", "own_rules": {"our-toner": 7}})
    assert capsys.readouterr().out == "Rules in force: 3f0c; of your own: our-toner (version 7)\n"
    status._print_rules({})
    assert capsys.readouterr().out == ""
    assert json.dumps(health.Health(version="1").own_rules) == "{}"
