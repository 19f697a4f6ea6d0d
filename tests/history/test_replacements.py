"""When a cartridge was replaced, as rows of readings: a level, or a level and a serial number."""

import pytest

from agent.core.model import Supply
from agent.history.replacements import SupplyInstall, keep_marks, update_install

STORIES = [
    # name, readings (hourly), when it was replaced
    ("used up, and a new one put in", [9, 8, 100, 100, 100, 99], 2),
    ("replaced before it was empty", [30, 90, 90, 90], 1),
    ("shaken: ten points are no new cartridge", [8, 18, 18, 17, 17, 16], None),
    ("one odd reading", [8, 60, 8, 8], None),
    ("two odd readings", [8, 60, 60, 8, 8], None),
    ("a wobble between two steps of a coarse gauge", [25, 50, 25, 50, 25, 50], None),
    ("a number after a time without", [8, None, 95, None, 95, 95], 2),
    ("another serial tells at once", [(40, "A"), (41, "B")], 1),
    ("the same serial with more in it is still three readings", [(8, "A"), (80, "A"), (80, "A")], None),
    ("a serial that is not read now and then", [(40, "A"), (40, None), (39, "A")], None),
    ("twice replaced", [5, 100, 100, 100, 3, 100, 100, 100], 5),
    ("the first reading replaces nothing", [100, 100, 100, 100], None),
]


@pytest.mark.parametrize(("name", "readings", "replaced"), STORIES, ids=[s[0] for s in STORIES])
def test_replaced(name, readings, replaced):
    life = SupplyInstall()
    for hour, reading in enumerate(readings):
        level, serial = reading if isinstance(reading, tuple) else (reading, None)
        life = update_install(life, level, serial, float(hour))
    assert life.renewed == replaced


@pytest.mark.parametrize(
    ("name", "level", "serial", "text", "kept"),
    [
        ("not asked for in this poll", 39, None, "Black", "A1"),
        ("another one", 39, "B2", "Black", "B2"),
        ("the level rose: perhaps another cartridge", 95, None, "Black", None),
        ("a text of its own, which told it", 39, None, "Black, no SN", None),
    ],
)
def test_a_serial_is_kept_over_polls_that_do_not_ask_for_it(name, level, serial, text, kept):
    before = Supply(index="1.1", level=40, max=100, description="Black", serial="A1")
    now = Supply(index="1.1", level=level, max=100, description=text, serial=serial)
    assert keep_marks([before], [now])[0].serial == kept, name
