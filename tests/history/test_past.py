"""What was known at an earlier time is what was known then."""

import sqlite3
from dataclasses import replace

import pytest

from agent.core import migrations
from agent.core.model import (
    Address,
    Alert,
    Device,
    DeviceStatus,
    Meter,
    PrinterStatus,
    SiteFacts,
    Snapshot,
    Status,
    Supply,
)
from agent.history import facts, record, retention
from agent.history.device_history import ALL_PARTS, DeviceHistory

HOUR, DAY = 3600.0, 86400.0
DEVICE = Device(key="sn:S1", address=Address("192.0.2.1"))
JAM = Alert(index=3, code=8, name="jam", group="input", group_index=2, severity="critical")
COVER = Alert(index=4, code=3, name="coverOpen", group="cover", group_index=1, severity="critical")
SITE = SiteFacts()


@pytest.fixture
def tx():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    migrations.create_tables(db, [record.SCHEMA])
    yield db
    db.close()


def day(tx, number):
    """One day of a printer's life, in which every hour something else happens."""
    begin = number * DAY
    for hour in range(24):
        at = begin + hour * HOUR
        if hour == 5:
            record.record_snapshot(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=at, reachable=False))
            continue
        down = hour in (8, 9)
        errors = ("jammed",) if down else ("doorOpen",) if hour == 10 else ()
        alerts = (JAM,) if down else (COVER,) if hour == 10 else ()
        status = Status(
            device=DeviceStatus.DOWN if down else DeviceStatus.RUNNING,
            printer=PrinterStatus.OTHER if down or hour < 5 else PrinterStatus.IDLE,
            errors=errors,
        )
        level = 100 - (number * 24 + hour) % 97
        supply = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=level, max=100)
        meters = (Meter(name="total", value=1000 + number * 240 + hour * 10),)
        record.record_snapshot(
            tx, DEVICE.key,
            Snapshot(address=DEVICE.address, at=at, status=status, alerts=alerts, supplies=(supply,), meters=meters),
        )  # fmt: skip
        yield at


# Not "renewed": a swap is believed after three readings and dated to the first, which the past knows at once.
COMPARED = ("last_answer", "status", "errors_since", "open_alerts", "recent_alerts", "supplies", "pages", "trail",
            "pages_before")  # fmt: skip


def test_looking_back_shows_what_was_known(tx):
    then = {}
    for number in range(40, 44):
        for at in day(tx, number):
            then[at] = facts.load_facts(tx, DEVICE, at, SITE)
    past = DeviceHistory.load(tx, DEVICE, 40 * DAY, 45 * DAY)
    for at, known in then.items():
        looked = past.facts_at(at, parts=ALL_PARTS)
        for name in COMPARED:
            assert getattr(looked, name) == getattr(known, name), (name, at / HOUR)
        assert bool(looked.answers_in_a_row) == bool(known.answers_in_a_row)


def test_nothing_of_the_future_is_known(tx):
    list(day(tx, 40))
    past = DeviceHistory.load(tx, DEVICE, 40 * DAY, 45 * DAY)
    jammed = past.facts_at(40 * DAY + 8.5 * HOUR)
    assert [it.ended for it in jammed.recent_alerts] == [None]
    assert jammed.pages == 1000 + 40 * 240 + 80


def test_silence_is_silence(tx):
    list(day(tx, 40))
    past = DeviceHistory.load(tx, DEVICE, 40 * DAY, 45 * DAY)
    assert past.is_silent(40 * DAY + 5.5 * HOUR)
    assert past.facts_at(40 * DAY + 5.5 * HOUR).answers_in_a_row == 0
    assert past.facts_at(40 * DAY + 6 * HOUR).answering_since == 40 * DAY + 6 * HOUR


def test_changes_are_those_of_the_parts_that_were_asked_for(tx):
    list(day(tx, 40))
    past = DeviceHistory.load(tx, DEVICE, 40 * DAY, 41 * DAY)
    assert {part for _, part, _ in past.list_changes({"alerts"})} == {"alerts", "reach"}
    begins = [at for at, part, _ in past.list_changes({"alerts"}) if part == "alerts"]
    assert [at / HOUR - 960 for at in begins] == [8, 10, 10, 11]


def test_page_counters_are_thinned_to_one_a_day_and_the_rest_is_kept(tx):
    for number in range(40):
        list(day(tx, number))
    rows = "SELECT count(*) FROM series_value JOIN series ON series.id = series WHERE name GLOB ?"
    levels = tx.execute(rows, ("supply.*",)).fetchone()[0]
    while retention.prune_rows(tx, 40 * DAY):
        pass
    assert tx.execute(rows, ("supply.*",)).fetchone()[0] == levels
    assert (
        tx.execute(rows, ("meter.*",)).fetchone()[0] == 6 + 35 * 23
    )  # the first of all, and the last of each day
    assert retention.load_thinned_until(tx) == 5 * DAY
    assert DeviceHistory.load(tx, DEVICE, 4 * DAY, 9 * DAY).thinned
    assert not DeviceHistory.load(tx, DEVICE, 6 * DAY, 9 * DAY).thinned
    assert (
        DeviceHistory.load(tx, DEVICE, 4 * DAY, 9 * DAY).facts_at(5 * DAY - 1).pages == 1000 + 4 * 240 + 230
    )


def test_after_400_days_all_is_forgotten_but_what_stands(tx):
    for at in (0.0, DAY, 2 * DAY):
        supply = Supply(index="1.1", type="toner", level=int(90 - at / DAY), max=100)
        jam = (JAM,) if at else ()
        record.record_snapshot(
            tx, DEVICE.key, Snapshot(address=DEVICE.address, at=at, supplies=(supply,), alerts=jam)
        )
    record.record_snapshot(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=3 * DAY, reachable=False))
    while retention.prune_rows(tx, 500 * DAY):
        pass
    past = DeviceHistory.load(tx, DEVICE, 499 * DAY, 500 * DAY)
    assert [it.level for it in past.facts_at(499.5 * DAY).supplies] == [88]
    assert [replace(it.alert, index=3) for it in past.facts_at(499.5 * DAY).open_alerts] == [JAM]
    assert past.is_silent(499.5 * DAY)


def test_tidying_is_done_by_and_by(tx, monkeypatch):
    monkeypatch.setattr(retention, "MAX_ROWS", 10)
    for number in range(3):
        list(day(tx, number))
    rounds = 0
    while retention.prune_rows(tx, 60 * DAY):
        rounds += 1
    assert rounds > 3
    kept = tx.execute(
        "SELECT count(*) FROM series_value JOIN series ON series.id = series WHERE name = 'meter.total'"
    )
    assert kept.fetchone()[0] == 4  # with the first of all
