"""`printwarden meters`: what a person sees of counters, and what one flipped value leads to."""

import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from agent.cli import build_cli
from agent.core.calendars import ALWAYS_OPEN
from agent.core.model import Address, Identity, Meter, Snapshot
from agent.core.store import Store
from agent.discovery import binding, inventory
from agent.history.meters import chain_store, daily_reads, ledger

DAY = 86400.0
COMPONENTS = {"meters": ledger.SCHEMA, "reads": daily_reads.SCHEMA, "inventory": inventory.SCHEMA}


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
            statement = daily_reads.build_statement(tx, device.key, turn * DAY, ALWAYS_OPEN)
            daily_reads.keep_statement(tx, device.key, statement, sent=True)

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
        db.execute("UPDATE meter_link SET text = replace(text, '12', '13') WHERE number = 2")
    code, out = run("verify")
    assert (code, "broken at read 2" in out) == (1, True)


def heads(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(
            "SELECT device, number, lower(hex(hash)) FROM meter_link ORDER BY number"
        ).fetchall()


def test_the_providers_list_agrees(site, tmp_path):
    run, path = site
    there = tmp_path / "heads.csv"
    there.write_text("".join(f"{device},{reads},{head}\n" for device, reads, head in heads(path)), "utf-8")
    code, out = run("verify", "--against", str(there))
    assert (code, out.count("agrees")) == (0, 4)


def test_the_meter_reads_themselves_are_a_list_too(site, tmp_path):
    run, path = site
    there = tmp_path / "reads.json"
    events = [
        {"data": {"device": {"device_key": device}, "meters": {"chain": {"reads": reads, "head": head}}}}
        for device, reads, head in heads(path)
    ]
    there.write_text(json.dumps(events), "utf-8")
    code, out = run("verify", "--against", str(there), "--json")
    assert (code, {one["verdict"] for one in json.loads(out)}) == (0, {"agrees"})


def test_a_chain_made_anew_from_start_to_end_holds_and_is_not_the_providers(site, tmp_path):
    run, path = site
    before = heads(path)
    there = tmp_path / "heads.csv"
    there.write_text("".join(f"{device},{reads},{head}\n" for device, reads, head in before), "utf-8")
    with closing(sqlite3.connect(path)) as db, db:
        db.row_factory = sqlite3.Row
        rows = db.execute("SELECT * FROM meter_link ORDER BY number").fetchall()
        db.execute("DELETE FROM meter_link")
        db.execute("DELETE FROM meter_chain")
        for row in rows:
            chain_store.append_link(db, row["device"], row["at"], row["text"].replace("90000", "90001"))
    assert run("verify")[0] == 0
    code, out = run("verify", "--against", str(there))
    assert (code, out.count("differs")) == (1, 4)


def test_a_read_that_only_the_provider_has_is_missing(site, tmp_path):
    run, path = site
    there = tmp_path / "heads.csv"
    there.write_text(f"{heads(path)[0][0]},99,{'ab' * 32}\n", "utf-8")
    code, out = run("verify", "--against", str(there))
    assert (code, "missing here" in out) == (1, True)


def test_a_line_that_is_no_head_is_named(site, tmp_path):
    run, _ = site
    there = tmp_path / "heads.csv"
    there.write_text("# device key, reads, head\nsn:X,one,ab\n", "utf-8")
    code, out = run("verify", "--against", str(there))
    assert (code, "line 2" in out) == (2, True)
