"""The price tag of an edit: tickets, visits, cartridges and money before and after, over one history or several."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent import config
from agent.cli import rules as cli
from agent.core.errors import ConfigError
from agent.core.store import open_reader
from agent.pipeline.replay import history_export, imagined_history, price_tag
from agent.pipeline.replay.price_tag import PriceRequest
from agent.rules import loader
from agent.rules.backtest import cost_figures
from agent.rules.backtest.cost_figures import CostTable
from agent.rules.backtest.desk_ticket import NOTICE, DeskTicket

COSTS = 'currency = "EUR"\nvisit = 100.0\nhour = 60.0\nticket_minutes = 10\n[cartridge]\nblack = 80.0\nother = 90.0\n'
DRAFT = """
[[rule]]
id = "our-toner"
title = "{supply} is at {value}"
per = "supply"
when.all = [{ signal = "supply.level", op = "<=", value = "30 %" }]
clear.all = [{ signal = "supply.level", op = ">=", value = "60 %" }]
keep_firing = "1 hour"
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"

[[override]]
id = "jams-recurring"
enabled = false
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("history") / "north.db"
    imagined_history.imagine_fleet(path, 3, 120)
    return path


@pytest.fixture(scope="module")
def exported(state: Path) -> Path:
    path = state.with_name("south.db")
    with closing(open_reader(state)) as db:
        assert history_export.export_history(db, path) == 3
    return path


def run(*arguments: object, cwd: Path) -> Any:
    draft, costs = cwd / "mine.toml", cwd / "prices.toml"
    draft.write_text(DRAFT, "utf-8")
    costs.write_text(COSTS, "utf-8")
    return CliRunner().invoke(cli.app, ["diff", str(draft), *map(str, arguments), "--json"])


def ticket(**different: Any) -> DeskTicket:
    usual = {
        "device": "sn:1", "name": "P", "fault": "fuser.failure", "component": "", "rule": "r", "impact": "degraded",
        "severity": "high", "title": "t", "opened": 0.0,
    }  # fmt: skip
    return DeskTicket(**usual | different)


def test_visits_are_what_a_technician_sees_and_cartridges_what_is_ordered() -> None:
    order = {"fault": "supply.low", "impact": "supply"}
    figures = cost_figures.count_costs(
        [
            ticket(),
            ticket(fault="device.offline"),
            ticket(**order, component="toner:black"),
            ticket(**order, component="toner:cyan"),
            ticket(**order, component=""),
            ticket(kind=NOTICE, fault="cover.open"),
        ],
        {"fuser.failure"},
    )
    assert (figures.tickets, figures.visits, figures.ordered) == (5, 1, 3)
    costs = CostTable(visit=100.0, hour=60.0, ticket_minutes=10.0, cartridge={"black": 80.0, "other": 90.0})
    assert figures.price_all(costs) == 100 + 60 + 5 * 10 + 80 + 90 + 90
    assert figures.price_all(CostTable(visit=0.0, hour=0.0)) == 0


@pytest.mark.long
def test_an_edit_has_its_price_over_several_histories(state: Path, exported: Path, tmp_path: Path) -> None:
    found = run("--costs", tmp_path / "prices.toml", "--state", state, "--state", exported, cwd=tmp_path)
    assert found.exit_code == 1, found.output
    cost = json.loads(found.stdout)["cost"]
    assert cost["faults"] == ["feed.jams", "supply.low"]
    north, south, whole = cost["sites"]
    assert north["history"], south["history"] == ("north", "south")
    assert (north["before"], north["after"]) == (south["before"], south["after"]), (
        "nothing is lost in an export"
    )
    before, after = north["before"], north["after"]
    assert sum(after["cartridges"].values()) > sum(before["cartridges"].values()) > 0
    assert before["visits"] >= after["visits"]
    price = {"black": 80.0}
    for side in (before, after):
        cartridges = sum(n * price.get(colour, 90.0) for colour, n in side["cartridges"].items())
        assert side["money"] == pytest.approx(side["visits"] * 160 + side["tickets"] * 10 + cartridges)
    assert whole["after"]["money"] == pytest.approx(2 * after["money"])


