"""Plug-ins are files."""

import pytest
from typer.testing import CliRunner

import agent.cli
import agent.discovery
from agent import plugins
from agent.cli import VERBS


def test_the_ways_of_discovery_are_the_files_of_their_room():
    assert plugins.names(agent.discovery) == ["mdns", "static", "sweep"]


def test_an_unknown_plugin_is_told_with_the_known_ones():
    with pytest.raises(KeyError, match="mdns, static, sweep"):
        plugins.load(agent.discovery, "dowsing")


def test_every_verb_has_its_file_and_every_file_its_verb():
    assert sorted(VERBS) == plugins.names(agent.cli)


def test_help_flows_and_does_not_break_where_the_source_does():
    told = CliRunner().invoke(agent.cli.build(["demo", "init"]), ["--help"], env={"COLUMNS": "400"}).stdout
    (line,) = [line for line in told.splitlines() if "asks for networks" in line]
    assert "enrols with the provider." in line
