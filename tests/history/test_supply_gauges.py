"""What watching a gauge teaches, as stories."""

import itertools
import sqlite3
from dataclasses import replace

import pytest

from agent.core.model import Address, Device, Supply, Vague
from agent.history import supply_gauges
from agent.history.supply_gauges import GaugeDirection, SupplyGauge

DEVICE = Device(key="sn:S1", address=Address("192.0.2.1"), vendor="Acme", model="X100")
SISTER = replace(DEVICE, key="sn:S2", address=Address("192.0.2.2"))
WASTE = Supply(index="1.7", type="wasteToner", kind="receptacle", level=50, max=100)

STORIES = [
    # name, levels, step, direction
    ("percent by percent", [90, 89, 88, 86, 85, 84], 1, GaugeDirection.ROOM_LEFT),
    ("steps of ten", [90, 80, 70, 60, 50, 40], 10, GaugeDirection.ROOM_LEFT),
    ("a box that tells its room", [60, 58, 55, 51, 50, 47], 1, GaugeDirection.ROOM_LEFT),
    ("a box that tells its fill", [40, 42, 45, 49, 50, 53], 1, GaugeDirection.FILL),
    ("too few moves teach no direction", [40, 42, 45, 49, 50], 1, None),
    ("a wobble teaches no direction", [50, 51, 50, 51, 50, 51, 50], 1, None),
    ("an emptied box does not turn the direction", [70, 74, 78, 82, 86, 90, 0, 4, 8], 4, GaugeDirection.FILL),
    ("a gauge that stands still teaches nothing", [50, 50, 50], None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "levels", "step", "direction"), STORIES, ids=[story[0] for story in STORIES]
)
def test_watching(story, levels, step, direction):
    gauge = SupplyGauge()
    for before, after in itertools.pairwise(levels):
        gauge = gauge.with_move(before, after, 100)
    assert (gauge.step, gauge.direction) == (step, direction)


@pytest.fixture
def tx():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for script in supply_gauges.SCHEMA:
        db.execute(script)
    yield db
    db.close()


def watch(tx, levels, device=DEVICE):
    readings = [replace(WASTE, level=level) for level in levels]
    for before, after in itertools.pairwise(readings):
        supply_gauges.learn_gauges(tx, device, [before], [after])


def test_what_one_printer_shows_holds_for_its_sisters(tx):
    watch(tx, [40, 42, 45, 47])
    watch(tx, [10, 12, 15], SISTER)
    assert supply_gauges.load_gauges(tx, SISTER)["wasteToner:unknown"].direction is GaugeDirection.FILL


def test_another_model_learns_for_itself(tx):
    watch(tx, [40, 42, 45, 47, 50, 52])
    assert supply_gauges.load_gauges(tx, replace(DEVICE, model="Y200")) == {}


def test_vague_levels_teach_nothing(tx):
    watch(tx, [Vague.SOME_LEFT, 40, Vague.UNKNOWN, 45])
    assert supply_gauges.load_gauges(tx, DEVICE) == {}


def test_another_supply_at_the_same_index_teaches_nothing(tx):
    supply_gauges.learn_gauges(tx, DEVICE, [WASTE], [replace(WASTE, type="fuser", level=49)])
    assert supply_gauges.load_gauges(tx, DEVICE) == {}


@pytest.mark.parametrize(
    ("gauge", "level", "filled"),
    [
        (SupplyGauge(falls=6), 20, {"1.7": 80}),  # 20 % of room left
        (SupplyGauge(rises=6), 20, {"1.7": 20}),
        (SupplyGauge(falls=3), 20, {}),  # not learned
        (SupplyGauge(falls=6), Vague.SOME_LEFT, {}),
    ],
)
def test_how_full_a_box_is_needs_a_learned_direction(gauge, level, filled):
    assert (
        supply_gauges.find_fill_levels([replace(WASTE, level=level)], {"wasteToner:unknown": gauge}) == filled
    )


def test_a_box_of_an_unknown_gauge_is_not_full_nor_empty():
    assert supply_gauges.find_fill_levels([WASTE], {}) == {}


def test_toner_is_no_receptacle():
    toner = replace(WASTE, type="toner", kind="consumed")
    assert (
        supply_gauges.find_fill_levels([toner], {supply_gauges.gauge_key(toner): SupplyGauge(falls=9)}) == {}
    )