def backtest(*arguments: object, cwd: Path, state: Path) -> Any:
    """A backtest of the draft's rule."""
    draft, costs = cwd / "mine.toml", cwd / "prices.toml"
    draft.write_text(DRAFT, "utf-8")
    costs.write_text(COSTS, "utf-8")
    wanted = ["our-toner", "--rules", draft, "--state", state, "--costs", costs, *arguments]
    return CliRunner().invoke(cli.app, ["backtest", *map(str, wanted)])


def price_side(side: dict[str, Any]) -> float:
    cartridges = sum(n * {"black": 80.0}.get(colour, 90.0) for colour, n in side["cartridges"].items())
    return float(side["visits"] * 160 + side["tickets"] * 10 + cartridges)


def test_a_backtest_has_its_price_before_and_after(state: Path, tmp_path: Path) -> None:
    sweep = ("--sweep", "our-toner.when.all[1].value=10..30 %/2")
    found = backtest("--json", *sweep, cwd=tmp_path, state=state)
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    (rule,), (low, high) = report["rules"], report["sweep"]
    for one in (rule, low, high):
        assert one["cost"]["tickets"] == one["tickets"] == sum(one["cost"]["cartridges"].values())
        assert one["cost"]["money"] == pytest.approx(price_side(one["cost"]))
    assert 0 < low["cost"]["money"] < high["cost"]["money"] == rule["cost"]["money"]
    edit, currency = report["cost"]["edits"]["our-toner"], report["cost"]["currency"]
    assert currency == "EUR"
    more = report["only_new"]["our-toner"] - report["only_deployed"]["our-toner"]
    assert edit["after"]["tickets"] - edit["before"]["tickets"] == more > 0
    for side in edit.values():
        assert side["money"] == pytest.approx(price_side(side))


def test_a_backtest_shows_its_price_beside_the_tickets(state: Path, tmp_path: Path) -> None:
    report = json.loads(backtest("--json", cwd=tmp_path, state=state).stdout)
    shown = backtest(cwd=tmp_path, state=state).stdout
    cost, edit = report["rules"][0]["cost"], report["cost"]["edits"]["our-toner"]
    assert (
        f"costs     0 visits, {sum(cost['cartridges'].values())} cartridges ordered, {cost['money']:,.2f} EUR"
        in shown
    )
    before, after = edit["before"]["money"], edit["after"]["money"]
    assert f"money (EUR) {before:,.2f} → {after:,.2f} ({after - before:+,.2f})" in shown


def test_a_backtest_refuses_prices_at_the_customers(state: Path, tmp_path: Path) -> None:
    config_file = tmp_path / "config.toml"
    config_file.write_text("", "utf-8")
    config_file.chmod(0o600)
    found = backtest("--config", config_file, cwd=tmp_path, state=state)
    assert isinstance(found.exception, ConfigError)
    assert "customer" in str(found.exception)


def test_what_an_edit_does_not_touch_is_not_counted(state: Path) -> None:
    rules = loader.load_rules(loader.shipped_files())
    with closing(open_reader(state)) as db:
        price = price_tag.price_edit(db, rules, rules, PriceRequest())
    assert (price.faults, price.before.tickets, price.after.tickets) == ((), 0, 0)


def test_a_calendar_touches_the_rules_that_count_its_hours(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[calendar.office]\nmon_fri = "06:00-22:00"', "utf-8")
    before = loader.load_rules(loader.shipped_files())
    after = loader.load_rules([*loader.shipped_files(), file])
    assert "device.offline" in price_tag.find_touched_faults(before, after)
    assert price_tag.find_touched_faults(before, before) == set()


def test_prices_are_refused_at_the_customers(tmp_path: Path, state: Path) -> None:
    (tmp_path / "config.toml").write_text("", "utf-8")
    (tmp_path / "config.toml").chmod(0o600)
    found = run(
        "--costs",
        tmp_path / "prices.toml",
        "--config",
        tmp_path / "config.toml",
        "--state",
        state,
        cwd=tmp_path,
    )
    assert isinstance(found.exception, ConfigError)
    assert "customer" in str(found.exception)
    assert "--costs FILE" in str(found.exception)
    (tmp_path / "config.toml").write_text("[costs]\nvisit = 95.0", "utf-8")
    with pytest.raises(ConfigError, match="prices do not belong"):
        config.load_config(tmp_path / "config.toml")
    rules = tmp_path / "rules.toml"
    rules.write_text(COSTS, "utf-8")
    with pytest.raises(ConfigError) as caught:
        loader.load_rules([rules])
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key) == (1, "currency")
    assert "--costs FILE" in complaint.suggestion


