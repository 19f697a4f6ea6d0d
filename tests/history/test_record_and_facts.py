"""Snapshots in, facts out."""

import dataclasses
import json
import sqlite3
from dataclasses import replace

import pytest

from agent.core.model import (
    Address,
    Alert,
    Device,
    DeviceStatus,
    Identity,
    MediaPath,
    Meter,
    PrinterStatus,
    RecentHistory,
    SiteFacts,
    Snapshot,
    Status,
    Supply,
    Vague,
)
from agent.history import facts, record, series

DEVICE = Device(key="sn:S1", address=Address("192.0.2.1"))
JAM = Alert(index=3, code=8, name="jam", group="input", group_index=2, severity="critical")
BLACK = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=40, max=100)


@pytest.fixture
def tx():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for script in record.SCHEMA:
        for statement in script.split(";"):
            db.execute(statement)
    yield db
    db.close()


def tell(tx, at, **parts):
    record.record_snapshot(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=at, **parts))


def known(tx, now, **more):
    return facts.load_facts(tx, DEVICE, now, SiteFacts(devices=4, unreachable=1), **more)


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
    assert tx.execute("SELECT count(*) FROM series_value").fetchone()[0] == 1


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
    assert record.has_restarted(before, now) is restarted


def test_the_total_meter_is_kept_by_the_day(tx):
    for day in range(40):
        tell(tx, day * 86400.0, meters=(Meter(name="total", value=1000 + day),))
    found = known(tx, 39 * 86400.0)
    assert found.pages == 1039
    assert 28 <= len(found.pages_before) <= 31


def test_record_says_which_parts_changed(tx):
    def changed(at, **parts):
        return record.record_snapshot(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=at, **parts))

    running = Status(device=DeviceStatus.RUNNING)
    assert changed(0, status=running, alerts=(JAM,), supplies=(BLACK,)) >= {"status", "alerts", "supplies"}
    assert changed(300, status=running, alerts=(JAM,), supplies=(BLACK,)) == {"reach"}
    assert changed(600, status=running, alerts=()) == {"reach", "alerts"}
    assert changed(900, meters=(Meter(name="total", value=7),)) == {"reach", "meters"}
    assert changed(1200, reachable=False) == {"reach"}
    assert changed(1500, reachable=False) == set()
    back = changed(1800, status=running, alerts=())
    assert back == {"reach", "status", "alerts"}, "what comes back from silence is to be judged anew"


def test_a_silence_has_a_beginning_and_an_end(tx):
    for at, reachable in ((0, True), (300, False), (600, False), (900, True), (1200, True), (1500, False)):
        tell(tx, at, reachable=reachable)
    spans = [tuple(row) for row in tx.execute("SELECT began, ended FROM unreachable_period ORDER BY began")]
    assert spans == [(300, 900), (1500, None)]
    assert known(tx, 1500).answering_since is None


def test_it_has_answered_since_the_silence_or_the_restart(tx):
    tell(tx, 0, uptime=100_000)
    tell(tx, 300, uptime=130_000)
    assert known(tx, 300).answering_since == 0
    tell(tx, 600, uptime=500)
    assert known(tx, 600).answering_since == 600
    assert [(it.what, it.at) for it in known(tx, 600).happened] == [("reboot", 600)]


def test_a_replaced_cartridge_is_dated_to_when_its_level_rose(tx):
    for hour, level in enumerate((9, 8, 100, 100, 100)):
        supply = Supply(index="1.1", type="toner", kind="consumed", colour="black", level=level, max=100)
        tell(tx, hour * 3600.0, supplies=(supply,))
    assert known(tx, 4 * 3600.0).renewed == {"1.1": 2 * 3600.0}
    assert [(it.what, it.detail) for it in known(tx, 4 * 3600.0).happened] == [("replaced", "1.1")]


def test_the_first_version_of_the_tables_is_carried_over():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for statement in record.SCHEMA[0].split(";"):
        db.execute(statement)
    db.execute(
        "INSERT INTO latest (device, last_answer, answers_in_a_row, alerts_at) VALUES ('sn:S1', 9, 3, 9)"
    )
    db.executemany(
        "INSERT INTO series VALUES ('sn:S1', ?, ?, ?)", [("meter.total", 1, 7), ("supply.1", 2, "some_left")]
    )
    old = json.dumps(dataclasses.asdict(JAM))
    db.execute("INSERT INTO episode (device, began, alert) VALUES ('sn:S1', 5, ?)", (old,))
    for statement in (it for script in record.SCHEMA[1:] for it in script.split(";")):
        db.execute(statement)
    found = known(db, 9)
    assert [(it.alert, it.began) for it in found.open_alerts] == [(JAM, 5)]
    assert found.pages == 7
    assert list(series.load_values(db, "sn:S1", "supply.1", 0, 10)) == [(2, "some_left")]


