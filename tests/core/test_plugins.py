"""Plug-ins are files."""

from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

import agent.cli
import agent.collectors
import agent.discovery.methods
from agent.cli import VERBS
from agent.collectors._visit import When
from agent.core import plugins
from agent.core.model import Tier


def test_plugins_are_the_files_of_their_room_but_for_its_helpers():
    files = {file.stem for file in Path(agent.discovery.methods.__path__[0]).glob("*.py")}
    assert set(plugins.list_plugins(agent.discovery.methods)) == {
        name for name in files if not name.startswith("_")
    }
    assert {"__init__", "_mdns", "_txt"} < files


def test_an_unknown_plugin_is_told_with_the_known_ones():
    with pytest.raises(KeyError, match=", ".join(plugins.list_plugins(agent.discovery.methods))):
        plugins.load_plugin(agent.discovery.methods, "dowsing")


@pytest.mark.parametrize("name", plugins.list_plugins(agent.discovery.methods))
def test_each_way_of_discovery_has_a_cadence_that_the_service_runs(name):
    assert plugins.load_plugin(agent.discovery.methods, name).CADENCE in get_args(
        agent.discovery.methods.Cadence
    )


@pytest.mark.parametrize("name", plugins.list_plugins(agent.collectors))
def test_each_collector_says_when_the_service_asks_it_and_for_what(name):
    collector = plugins.load_plugin(agent.collectors, name)
    assert collector.WHEN in get_args(When)
    assert collector.TIERS
    assert set(Tier) >= collector.TIERS


def test_every_verb_has_its_file_and_every_file_its_verb():
    assert sorted(VERBS) == plugins.list_plugins(agent.cli)


def test_help_flows_and_does_not_break_where_the_source_does():
    told = (
        CliRunner().invoke(agent.cli.build_cli(["demo", "init"]), ["--help"], env={"COLUMNS": "400"}).stdout
    )
    (line,) = [line for line in told.splitlines() if "asks for networks" in line]
    assert "enrols with the provider." in line
