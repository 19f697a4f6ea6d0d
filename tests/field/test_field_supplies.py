"""Supplies whose level is no plain number: the level that is read, and one ticket for each cartridge."""

from contextlib import closing
from pathlib import Path

import pytest
from field_site import FieldSite
from loopback import own

from agent.core.store import open_reader
from agent.history import facts

FIELD = Path(__file__).parent
FIRST, SECOND = "1.3.6.1.2.1.43.11.1.1.9.1.1", "1.3.6.1.2.1.43.11.1.1.9.1.2"
EMPTY = [("supply.low", "ink:photo black", "high")] + [
    ("supply.low", f"toner:{colour}", "high") for colour in ("black", "magenta", "yellow")
]
EMPTY_LEVELS = {"1.1": 0, "1.2": None, "1.3": 0, "1.4": 0, "1.5": 0}
LOW_BLACK = [("supply.low", "toner:black", "normal")]
EMPTY_BLACK = [("supply.low", "toner:black", "high")]

CASES: list[tuple[str, dict[str, int | None], list[tuple[str, str, str]]]] = [
    ("supply_empty_without_capacity/field", EMPTY_LEVELS, EMPTY),
    ("supply_empty_without_capacity/capacity_absent", EMPTY_LEVELS, EMPTY),
    ("supply_empty_without_capacity/capacity_unsigned", EMPTY_LEVELS, EMPTY),
    ("supply_percent_beside_pages/field", {"1.1": 60, "1.2": 60, "1.3": 73}, []),
    ("supply_percent_beside_pages/full_and_small", {"1.1": 100, "1.2": 60, "1.3": 73}, []),
    ("supply_percent_beside_pages/level_above_capacity", {"1.1": 100, "1.2": 60, "1.3": 73}, []),
    ("supply_low_by_bit/field", {"1.1": None}, LOW_BLACK),
    ("supply_low_by_bit/words_alone", {"1.1": None}, LOW_BLACK),
    ("supply_low_by_bit/bit_and_row", {"1.1": None}, LOW_BLACK),
    ("supply_empty_by_bit/field", {"1.1": None}, EMPTY_BLACK),
    ("supply_empty_by_bit/uncoded_row", {"1.1": None}, EMPTY_BLACK),
    ("supply_empty_by_bit/unary_row", {"1.1": None}, EMPTY_BLACK),
    (
        "supply_number_in_makers_record/field",
        {"1.1": 8, "1.2": 95, "1.3": 97, "1.4": 97},
        [("supply.low", "ink:black", "normal")],
    ),
    ("supply_number_in_makers_record/old_record", {"1.1": 20, "1.2": 100, "1.3": 75, "1.4": 75}, []),
    ("supply_number_in_makers_record/ricoh_table", {"1.1": 8}, LOW_BLACK),
]


def percents(site: FieldSite) -> dict[str, int | None]:
    """The supplies as the history has them."""
    (key,) = site.devices()
    with closing(open_reader(site.agent.config.database_path)) as db:
        return {one.index: one.percent for one in facts.load_last_supplies(db, key)}


def tickets(site: FieldSite) -> list[tuple[str, str, str]]:
    return sorted((one.fault, one.component, one.severity) for one in site.tickets() if "supply" in one.fault)


@pytest.mark.parametrize(("case", "levels", "expected"), CASES, ids=[case for case, _, _ in CASES])
async def test_the_level_is_read_and_a_cartridge_has_one_ticket(
    field, case: str, levels: dict[str, int | None], expected: list[tuple[str, str, str]]
) -> None:
    async with field("9.0/29") as site:
        site.place(own("9.1"), FIELD / f"{case}.snmprec")
        await site.find()
        await site.pass_hours(3)
        assert (percents(site), tickets(site)) == (levels, expected)


@pytest.mark.parametrize("case", ["field", "three_blacks", "same_text"])
async def test_two_cartridges_of_one_colour_are_two_orders(field, case: str) -> None:
    async with field("9.0/29") as site:
        printer = site.place(own("9.1"), FIELD / "supply_two_of_one_colour" / f"{case}.snmprec")
        await site.find()
        await site.pass_hours(2)
        printer.show(FIRST, 5)
        await site.pass_hours(6)
        printer.show(SECOND, 4)
        await site.pass_hours(6)
        assert tickets(site) == [
            ("supply.low", "toner:black", "normal"), ("supply.low", "toner:black 2", "normal")
        ]  # fmt: skip
