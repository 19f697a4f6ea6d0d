"""Supplies of which a maker's own table, its codes, its rows or its words say more than the Printer MIB.

One site has several printers, so that one agent reads all cases of a test.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from field_site import MAC, SERIAL, FieldPrinter, FieldSite
from loopback import own

from agent.core.model import Supply
from agent.core.store import open_reader
from agent.history import facts
from agent.simulator.ber import BerValue, oid
from agent.simulator.mib import octets, oid_value

BASE = Path(__file__).parent / "supply_low_by_bit" / "field.snmprec"
ENTERPRISE, SUPPLIES, ALERT = "1.3.6.1.4.1.", "1.3.6.1.2.1.43.11.1.1", "1.3.6.1.2.1.43.18.1.1"
RICOH, LEXMARK = f"{ENTERPRISE}367.3.2.1.2.24.1.1", f"{ENTERPRISE}641.6.4.4.1.1"
BROTHER_RECORD = f"{ENTERPRISE}2435.2.3.9.4.2.1.5.5.8.0"
HP_SERIAL = f"{ENTERPRISE}11.2.3.9.4.2.1.4.1.10.1.1.3"
ERRORS, CONSOLE = "1.3.6.1.2.1.25.3.5.1.2.1", "1.3.6.1.2.1.43.16.5.1.2.1.1"
STATUS, DESCR = "1.3.6.1.2.1.25.3.2.1.5.1", "1.3.6.1.2.1.25.3.2.1.3.1"
COLUMNS = {"kind": 4, "type": 5, "text": 6, "unit": 7, "max": 8, "level": 9}
VAGUE = {"max": -2, "level": -3}
COLOURS = ("Black", "Cyan", "Magenta", "Yellow")
FOUR = {row: {"text": f"{colour} Toner", **VAGUE} for row, colour in enumerate(COLOURS, start=1)}
LOW_BIT = octets(b"\x20")

Rows = Mapping[int, Mapping[str, Any]]
Values = Mapping[str, BerValue | int | str]
Tickets = list[tuple[str, str]]


def place_printer(site: FieldSite, number: int, maker: str, rows: Rows, values: Values) -> FieldPrinter:
    """Place a printer with these rows of supplies and further values at the address of this number."""
    printer = FieldPrinter.from_walk(BASE, site.clock)
    table = oid("1.3.6.1.2.1.43.11")
    for place in [place for place in printer.values if place[: len(table)] == table]:
        del printer.values[place]
    model = "HP LaserJet M507" if maker.startswith("11.") else "Press 4100"
    fixed: Values = {
        "1.3.6.1.2.1.1.2.0": oid_value(oid(ENTERPRISE + maker)), DESCR: model, SERIAL: f"CN9{number}00{number}71",
        MAC: octets(bytes.fromhex(f"001b7800a{number}77")), ERRORS: octets(b"\0"), STATUS: 2, CONSOLE: "Ready",
    }  # fmt: skip
    for row, cells in rows.items():
        show_supply(printer, row, **cells)
    for place, value in {**fixed, **values}.items():
        printer.show(place, value)
    return site.place(own(f"9.{number}"), printer)


def show_supply(printer: FieldPrinter, row: int, **cells: Any) -> None:
    for name, value in {"kind": 3, "type": 3, "unit": 7, **cells}.items():
        printer.show(f"{SUPPLIES}.{COLUMNS[name]}.1.{row}", value)


def alert_row(row: int, **cells: int | str) -> Values:
    """A row of prtAlertTable: severity, group, index, code, text."""
    columns = {"severity": 2, "group": 4, "index": 5, "code": 7, "text": 8}
    shown = {"severity": 5, "group": 11, "index": -1, "code": 1, "text": "", **cells}
    return {f"{ALERT}.{columns[name]}.1.{row}": value for name, value in shown.items()}


def table(base: str, columns: Mapping[int, list[Any]], index: str = "") -> Values:
    """Columns of a maker's table, the first row at 1."""
    return {
        f"{base}.{column}.{index}{row}": value
        for column, cells in columns.items()
        for row, value in enumerate(cells, start=1)
    }


def read_supplies(site: FieldSite, number: int) -> list[Supply]:
    key = device_key(site, number)
    with closing(open_reader(site.agent.config.database_path)) as db:
        return list(facts.load_last_supplies(db, key))


