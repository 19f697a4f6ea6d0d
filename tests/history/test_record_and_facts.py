"""Snapshots in, facts out."""

import sqlite3

import pytest

from agent.history import facts, record
from agent.model import (
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
    Vague,
)

DEVICE = Device(key="sn:S1", address=Address("192.0.2.1"))
JAM = Alert(index=3, code=8, name="jam", group="input", group_index=2, severity="critical")
BLACK = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=40, max=100)


@pytest.fixture
def tx():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for statement in record.SCHEMA[0].split(";"):
        db.execute(statement)
    yield db
    db.close()


def tell(tx, at, **parts):
    record.record(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=at, **parts))


def known(tx, now):
    return facts.facts(tx, DEVICE, now, SiteFacts(devices=4, unreachable=1))


def test_a_printer_never_read_is_unknown_in_every_part(tx):
    found = known(tx, 10)
    assert (found.last_answer, found.status, found.open_alerts, found.supplies, found.pages) == (None,) * 5


def test_what_was_read_comes_back_as_it_was(tx):
    status = Status(
        device=DeviceStatus.DOWN, printer=PrinterStatus.OTHER, errors=("jammed",), console=("Öffnen",)
    )
    vague = Supply(
        index="1.2", type="wasteToner", kind="receptacle", level=Vague.SOME_LEFT, max=Vague.UNKNOWN
    )
    tell(
        tx, 100, status=status, alerts=(JAM,), supplies=(BLACK, vague), meters=(Meter(name="total", value=7),)
    )
    found = known(tx, 160)
    assert found.status == status
    assert found.supplies == (BLACK, vague)
    assert [(e.alert, e.began, e.ended) for e in found.open_alerts] == [(JAM, 100, None)]
    assert (found.pages, found.errors_since, found.last_answer, found.answers_in_a_row) == (
        7,
        {"jammed": 100},
        100,
        1,
    )


def test_silence_changes_nothing_but_the_count_of_answers(tx):
    tell(tx, 100, alerts=(JAM,), supplies=(BLACK,))
    before = known(tx, 100)
    tell(tx, 200, reachable=False)
    after = known(tx, 100)
    assert after.answers_in_a_row == 0
    assert (after.open_alerts, after.supplies, after.last_answer) == (
        before.open_alerts,
        before.supplies,
        100,
    )


def test_a_part_that_was_not_asked_for_keeps_its_last_value(tx):
    tell(tx, 100, supplies=(BLACK,), alerts=(JAM,))
    tell(tx, 400, status=Status(device=DeviceStatus.RUNNING))
    found = known(tx, 400)
    assert (found.supplies, found.supplies_at, len(found.open_alerts)) == ((BLACK,), 100, 1)


def test_an_error_bit_keeps_the_time_when_it_was_first_seen(tx):
    for at, errors in ((100, ("jammed",)), (400, ("jammed", "doorOpen")), (700, ("doorOpen",))):
        tell(tx, at, status=Status(errors=errors))
    assert known(tx, 700).errors_since == {"doorOpen": 400}


def test_an_error_state_that_was_not_read_keeps_the_bits(tx):
    tell(tx, 100, status=Status(errors=("jammed",)))
    tell(tx, 400, status=Status(errors=None))
    assert known(tx, 400).errors_since == {"jammed": 100}


def test_a_level_that_did_not_change_adds_no_row(tx):
    for at in range(0, 3000, 300):
        tell(tx, at, supplies=(BLACK,))
    assert tx.execute("SELECT count(*) FROM series").fetchone()[0] == 1


def test_each_jam_is_counted_once(tx):
    for at, rows in (
        (0, ()),
        (300, (JAM,)),
        (600, (JAM,)),
        (900, ()),
        (1200, (Alert(index=4, code=8),)),
        (1500, ()),
    ):
        tell(tx, at, alerts=rows)
    found = known(tx, 1500)
    assert [(e.began, e.ended) for e in found.recent_alerts] == [(300, 900), (1200, 1500)]
    assert found.open_alerts == ()


def test_a_reboot_neither_closes_nor_doubles_an_open_alert(tx):
    tell(tx, 100, alerts=(JAM,), uptime=900_000)
    tell(
        tx,
        400,
        alerts=(Alert(index=1, code=8, name="jam", group="input", group_index=2, severity="critical"),),
        uptime=500,
    )
    assert [(e.began, e.ended) for e in known(tx, 400).recent_alerts] == [(100, None)]


@pytest.mark.parametrize(
    ("before", "now", "restarted"),
    [(None, 5, False), (100, 200, False), (200, 100, True), (2**32 - 100, 50, False), (100, None, False)],
)
def test_uptime_that_wraps_is_no_restart(before, now, restarted):
    assert record.fell(before, now) is restarted


def test_the_total_meter_is_kept_by_the_day(tx):
    for day in range(40):
        tell(tx, day * 86400.0, meters=(Meter(name="total", value=1000 + day),))
    found = known(tx, 39 * 86400.0)
    assert found.pages == 1039
    assert 28 <= len(found.pages_before) <= 31