COUNTS = [
    # name, the total at each reading, what happened
    ("a board that was swapped", [90_000, 90_010, 5, 9], [("backwards", 90_001)]),
    ("a counter that rolled over", [16_777_200, 16_777_210, 4, 30], [("rolled", 16_777_180)]),
    ("one odd reading", [90_000, 5, 90_010, 90_020], []),
    ("one odd reading upwards", [90_000, 990_000, 90_010, 90_020, 90_030], []),
    ("a rise that nothing prints", [90_000, 990_000, 990_001], [("jumped", 150.0)]),
    ("a rise of a busy hour", [90_000, 95_900, 95_950], []),
    ("as ever", [10, 20, 30], []),
]


@pytest.mark.parametrize(("name", "totals", "expected"), COUNTS, ids=[it[0] for it in COUNTS])
def test_a_counter_that_falls(tx, name, totals, expected):
    for hour, value in enumerate(totals):
        tell(tx, hour * 3600.0, meters=(Meter(name="total", value=value),))
    assert [(it.detail, it.count) for it in known(tx, 9 * 3600.0).happened] == expected


def test_alerts_that_came_and_went_between_two_polls_are_counted(tx):
    tell(tx, 0, alerts=(), all_events=10, uptime=1000)
    tell(tx, 300, alerts=(JAM,), all_events=14, uptime=31_000)
    tell(tx, 600, alerts=(), all_events=14, uptime=61_000)
    tell(tx, 900, alerts=(), all_events=0, uptime=100)
    assert [(it.what, it.count) for it in known(tx, 900).happened] == [("missed", 3), ("reboot", 0)]


def test_another_serial_number_of_the_same_printer_is_told(tx):
    for hour, serial in enumerate(("A1", None, "A1", "B7", "B7")):
        tell(tx, hour * 3600.0, identity=Identity(serial=serial))
    (it,) = known(tx, 9 * 3600.0).happened
    assert (it.what, it.detail, it.at) == ("serial", "A1 → B7", 3 * 3600.0)


@pytest.mark.parametrize(("speed", "learned"), [(2400, 2400), (40, None), (None, None), (10**9, None)])
def test_a_jump_is_measured_by_the_speed_that_the_printer_tells_if_it_can_be(tx, speed, learned):
    tell(tx, 0.0, media_paths=(MediaPath(index="1.1", speed=speed),))
    for hour, total in enumerate((1000, 13_000, 13_000)):
        tell(tx, hour * 3600.0, meters=(Meter(name="total", value=total),))
    found = known(tx, 9 * 3600.0)
    assert found.speed == learned
    assert [it.count for it in found.happened] == [12_000 / (learned or 6000)]


def test_after_a_long_silence_a_printer_may_have_printed_much(tx):
    for at, total in ((0.0, 1000), (10 * 3600.0, 50_000), (11 * 3600.0, 50_000)):
        tell(tx, at, meters=(Meter(name="total", value=total),))
    assert known(tx, 12 * 3600.0).happened == ()


def test_the_trail_tells_errors_silences_and_supplies_that_fell_while_no_page_was_counted(tx):
    toner = Supply(index="1.1", type="toner", kind="consumed", level=2000, max=4000)
    for hour, (total, level, errors) in enumerate(
        [(5, 2000, ()), (9, 2000, ("jammed",)), (9, 1600, ()), (9, 3000, ())]
    ):
        tell(
            tx,
            hour * 3600.0,
            meters=(Meter(name="total", value=total),),
            supplies=(replace(toner, level=level),),
            status=Status(errors=errors),
        )
    record.record_snapshot(tx, DEVICE.key, Snapshot(address=DEVICE.address, at=4 * 3600.0, reachable=False))
    trail = known(tx, 5 * 3600.0).trail
    assert trail.largest_drop == 10
    assert [(at / 3600.0, bits) for at, bits in trail.errors] == [
        (0, ()),
        (1, ("jammed",)),
        (2, ()),
        (4, None),
    ]
    assert known(tx, 5 * 3600.0, parts={"meters"}).trail == RecentHistory()
