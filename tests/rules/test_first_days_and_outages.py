"""A whole site down the real line: the store of the agent, its rules, its tickets, its outbox."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from agent import app, config
from agent.cli import build_cli
from agent.core.calendars import Calendar
from agent.core.model import Address, DeviceStatus, Identity, PrinterStatus, Snapshot, Status, Supply
from agent.core.store import Store, open_reader
from agent.pipeline.device_tags import TagAssigner
from agent.pipeline.pipeline import Pipeline, PollResult
from agent.pipeline.polling.fleet_state import FleetState
from agent.reporting.sender import Sender
from agent.rules import loader
from agent.rules.evaluator import RuleEvaluator

HOUR, DAY = 3600.0, 86400.0
START = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("UTC")).timestamp()
RUNNING = Status(device=DeviceStatus.RUNNING, printer=PrinterStatus.IDLE, errors=())


@dataclass
class Site:
    """Printers that say what the test has them say, and the line that hears it."""

    settings: config.Config
    own: list[Path] = field(default_factory=list)
    printers: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules = loader.load_rules([*loader.shipped_files(), *self.own], self.settings.site.timezone)
        self.store = Store(self.settings.database_path, app.MIGRATIONS)
        self.line = Pipeline(
            RuleEvaluator(rules),
            Sender(site_id=self.settings.site.id),
            calendar=Calendar(zone=self.settings.site.timezone),
            assign_tags=TagAssigner(self.settings),
        )
        self.roll = FleetState(self.settings.site.id, self.settings.rules.first_days)

    def poll(self, now: float) -> None:
        """Every printer once, in one transaction, as the intake does it."""
        with self.store.transaction() as tx:
            self.line.evaluate_site(tx, self.roll.site_facts, now)
            for number in self.printers:
                self._read(tx, number, now)

    def _read(self, tx: sqlite3.Connection, number: int, now: float) -> None:
        snapshot = self._snapshot(number, now)
        outcome = self.line.process_poll(
            tx, PollResult(snapshot=snapshot, device=f"sn:P{number:03}"), self.roll.site_facts
        )
        assert outcome.device
        self.roll.record_poll(outcome.device, snapshot)

    def _snapshot(self, number: int, now: float) -> Snapshot:
        address = Address(f"192.0.2.{number % 200 + 1}" if number < 200 else f"198.51.100.{number - 199}")
        said = self.printers[number]
        if said.get("silent"):
            return Snapshot(address=address, at=now, reachable=False)
        identity = Identity(vendor="Example", model="P1", serial=f"P{number:03}", is_printer=True)
        toner = Supply(
            index="1.1", type="toner", kind="consumed", colour="black", level=said.get("level", 80), max=100
        )
        status = said.get("status", RUNNING)
        return Snapshot(
            address=address, at=now, identity=identity, status=status, alerts=(), supplies=(toner,)
        )

    def live(self, since: float, hours: float, every: float = HOUR / 2) -> None:
        for step in range(int(hours * HOUR / every)):
            self.poll(since + step * every)

    def sent(self) -> list[dict[str, Any]]:
        """Every ticket event in the outbox, in order."""
        with closing(open_reader(self.settings.database_path)) as db:
            rows = db.execute("SELECT type, data FROM outbox_event ORDER BY seq").fetchall()
        told = [json.loads(row["data"]) for row in rows if row["type"] == "mps.ticket/1"]
        return [
            {
                "event": it["event"],
                "fault": it["fault"]["fault_key"],
                "component": it["fault"]["component"],
                "serial": it["device"].get("serial"),
                "at": it["observed_at"],
                "items": len(it["evidence"].get("items", ())) if it.get("evidence") else 0,
            }
            for it in told
        ]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    opened: list[Site] = []

    def make(text: str = "", own: str = "") -> Site:
        (tmp_path / "config.toml").write_text(
            f'[site]\nid = "S-1"\n{text}\n[storage]\nfolder = "{tmp_path.as_posix()}/state"\n', "utf-8"
        )
        files = []
        if own:
            (tmp_path / "rules.d").mkdir()
            (tmp_path / "rules.d" / "own.toml").write_text(own, "utf-8")
            files = [tmp_path / "rules.d" / "own.toml"]
        opened.append(Site(config.load_config(tmp_path / "config.toml"), files))
        return opened[-1]

    yield make
    for one in opened:
        one.store.close()


def status(where: Path, at: float) -> dict[str, Any]:
    clock = f"1@{time.time()}={at}"
    arguments = ["onboarding", "status", "--config", str(where / "config.toml"), "--clock", clock]
    said = CliRunner().invoke(build_cli(), arguments)
    assert said.exit_code == 0, said.output
    document = CliRunner().invoke(build_cli(), [*arguments, "--json"])
    return {"said": said.output, **json.loads(document.output)}


def test_sixty_old_conditions_of_a_new_site_are_one_digest(site: Any, tmp_path: Path) -> None:
    here = site()
    here.printers |= {number: {"level": 5 if number < 60 else 80} for number in range(80)}
    here.live(START, hours=3)
    assert here.sent() == []
    told = status(tmp_path, START + 3 * HOUR)
    assert (told["over"], len(told["digest"]["items"]), told["digest"]["told"]) == (False, 60, 0)
    assert "Digest: 60 things, not sent yet; sent next 2026-03-03T" in told["said"]
    here.live(START + 3 * HOUR, hours=27)
    (digest,) = here.sent()
    assert (digest["event"], digest["fault"], digest["component"]) == ("open", "site.found", "digest")
    assert digest["items"] == 60


def test_an_order_that_arises_in_the_first_days_waits_and_a_printer_that_is_down_does_not(
    site: Any, tmp_path: Path
) -> None:
    here = site()
    here.printers |= {number: {} for number in range(5)}
    here.live(START, hours=4)
    here.printers[1] = {"level": 4}
    down = Status(device=DeviceStatus.DOWN, printer=PrinterStatus.OTHER, errors=("serviceRequested",))
    here.printers[2] = {"status": down}
    here.live(START + 4 * HOUR, hours=20)
    assert [it["fault"] for it in here.sent()] == ["service.requested"]
    told = status(tmp_path, START + DAY)
    waiting = {it["rule"]: (it["until"], it["waiting"]) for it in told["quiet"]}
    assert waiting["supply-low"] == ("2026-03-05T08:00:00Z", 1)
    assert waiting["supply-empty"] == ("2026-03-05T08:00:00Z", 0)
    assert waiting["cover-open"] == (None, 0)
    assert told["digest"] is None
    here.live(START + DAY, hours=50)
    assert [it["fault"] for it in here.sent()] == ["service.requested", "supply.low"]
    over = status(tmp_path, START + 4 * DAY)
    assert over["over"]
    assert "are over since 2026-03-05" in over["said"]
    assert {it["rule"] for it in over["quiet"]} == {
        "cover-open", "counter-epoch", "missed-events", "supply-replaced",
    }  # fmt: skip


def test_before_the_first_printer_there_is_nothing_to_settle(site: Any, tmp_path: Path) -> None:
    site()
    told = status(tmp_path, START)
    assert (told["began"], told["digest"]) == (None, None)
    assert "No printer has been met yet" in told["said"]


def test_an_outage_of_two_hundred_printers_is_one_ticket(site: Any) -> None:
    here = site('[rules]\nfirst_days = "0 s"')
    here.printers |= {number: {} for number in range(200)}
    here.live(START, hours=2)
    here.printers |= {number: {"silent": True} for number in range(200)}
    here.live(START + 2 * HOUR, hours=6)
    (outage,) = here.sent()
    assert (outage["event"], outage["fault"]) == ("open", "site.offline")
    here.printers |= {number: {} for number in range(200)}
    here.live(START + 8 * HOUR, hours=4)
    assert [(it["event"], it["fault"]) for it in here.sent()] == [
        ("open", "site.offline"),
        ("clear", "site.offline"),
    ]


ASSIGNED = """
[[network]]
cidr = "192.0.2.0/24"
tags = ["office"]
contract = "C-1"
[[network]]
cidr = "192.0.2.0/29"
tags = ["production"]
[[printer]]
host = "192.0.2.5"
contract = "C-2"
tags = ["reception"]
[rules]
first_days = "0 s"
"""
SCOPED = """
[[rule]]
id = "{id}"
title = "{{supply}} of {{device}}"
per = "supply"
scope.{key} = ["{value}"]
when.all = [{{ signal = "supply.level", op = "<=", value = "10 %" }}]
fault = "supply.low"
component = "{id}"
impact = "supply"
"""


@pytest.mark.parametrize(
    ("key", "value", "printers"),
    [
        ("tags", "production", {0, 4, 6}),
        ("tags", "reception", {4}),
        ("tags", "office", {7, 99}),
        ("contracts", "C-1", {7, 99}),
        ("contracts", "C-2", {4}),
        ("sites", "S-1", {0, 4, 6, 7, 99, 200}),
    ],
)
def test_rules_know_tags_and_contracts_by_where_a_printer_stands(
    site: Any, key: str, value: str, printers: set[int]
) -> None:
    own = (
        SCOPED.format(id="mine", key=key, value=value)
        + '\n[[rule]]\nid = "supply-low"\nenabled = false\ntitle = "x"\n'
    )
    own += 'per = "supply"\nwhen.all = [{ signal = "supply.level", op = "<", value = "1 %" }]\nfault = "supply.low"\nimpact = "supply"\n'
    here = site(ASSIGNED, own)
    here.printers |= {number: {"level": 5} for number in (0, 4, 6, 7, 99, 200)}
    here.live(START, hours=1)
    assert {int(it["serial"][1:]) for it in here.sent()} == printers


DAILY = """
[calendar.here]
mon_sun = "09:00-17:00"

