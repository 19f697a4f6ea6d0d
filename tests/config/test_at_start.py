"""What is read at the start only is one list: the code goes by it, and config.example.toml shows it."""

import re
from operator import attrgetter
from pathlib import Path

import pytest

from agent import config
from agent.config import Config, ConfigSection
from agent.config.startup_keys import AT_START, keep_started

EXAMPLE = (Path(__file__).parent.parent.parent / "config.example.toml").read_text()


def settings(tmp_path, **sections) -> Config:
    return config.build_config(sections, tmp_path)


def every_key() -> set[str]:
    """ "snmp.timeout", …; the name of the section alone where it is a list of tables."""
    found = set()
    for section, value in Config():
        names = type(value).model_fields if isinstance(value, ConfigSection) else ()
        found |= {f"{section}.{name}" for name in names} or {section}
    return found


def value(settings: Config, key: str) -> object:
    return attrgetter(key)(settings)


def test_each_entry_is_a_section_or_a_key_of_one():
    assert set(AT_START) <= every_key() | set(Config.model_fields)


def test_the_example_lists_the_same_keys():
    (listed,) = re.findall(r"which take effect at the next start.*\n((?:#   .*\n)+)", EXAMPLE)
    sections, _, keys = listed.partition("and of [schedule]:")
    wait = set(re.findall(r"\[(\w+)\]", sections))
    assert wait == {key for key in AT_START if "." not in key}
    named = set(re.findall(r"\w+", keys.partition(" and ")[0]))
    assert {f"schedule.{key}" for key in named} == {key for key in AT_START if "." in key}


def test_all_other_keys_take_effect_at_once():
    fixed = {key for key in every_key() if key in AT_START or key.partition(".")[0] in AT_START}
    assert every_key() - fixed == {
        "network", "printer", "credential", "exclude.networks", "exclude.hosts", "exclude.macs",
        "schedule.alerts", "schedule.supplies", "schedule.meters", "schedule.inventory", "schedule.quiet_hours",
        "dns_sd.enabled", "dns_sd.domains", "dns_sd.servers", "dns_sd.port", "ws_discovery.enabled",
        "ws_discovery.interfaces", "config_version", "folder",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "waits"),
    [
        ({"snmp": {"retries": 1}}, ["snmp.retries"]),
        ({"schedule": {"sweep": "2 days", "alerts": "2 minutes"}}, ["schedule.sweep"]),
        (
            {"schedule": {"heartbeat": "1 hour", "feedback": "1 hour"}},
            ["schedule.heartbeat", "schedule.feedback"],
        ),
        ({"target": {"folder": {"path": "out"}}}, ["target"]),
        ({"network": [{"cidr": "192.0.2.0/28"}]}, []),
        ({}, []),
    ],
    ids=str,
)
def test_an_edit_keeps_the_running_value_of_what_waits_and_names_it(tmp_path, edit, waits):
    running, edited = settings(tmp_path), settings(tmp_path, **edit)
    kept, waiting = keep_started(running, edited)
    assert waiting == waits
    assert [value(kept, key) for key in waits] == [value(running, key) for key in waits]
    assert kept.network == edited.network
    assert kept.schedule.alerts == edited.schedule.alerts
