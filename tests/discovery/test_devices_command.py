"""`printwarden devices list`, `merge`, `split` and `trust` of a key: shown, written, audited, undone."""

import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from agent.app import MIGRATIONS
from agent.cli import build_cli
from agent.core import audit
from agent.core.model import Address, Identity
from agent.core.store import Store
from agent.discovery import binding, decisions

A, B = "sn:S1", "mac:0000000000bb"


@pytest.fixture
def devices(tmp_path):
    """Two devices with one serial number, and their finding; returns a function that runs the command."""
    (tmp_path / "config.toml").write_text(f'[storage]\nfolder = "{tmp_path}"\n')
    with closing(Store(tmp_path / "printwarden.db", MIGRATIONS)) as store, store.transaction() as tx:
        for mac, host in (("0000000000aa", "192.0.2.1"), ("0000000000bb", "192.0.2.2")):
            identity = Identity(model="X100", serial="S1", mac=mac, is_printer=True)
            binding.bind_identity(
                tx, identity, Address(host), now=0.0, claim=binding.IdentityClaim(proof="serial")
            )
        decisions.add_finding(tx, A, B, "two devices claim one serial number", 0.0)

    def run(*words):
        done = CliRunner().invoke(
            build_cli(["devices"]), ["devices", *words, "--config", str(tmp_path / "config.toml")]
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.output) if "--json" in words else done.output

    run.folder = tmp_path
    return run


def test_the_list_has_proof_trust_and_findings(devices):
    shown = devices("list", "--json")
    assert {(row["key"], row["proof"], row["trust"]) for row in shown["devices"]} == {
        (A, "serial", "proved"),
        (B, "serial", "proved"),
    }
    assert [(one["device"], one["other"]) for one in shown["findings"]] == [(A, B)]
    assert "devices merge" in devices("list")


def test_a_merge_has_a_reason_is_audited_and_undone_by_a_split(devices):
    devices("merge", A, B, "--reason", "two cards, seen on site")
    shown = devices("list", "--json")
    assert [(one["kind"], one["reason"]) for one in shown["decisions"]] == [
        ("merge", "two cards, seen on site")
    ]
    assert shown["findings"] == []
    assert {row["key"]: row["trust"] for row in shown["devices"]}[B] == f"merged into {A}"
    devices("split", A, B)
    assert [one["kind"] for one in devices("list", "--json")["decisions"]] == ["split"]
    assert [line["action"] for line in audit.read_entries(devices.folder)] == [
        "devices merge",
        "devices split",
    ]


def test_trust_settles_the_findings_of_a_device(devices):
    devices("trust", A)
    shown = devices("list", "--json")
    assert shown["findings"] == []
    assert {one["kind"] for one in shown["decisions"]} == {"split", "trust"}


def test_an_unknown_key_is_a_mistake_of_the_command(devices):
    done = CliRunner().invoke(
        build_cli(["devices"]),
        ["devices", "merge", A, "sn:NOBODY", "--config", str(devices.folder / "config.toml")],
    )
    assert done.exit_code == 2


def test_an_automatic_merge_is_undone_though_it_left_no_device_of_that_key(devices):
    with closing(Store(devices.folder / "printwarden.db", MIGRATIONS)) as store, store.transaction() as tx:
        decisions.merge_devices(tx, A, "mac:0000000000cc", "both addresses gave one serial number", 0.0)
    devices("split", A, "mac:0000000000cc")
    shown = devices("list", "--json")
    assert [(one["kind"], one["other"]) for one in shown["decisions"]] == [("split", "mac:0000000000cc")]
