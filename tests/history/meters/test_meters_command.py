"""`printwarden meters`: what a person sees of counters, and what one flipped value leads to."""

import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.core.model import Address, Identity, Meter, Snapshot
from agent.core.store import Store
from agent.discovery import binding, inventory
from agent.history.meters import ledger

DAY = 86400.0
COMPONENTS = {"meters": ledger.SCHEMA, "inventory": inventory.SCHEMA}


@pytest.fixture
def site(tmp_path):
    """A state file with one printer that was reset, and the command on it."""
    (tmp_path / "config.toml").write_text(f'config_version = 1\n[storage]\nfolder = "{tmp_path}"\n', "utf-8")
    address = Address("192.0.2.1")
    with closing(Store(tmp_path / "printwarden.db", COMPONENTS)) as store, store.transaction() as tx:
        identity = Identity(vendor="HP", model="LaserJet", serial="PHBLL12345", is_printer=True)
        device = binding.bind_identity(tx, identity, address, now=0.0).device
        for turn, value in enumerate((90_000, 12, 30, 40)):
            meter = Meter(name="total", value=value, source="1.3.6.1.2.1.43.10.2.1.4.1.1")
            ledger.record_counters(tx, device.key, Snapshot(address=address, at=turn * DAY, meters=(meter,)))

    def run(*arguments):
        said = CliRunner().invoke(
            build_cli(["meters"]), ["meters", *arguments, "--config", str(tmp_path / "config.toml")]
        )
        return said.exit_code, said.output

    return run, tmp_path / "printwarden.db"


def test_raw_and_adjusted_stand_side_by_side_with_the_reason_they_differ(site):
    run, _ = site
    code, out = run("show", "--epochs", "--json")
    told = json.loads(out)
    (counter,) = told["counters"]
    assert (code, counter["raw"], counter["adjusted"], counter["epoch"], counter["trust"]) == (
        0,
        40,
        90_028,
        2,
        "stale",
    )
    assert [(one["why"], one["before"], one["first"]) for one in told["epochs"]] == [
        ("first reading", None, 90_000), ("fell: new board or cleared memory", 90_000, 12),
    ]  # fmt: skip


def test_a_person_sees_the_printer_by_its_name(site):
    run, _ = site
    assert "HP LaserJet (PHBLL12345)" in run("show", "phbll12345")[1]
    code, out = run("show", "NOBODY")
    assert (code, "no counters are known" in out) == (2, True)


def test_what_is_as_it_was_stored_is_verified(site):
    run, _ = site
    code, out = run("verify")
    assert (code, "holds" in out) == (0, True)


def test_one_flipped_stored_value_is_found(site):
    run, path = site
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meter_read SET raw = raw + 1 WHERE id = 2")
    code, out = run("verify")
    assert (code, "broken at read 2" in out) == (1, True)