def device_key(site: FieldSite, number: int) -> str:
    return next(key for key, one in site.devices().items() if one.address.host == own(f"9.{number}"))


def orders(site: FieldSite, number: int) -> Tickets:
    """The open tickets about supplies of the printer at this address: (component, severity)."""
    key = device_key(site, number)
    found = [one for one in site.tickets() if one.device == key and one.fault.startswith("supply")]
    return sorted((one.component, one.severity) for one in found)


RICOH_NAMES = ["Black Toner", "Cyan Toner", "Magenta Toner", "Yellow Toner"]
LASER_RECORD = octets(
    bytes.fromhex(
        "63010400000001 41010400002260 31010400000001 6f010400000320 70010400001d4c 71010400002328 "
        "72010400002710 ff"
    )
)
INK_RECORD = octets(bytes.fromhex("a101020114a201020c14a301021414a401020b14ff"))
LEXMARK_TABLE = table(
    LEXMARK,
    {
        3: [6, 6, 7], 4: ["black", "cyan", "none"], 5: ["Black Cartridge", "Cyan Cartridge", "Photoconductor"],
        6: ["CAJ1234567", "CAJ7654321", ""], 7: ["71B0010", "71B0020", ""], 14: [6000, 2300, 125000],
        16: [480, 1150, 100000],
    },
    "1.",
)  # fmt: skip

CASES: dict[str, tuple[str, Rows, Values, dict[str, int | None], Tickets]] = {
    "Ricoh's codes: low, some left, and an empty one": (
        "367.1.1",
        FOUR,
        table(RICOH, {3: RICOH_NAMES, 5: [-100, 60, -3, 0]}),
        {"1.1": None, "1.2": 60, "1.3": None, "1.4": 0},
        [("toner:black", "normal"), ("toner:yellow", "high")],
    ),
    "Ricoh without a table of the standard, named in no known language": (
        "367.1.1",
        {},
        table(RICOH, {3: ["t1", "t2", "t3", "t4"], 5: [70, -100, 90, 8]}),
        {"1.1": 70, "1.2": None, "1.3": 90, "1.4": 8},
        [("toner:cyan", "normal"), ("toner:yellow", "normal")],
    ),
    "Brother laser, from its record alone": (
        "2435.2.3.9.1",
        {},
        {BROTHER_RECORD: LASER_RECORD, DESCR: "Brother MFC-L8690CDW"},
        {"1.1": 8, "1.2": 75, "1.3": 90, "1.4": 100, "1.5": 88},
        [("toner:black", "normal")],
    ),
    "Brother's 0 of an unknown capacity is no more than its record": (
        "2435.2.3.9.1",
        {1: {"text": "Black Toner Cartridge", "max": -2, "level": 0}},
        {BROTHER_RECORD: octets(bytes.fromhex("6f010400001d4c ff")), DESCR: "Brother HL-2270DW"},
        {"1.1": 75},
        [],
    ),
    "Brother ink, from its record of steps alone": (
        "2435.2.3.9.1",
        {},
        {BROTHER_RECORD: INK_RECORD, DESCR: "Brother MFC-J5320DW"},
        {"1.1": 5, "1.2": 60, "1.3": 100, "1.4": 55},
        [("ink:black", "normal")],
    ),
    "Lexmark's own table, in another order": (
        "641.2.1",
        {1: FOUR[2], 2: FOUR[1], 3: {"text": "Photoconductor", "type": 9, **VAGUE}},
        LEXMARK_TABLE,
        {"1.1": 50, "1.2": 8, "1.3": 80},
        [("toner:black", "normal")],
    ),
    "HP's serial, beside a level of the standard": (
        "11.2.3.9.1",
        {1: {"text": "Black Cartridge HP CF289X", "unit": 19, "max": 100, "level": 7}},
        {f"{HP_SERIAL}.1.0": octets(b"\x01\x1512345HP678")},
        {"1.1": 7},
        [("toner:black", "normal")],
    ),
}  # fmt: skip