[[rule]]
id = "supply-low"
title = "{supply} of {device} is at {value}"
per = "supply"
evaluate = "daily@07:00"
when.all = [{ signal = "supply.level", op = "<=", value = "10 %" }]
clear.all = [{ signal = "supply.level", op = ">=", value = "25 %" }]
suppress = [{ calendar = "here", outside = true, action = "delay" }]
fault = "supply.low"
component = "{supply.type}:{supply.colour}"
impact = "supply"
"""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in Tokyo."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system has no tzset")
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.setenv("TZ", before or "UTC")
    if before is None:
        monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("day", "judged", "told"),
    [("2026-03-27", "06:00", "08:00"), ("2026-03-29", "05:00", "07:00"), ("2026-10-25", "06:00", "08:00")],
)
def test_turns_and_hours_go_by_the_clock_of_the_site_also_when_it_changes(
    site: Any, day: str, judged: str, told: str
) -> None:
    """07:00 and 09:00 in Berlin: 06:00 and 08:00 UTC in winter, an hour earlier in summer."""
    here = site('timezone = "Europe/Berlin"\n[rules]\nfirst_days = "0 s"', DAILY)
    midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
    here.printers |= {0: {"level": 80}}
    here.live(midnight - 20 * HOUR, hours=20)
    here.printers[0] = {"level": 5}
    here.live(midnight, hours=12, every=HOUR / 4)
    (ticket,) = here.sent()
    assert ticket["at"][11:16] == told
    with here.store.transaction() as tx:
        (row,) = tx.execute("SELECT began FROM rule_state WHERE rule = 'supply-low'").fetchall()
    assert datetime.fromtimestamp(row["began"], ZoneInfo("UTC")).strftime("%H:%M") == judged
