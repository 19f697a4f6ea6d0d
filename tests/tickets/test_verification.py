"""A repair that lasts is verified by what the printer shows; nothing is verified too early, or twice."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent import app
from agent.core.calendars import Calendar, load_time_zone
from agent.core.model import Address, Change, ChangeKind, Identity, Impact, Meter, Snapshot
from agent.core.store import Store
from agent.discovery import binding
from agent.history import record
from agent.history.meters import ledger
from agent.reporting import maintenance, verification
from agent.reporting.sender import Sender
from agent.rules import loader
from agent.rules.evaluator import make_site_device
from agent.tickets import lifecycle

CLEARED = datetime.fromisoformat("2026-11-20T12:00:00+01:00").timestamp()  # a Friday
DAY = 86400.0
BERLIN = Calendar(zone=load_time_zone("Europe/Berlin"))
OID = "1.3.6.1.2.1.43.10.2.1.4.1.1"
SENDER = Sender(site_id="S-04")
HOW = {"feed.jams": "work", "device.offline": "uptime", "supply.low": "reading", "own.fault": "time"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = maintenance.open_store(tmp_path / "state" / "printwarden.db", app.MIGRATIONS)
    yield opened
    opened.close()


class Printer:
    """One printer with a ticket that was cleared at CLEARED."""

    def __init__(self, store: Store, fault: str) -> None:
        self.store, self.fault = store, fault
        identity = Identity(vendor="HP", model="LaserJet", serial="A1", is_printer=True)
        with store.transaction() as tx:
            self.device = binding.bind_identity(tx, identity, Address("192.0.2.1"), now=1.0).device
        self.read(CLEARED - 2 * DAY, 1000)
        self.change(ChangeKind.OPENED, CLEARED - DAY)
        self.change(ChangeKind.RESOLVED, CLEARED)

    def change(self, kind: ChangeKind, at: float) -> list[str]:
        words = {"rule": "r", "subject": "", "component": "", "severity": "high", "title": "T", "since": at}
        one = Change(kind=kind, at=at, device=self.device, fault=self.fault, impact=Impact.DEGRADED, **words)  # type: ignore[arg-type]
        with self.store.transaction() as tx:
            return [event.event for event in lifecycle.apply_changes(tx, [one])]

    def read(self, at: float, pages: int, *, answers: bool = True) -> None:
        meter = Meter(name="total", value=pages, unit="impressions", part=None, source=OID)
        snapshot = Snapshot(
            address=Address("192.0.2.1"), at=at, reachable=answers, meters=(meter,) if answers else None
        )
        with self.store.transaction() as tx:
            if answers:
                ledger.record_counters(tx, self.device.key, snapshot)
            record.record_snapshot(tx, self.device.key, snapshot)

    def look(self, days: float) -> list[dict]:
        """Look so many days after the ticket was cleared; return what was verified by what."""
        with self.store.transaction() as tx:
            before = tx.execute("SELECT coalesce(max(seq), 0) AS n FROM outbox_event").fetchone()["n"]
            verification.verify_cleared(tx, SENDER, CLEARED + days * DAY, HOW.__getitem__, BERLIN)
            rows = tx.execute(
                "SELECT data FROM outbox_event WHERE seq > ? ORDER BY seq", (before,)
            ).fetchall()
        told = [json.loads(row["data"]) for row in rows]
        assert {one["event"] for one in told} <= {"verified"}
        return [one["evidence"]["verified_by"] for one in told]


def test_work_needs_pages_and_working_days(store: Store) -> None:
    printer = Printer(store, "feed.jams")
    assert printer.look(0.01) == [], "from here on pages count"
    printer.read(CLEARED + 1 * DAY, 1300)
    assert printer.look(2.1) == [], "a weekend has no working day"
    printer.read(CLEARED + 3.5 * DAY, 1350)
    assert printer.look(3.6) == [], "Friday afternoon and Monday are one and a half"
    (found,) = printer.look(4.6)
    assert (found["what"], found["pages"], found["working_days"]) == ("work", 350, 2)
    assert printer.look(5.0) == [], "once"


def test_work_without_pages_waits_for_thirty_days(store: Store) -> None:
    printer = Printer(store, "feed.jams")
    printer.look(0.01)
    printer.read(CLEARED + 10 * DAY, 1199)
    assert printer.look(10.0) == []
    assert printer.look(29.9) == []
    assert [one["what"] for one in printer.look(30.0)] == ["time"]


def test_what_comes_back_within_two_days_is_not_verified_and_counts_anew(store: Store) -> None:
    printer = Printer(store, "feed.jams")
    printer.look(0.01)
    printer.read(CLEARED + 1.5 * DAY, 1900)
    assert printer.change(ChangeKind.OPENED, CLEARED + 1.5 * DAY) == ["reopen"]
    assert printer.look(4.0) == []
    assert printer.change(ChangeKind.RESOLVED, CLEARED + 5 * DAY) == ["clear"]
    assert printer.look(5.01) == []
    printer.read(CLEARED + 6 * DAY, 2000)
    assert printer.look(8.0) == [], "100 pages since it was cleared again"
    printer.read(CLEARED + 8 * DAY, 2101)
    assert [one["what"] for one in printer.look(8.1)] == ["work"]
    assert printer.change(ChangeKind.OPENED, CLEARED + 9 * DAY) == ["open"], "a new ticket"


def test_uptime_needs_a_printer_that_answers(store: Store) -> None:
    printer = Printer(store, "device.offline")
    printer.read(CLEARED + 1 * DAY, 0, answers=False)
    assert printer.look(2.5) == []
    printer.read(CLEARED + 2.6 * DAY, 1001)
    assert [one["what"] for one in printer.look(2.7)] == ["uptime"]


def test_a_supply_needs_a_reading_after_it(store: Store) -> None:
    printer = Printer(store, "supply.low")
    assert printer.look(2.5) == []
    printer.read(CLEARED + 2.6 * DAY, 1001)
    assert [one["what"] for one in printer.look(2.7)] == ["reading"]


def test_a_reset_counter_gives_no_pages_away(store: Store) -> None:
    """The control: the raw counter would jump by thousands."""
    printer = Printer(store, "feed.jams")
    printer.look(0.01)
    printer.read(CLEARED + 5 * DAY, 3)
    printer.read(CLEARED + 6 * DAY, 50)
    assert printer.look(6.1) == []


def test_a_ticket_of_the_site_is_verified_by_time(store: Store) -> None:
    site = make_site_device("S-04")
    with store.transaction() as tx:
        for kind, at in ((ChangeKind.OPENED, CLEARED - DAY), (ChangeKind.RESOLVED, CLEARED)):
            words = {
                "rule": "r",
                "subject": "",
                "component": "",
                "severity": "high",
                "title": "T",
                "since": at,
            }
            lifecycle.apply_changes(
                tx,
                [Change(kind=kind, at=at, device=site, fault="own.fault", impact=Impact.DEGRADED, **words)],  # type: ignore[arg-type]
            )
        assert verification.verify_cleared(tx, SENDER, CLEARED + 29 * DAY, HOW.__getitem__, BERLIN) == 0
        assert verification.verify_cleared(tx, SENDER, CLEARED + 30 * DAY, HOW.__getitem__, BERLIN) == 1


def test_an_old_state_is_not_verified_all_at_once(store: Store) -> None:
    printer = Printer(store, "own.fault")
    assert printer.look(91.0) == [], "what was cleared so long ago is over"


def test_each_shipped_fault_says_how_it_is_verified() -> None:
    found = {key: fault.verify for key, fault in loader.load_faults().items()}
    assert found["feed.jams"] == found["fuser.failure"] == "work"
    assert found["device.offline"] == "uptime"
    assert found["supply.low"] == found["meter.untrusted"] == "reading"
    acted = {key for key, fault in loader.load_faults().items() if fault.acts == "technician"}
    assert {found[key] for key in acted} <= {"work", "uptime"}, "a visit is measured by the printer"