async def test_each_supply_has_its_best_source(field) -> None:
    async with field("9.0/28") as site:
        for number, (maker, rows, values, _, _) in enumerate(CASES.values(), start=1):
            place_printer(site, number, maker, rows, values)
        await site.find()
        await site.pass_hours(3)
        for number, (case, (_, _, _, levels, expected)) in enumerate(CASES.items(), start=1):
            found = {one.index: one.percent for one in read_supplies(site, number)}
            assert (case, found, orders(site, number)) == (case, levels, expected)
        sources = {one.index: (one.level_source, one.serial) for one in read_supplies(site, 6)}
        assert sources["1.2"] == (f"{LEXMARK}.16.1.1", "CAJ1234567")
        assert read_supplies(site, 3)[0].level_source == f"{BROTHER_RECORD}#6f"
        assert [one.serial for one in read_supplies(site, 7)] == ["12345HP678"]
        told = [event["printer"]["supplies"] for event in site.events("mps.ticket/1")]
        serials = {one["serial"]: one["source"] for supplies in told for one in supplies if one["serial"]}
        assert serials["12345HP678"] == f"{SUPPLIES}.9.1.1"
        assert serials["CAJ1234567"] == f"{LEXMARK}.16.1.1"


REPORTS: dict[str, tuple[Rows, Values, Tickets]] = {
    "a unary row of one place": (FOUR, alert_row(1, severity=4, index=3, code=1104), [("toner:magenta", "normal")]),
    "two coded rows": (
        FOUR,
        {**alert_row(1, index=1, code=1104), **alert_row(2, index=4, code=1122)},
        [("toner:black", "normal"), ("toner:yellow", "normal")],
    ),
    "words of the panel that name one": (FOUR, {CONSOLE: "Toner cyan fast leer", ERRORS: LOW_BIT},
                                         [("toner:cyan", "normal")]),
    "a bit alone": (FOUR, {ERRORS: LOW_BIT}, [("toner:any", "normal")]),
    "a row about one that has a number explains the bit": (
        {1: FOUR[1], 2: {"text": "Cyan Toner", "max": 100, "level": 40}},
        {ERRORS: LOW_BIT, **alert_row(1, index=2, code=1104)},
        [],
    ),
    "an empty one that stops the printer": (
        FOUR,
        {STATUS: 5, ERRORS: octets(b"\x12"), **alert_row(1, severity=3, index=2, code=1101)},
        [("toner:cyan", "high")],
    ),
}  # fmt: skip


async def test_a_supply_without_a_number_has_one_order_by_what_is_reported(field) -> None:
    async with field("9.0/29") as site:
        for number, (rows, values, _) in enumerate(REPORTS.values(), start=1):
            place_printer(site, number, "99999.1", rows, values)
        await site.find()
        await site.pass_hours(3)
        for number, (case, (_, _, expected)) in enumerate(REPORTS.items(), start=1):
            assert (case, orders(site, number)) == (case, expected)


async def test_one_cartridge_keeps_its_order_whatever_says_it(field) -> None:
    """A row, then a number; a row that is away for a poll; a bit, then a row that names a cartridge."""
    async with field("9.0/29") as site:
        first = place_printer(site, 1, "99999.1", FOUR, alert_row(1, index=1, code=1104))
        low = {"text": "Black Toner", "max": 100, "level": 8}
        second = place_printer(
            site, 2, "99999.1", {1: low, 2: {**low, "text": "Cyan Toner", "level": 70}}, {}
        )
        third = place_printer(site, 3, "99999.1", FOUR, {ERRORS: LOW_BIT})
        await site.find()
        await site.pass_hours(3)
        show_supply(first, 1, text="Black Toner", max=100, level=6)
        for column in COLUMNS.values():
            second.show(f"{SUPPLIES}.{column}.1.1", None)
        for place, value in alert_row(1, index=3, code=1104).items():
            third.show(place, value)
        await site.pass_hours(1)
        show_supply(second, 1, **low)
        await site.pass_hours(30)
        names = {device_key(site, number): number for number in (1, 2, 3)}
        opened = [event for event in site.events("mps.ticket/1") if event["event"] in {"open", "reopen"}]
        assert sorted((names[one["device"]["device_key"]], one["fault"]["component"]) for one in opened) == [
            (1, "toner:black"), (2, "toner:black"), (3, "toner:any")
        ]  # fmt: skip
        assert [orders(site, number) for number in (1, 2, 3)] == [
            [("toner:black", "normal")], [("toner:black", "normal")], [("toner:any", "normal")]
        ]  # fmt: skip


WASTE = {"type": 4, "text": "Waste Toner Box", "unit": 19, "max": 100}


