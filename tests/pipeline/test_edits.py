"""Edited rules and settings are put into force by one method each, without a restart."""

import logging
from collections.abc import Iterator

import pytest

from agent import app, config
from agent.app import Agent
from agent.core import audit
from agent.core.model import Address, Device, Tier
from agent.rules import loader

INSIDE = Device(key="sn:A1", address=Address("192.0.2.5"))


@pytest.fixture
def agent(tmp_path) -> Iterator[Agent]:
    agent = app.build_agent_from(config.build_config({}, tmp_path))
    yield agent
    agent.store.close()


def test_edited_settings_are_in_force_wherever_they_are_used(agent, tmp_path):
    network = {"cidr": "192.0.2.0/28", "tags": ["floor-2"]}
    agent.maintenance.slowdown = 4.0
    agent.use_config(
        config.build_config({"network": [network], "schedule": {"alerts": "2 minutes"}}, tmp_path)
    )
    assert agent.poller.policy.permits_host("192.0.2.5", None)
    assert agent.discovery.policy.permits_host("192.0.2.5", None)
    assert agent.pipeline.assign_tags(INSIDE).tags == ("floor-2",)
    assert agent.poller.poll_queue.cadence[Tier.ALERTS] == 120.0
    assert agent.poller.poll_queue.slowdown == 4.0, "a full outbox still slows the polls"
    assert agent.config.network[0].tags == ("floor-2",)


def test_what_waits_for_the_next_start_is_logged_by_its_key(agent, tmp_path, caplog):
    edited = config.build_config({"egress": {"remove": ["ip"]}, "snmp": {"retries": 1}}, tmp_path)
    with caplog.at_level(logging.WARNING):
        agent.use_config(edited)
    assert "takes effect at the next start: snmp.retries, egress.remove" in caplog.text
    assert agent.config.egress.remove == ()
    *_, line = audit.read_entries(agent.config.state_folder)
    assert line["at_next_start"] == ["snmp.retries", "egress.remove"]


def test_a_file_of_rules_with_a_hidden_ending_is_told_in_the_log(tmp_path, caplog):
    folder = tmp_path / "rules.d"
    settings = config.build_config({}, tmp_path)
    app.build_rules(settings)
    assert caplog.text == "", "a folder that is not there is no mistake"
    folder.mkdir()
    (folder / "mine.toml.txt").write_text('[[rule]]\nid = "a"', "utf-8")
    app.build_rules(settings)
    assert "mine.toml.txt" in caplog.text
    assert "rename it to mine.toml" in caplog.text


def test_edited_rules_judge_the_next_poll(agent):
    rules = loader.load_rules(loader.shipped_files()[:1])
    agent.use_rules(rules)
    assert agent.pipeline.evaluator.rules is rules
    *_, line = audit.read_entries(agent.config.state_folder)
    assert (line["action"], line["rules"]) == ("rules in force", len(rules.rules))