@pytest.mark.parametrize(
    "wrong", ["visit = 1.0", "visit = -1.0\nhour = 1.0", 'visit = "95"\nhour = 1.0', COSTS + "magneta = -2"]
)
def test_a_wrong_price_is_refused(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(wrong, "utf-8")
    with pytest.raises(ConfigError):
        cost_figures.load_costs(file)


SECRETS = """
UPDATE device SET host = '10.77.1.9', mac = 'aa0011bbccdd', uuid = 'uuid-4711-zz', hostname = 'PRN-HR-SECRET',
    location = 'Dr. Hartmann', firmware = 'FW-9.9.9', credential = 'geheim-community';
UPDATE latest SET serial = 'IMAGINED000001',
    status = json('{"device":"running","printer":"idle","errors":[],"console":["HELLO MUELLER"]}');
UPDATE latest SET supplies = json_set(
    supplies, '$[0].serial', 'CART-SERIAL-1', '$[0].description', 'Black Cartridge;SN CART-SERIAL-2');
INSERT INTO device_event (device, at, kind, detail, count)
    SELECT key, 9.0, 'subnet', '10.77.1.0/24 → 10.78.2.0/24', 0 FROM device;
INSERT INTO device_event (device, at, kind, detail, count)
    SELECT key, 9.0, 'firmware', 'FW-9.9.8 → FW-9.9.9', 0 FROM device;
INSERT OR IGNORE INTO supply_install (device, supply, serial) SELECT key, '1.9', 'CART-SERIAL-3' FROM device;
UPDATE alert_text SET alert = json_set(alert, '$.text', 'Job of MUELLER failed') WHERE id = 1;
DELETE FROM alert_episode WHERE text = 1 AND device != (SELECT min(device) FROM alert_episode);
"""
NEVER = (
    "IMAGINED", "10.77.", "10.78.", "aa0011bbccdd", "4711", "SECRET", "Hartmann", "FW-9", "geheim", "MUELLER", "CART-SERIAL",
)  # fmt: skip


def plant(state: Path, path: Path) -> None:
    path.write_bytes(state.read_bytes())
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SECRETS)


def test_an_export_has_no_name_address_or_serial_number(state: Path, tmp_path: Path) -> None:
    planted, out = tmp_path / "planted.db", tmp_path / "out.db"
    plant(state, planted)
    with closing(open_reader(planted)) as db:
        history_export.export_history(db, out)
    files = [it for it in tmp_path.iterdir() if it.name.startswith("out.db")]
    content = b"".join(it.read_bytes() for it in files)
    assert [word for word in NEVER if word.encode() in planted.read_bytes()] == list(NEVER), "all were there"
    assert [word for word in NEVER if word.encode() in content] == []
    assert b"Black Cartridge" in content
    with pytest.raises(ConfigError, match="is there already"), closing(open_reader(planted)) as db:
        history_export.export_history(db, out)


def test_a_column_that_is_not_listed_is_not_exported(state: Path, tmp_path: Path) -> None:
    planted, out = tmp_path / "planted.db", tmp_path / "out.db"
    plant(state, planted)
    with closing(sqlite3.connect(planted)) as db, db:
        db.execute("ALTER TABLE latest ADD COLUMN newest TEXT DEFAULT 'a new secret'")
    with closing(open_reader(planted)) as db:
        history_export.export_history(db, out)
    assert b"a new secret" not in out.read_bytes()


def test_a_history_is_made_up_once(tmp_path: Path) -> None:
    out = tmp_path / "made.db"
    made = ["history", "--printers", "2", "--days", "40", "--out", str(out)]
    found = CliRunner().invoke(cli.app, made)
    assert "2 printers, 40 days" in found.stdout
    assert isinstance(CliRunner().invoke(cli.app, made).exception, ConfigError)
