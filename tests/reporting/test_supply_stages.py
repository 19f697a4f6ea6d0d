"""A supply is told once a stage on its way to empty, and when it is replaced."""

import sqlite3
from contextlib import closing

import pytest

from agent.core.model import Address, Device, Facts, Forecasts, Supply, SupplyForecast, Vague
from agent.core.store import Store
from agent.reporting import supply_stages
from agent.reporting.events.rows import build_agent
from agent.reporting.events.supply_order_hint import build_supply_order_hint
from agent.reporting.supply_stages import StageMark

A, B = "A01", "B77"
DEVICE = Device(key="sn:1", address=Address("10.0.0.1"))
STORIES = [
    ("a full one is noted", [(80, None, None)], [None]),
    ("half when it is met", [(40, None, None)], ["stage half"]),
    ("down through every stage", [(100, None, None), (50, None, None), (25, None, None), (10, None, None), (0, None, None)],
     [None, "stage half", "stage low", "stage soon", "stage empty"]),
    ("a fall over two stages is one word", [(60, None, None), (8, None, None)], [None, "stage soon"]),
    ("a level that dances at the border says nothing new",
     [(51, None, None), (50, None, None), (52, None, None), (49, None, None)], [None, "stage half", None, None]),
    ("a shaken cartridge is no new one", [(8, A, None), (18, A, None), (8, A, None)], ["stage soon", None, None]),
    ("another serial number is", [(8, A, None), (100, B, None), (45, B, None)],
     ["stage soon", "replaced full", "stage half"]),
    ("so is one that was seen to be put in", [(8, None, None), (100, None, 500.0), (99, None, 500.0)],
     ["stage soon", "replaced full", None]),
    ("a serial number that is not read for once is no change", [(30, A, None), (29, None, None), (28, A, None)],
     ["stage half", None, None]),
]  # fmt: skip


def told(steps):
    mark, said = None, []
    for percent, serial, renewed in steps:
        now = StageMark(stage=supply_stages.find_stage(percent, None), serial=serial, renewed=renewed)
        mark, reason = supply_stages.advance_stage(mark, now)
        said.append(f"{reason} {supply_stages.STAGES[mark.stage]}" if reason else None)
    return said


@pytest.mark.parametrize(("steps", "expected"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES])
def test_stages(steps, expected):
    assert told(steps) == expected


@pytest.mark.parametrize(
    ("percent", "p10", "expected"),
    [
        (None, None, None), (100, None, 0), (51, None, 0), (50, None, 1), (11, None, 2), (10, None, 3), (0, None, 4),
        (None, 90.0, 0), (None, 60.0, 1), (None, 30.0, 2), (None, 10.0, 3), (None, 0.0, 3),
        (80, 9.0, 3), (5, 200.0, 3), (100, 500.0, 0),
    ],
)  # fmt: skip
def test_a_stage_is_reached_by_level_or_by_the_early_bound(percent, p10, expected):
    assert supply_stages.find_stage(percent, p10) == expected


def known(*supplies, p10=None):
    outlook = None if p10 is None else SupplyForecast(
        at=0.0, p10=p10, p50=2 * p10, p90=3 * p10, basis="learned", raw=p10, sigma=0.3, left=0.5,
        pages_left=100.0, pages_a_day=10.0, use=0.001,
    )  # fmt: skip
    return Facts(
        device=DEVICE, now=100.0, supplies=supplies,
        foresight=Forecasts(supplies={one.index: outlook for one in supplies if outlook}),
    )  # fmt: skip


def toner(level, **more):
    return Supply(index="1.1", type="toner", kind="consumed", colour="black", level=level, max=100, **more)


@pytest.fixture
def tx(tmp_path):
    with (
        closing(Store(tmp_path / "s.db", {"supply_stages": supply_stages.SCHEMA})) as store,
        store.transaction() as opened,
    ):
        yield opened


def test_what_was_told_is_remembered_and_what_found_no_room_is_told_again(tx: sqlite3.Connection):
    (hint,) = supply_stages.collect_hints(tx, known(toner(40)))
    (again,) = supply_stages.collect_hints(tx, known(toner(39)))  # nobody noted that it was told
    assert (hint.stage, again.stage) == ("half", "half")
    supply_stages.save_mark(tx, "sn:1", again.index, again.mark)
    assert supply_stages.collect_hints(tx, known(toner(38))) == []
    assert [one.stage for one in supply_stages.collect_hints(tx, known(toner(9)))] == ["soon"]


def test_what_gives_no_number_is_told_by_what_is_foreseen_and_else_not_at_all(tx: sqlite3.Connection):
    vague = toner(Vague.SOME_LEFT)
    assert supply_stages.collect_hints(tx, known(vague)) == []
    (hint,) = supply_stages.collect_hints(tx, known(vague, p10=8.0))
    supply = build_supply_order_hint(build_agent("", "S-04"), DEVICE, hint, 100.0).to_json()["supply"]
    assert (hint.stage, supply["percent"], supply["vague"]) == ("soon", None, "some_left")
    assert supply["days_left"] == {"p10": 8.0, "p50": 16.0, "p90": 24.0, "basis": "learned"}


def test_a_waste_box_is_not_ordered_by_how_full_of_toner_it_is(tx: sqlite3.Connection):
    box = Supply(index="1.9", type="wasteToner", kind="receptacle", level=3, max=100)
    assert supply_stages.collect_hints(tx, known(box)) == []