@pytest.mark.parametrize("kind", [4, 3])
async def test_a_waste_box_is_ordered_for_in_either_direction(field, kind: int) -> None:
    """By the MIB a receptacle's level is the room left; much firmware counts how full it is, in any class."""
    async with field("9.0/29") as site:
        falls = place_printer(
            site, 1, "99999.1", {1: {**WASTE, "kind": kind, "level": 60}}, {DESCR: "Acme Falls 10"}
        )
        rises = place_printer(
            site, 2, "99999.1", {1: {**WASTE, "kind": kind, "level": 40}}, {DESCR: "Acme Rises 20"}
        )
        await site.find()
        for step in range(1, 7):
            show_supply(falls, 1, **WASTE, kind=kind, level=60 - 9 * step)
            show_supply(rises, 1, **WASTE, kind=kind, level=40 + 9 * step)
            await site.pass_hours(1)
        assert (orders(site, 1), orders(site, 2)) == ([], [])
        await site.pass_hours(3)
        assert (orders(site, 1), orders(site, 2)) == (
            [("wasteToner:unknown", "normal")],
            [("wasteToner:unknown", "normal")],
        )


FULL_BOX: dict[str, tuple[Values, list[tuple[str, str]]]] = {
    "a unary row": (alert_row(1, severity=4, index=2, code=1107), [("wasteToner:unknown", "normal")]),
    "a row without a code": (
        alert_row(1, text="Resttonerbehälter fast voll"), [("wasteToner:unknown", "normal")]
    ),
    "two rows about one box": (
        {**alert_row(1, index=2, code=1109, severity=3), **alert_row(2, group=10, text="Waste toner box full")},
        [("wasteToner:unknown", "high")],
    ),
    "a row about something else": (alert_row(1, text="Output bin full"), []),
}  # fmt: skip


async def test_a_full_waste_box_is_one_order_whatever_says_it(field) -> None:
    async with field("9.0/29") as site:
        rows = {1: {"text": "Black Toner", "max": 100, "level": 80}, 2: {**WASTE, "kind": 4, "level": 8}}
        for number, (values, _) in enumerate(FULL_BOX.values(), start=1):
            place_printer(site, number, "99999.1", rows, values)
        await site.find()
        await site.pass_hours(3)
        for number, (case, (_, expected)) in enumerate(FULL_BOX.items(), start=1):
            assert (case, orders(site, number)) == (case, expected)


LEVELS: list[dict[str, tuple[dict[str, Any], int | None, str | None]]] = [  # row -> its percentage, its order
    {
        "Black Toner": ({"max": -1, "level": 0}, 0, "high"),
        "Cyan Toner": ({"max": -3, "level": 0}, 0, "high"),
        "Magenta Toner": ({"unit": 19, "max": 0, "level": 5}, 5, "normal"),
        "Yellow Toner": ({"max": -2, "level": 40}, None, None),
    },
    {
        "Toner noir": ({"unit": 19, "max": 12000, "level": 100}, 100, None),
        "Cyantoner": ({"unit": 15, "max": 200, "level": 300}, 100, None),
        "Пурпурный тонер": ({"max": 100, "level": 2147483647}, None, None),
        "黄色墨粉": ({"max": 100, "level": -1}, None, None),
    },
    {
        "TK-5240": ({"max": 100, "level": 4}, 4, "normal"),
        "TK-5241": ({"max": 100, "level": 4}, 4, "normal"),
        "Toner Cartridge": ({"unit": 19, "max": -2, "level": 1}, 1, "high"),
    },
]


async def test_a_level_is_read_by_what_its_numbers_can_mean(field) -> None:
    async with field("9.0/29") as site:
        for number, rows in enumerate(LEVELS, start=1):
            cells = {
                row: {"text": text, **one} for row, (text, (one, _, _)) in enumerate(rows.items(), start=1)
            }
            place_printer(site, number, "99999.1", cells, {})
        await site.find()
        await site.pass_hours(3)
        for number, rows in enumerate(LEVELS, start=1):
            found = {one.description: one.percent for one in read_supplies(site, number)}
            assert found == {text: percent for text, (_, percent, _) in rows.items()}
            wanted = sorted(severity for _, _, severity in rows.values() if severity)
            assert sorted(severity for _, severity in orders(site, number)) == wanted
        colours = [one.colour for one in read_supplies(site, 2)]
        assert colours == ["black", "cyan", "magenta", "yellow"]
        assert [component for component, _ in orders(site, 3)] == [
            "toner:unknown", "toner:unknown 2", "toner:unknown 3"
        ]  # fmt: skip
