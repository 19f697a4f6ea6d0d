"""assets.csv as spreadsheets save it: found by serial or MAC, wrong lines told, nothing computed on the way out."""

import csv
import io

import pytest

from agent.contracts.assets import Asset, format_assets, parse_assets
from agent.core.errors import ConfigError
from tests.contracts.conftest import make_device

HEADING = "serial,mac,asset_tag,managed,contract,territory,voltage"


def test_a_printer_is_found_by_its_serial_and_else_by_its_mac() -> None:
    listed = parse_assets(
        f"{HEADING}\nPHBLL12345,,A-1,yes,K-1,60601,110V\n,00:11:22:33:44:55,A-2,no,,,\n", "assets.csv"
    )
    by_serial = listed.find_asset(make_device(serial="phbll12345", mac="001122334455"))
    assert by_serial == Asset(
        serial="PHBLL12345", asset_tag="A-1", contract="K-1", territory="60601", voltage="110V"
    )
    by_mac = listed.find_asset(make_device(serial=None, mac="001122334455"))
    assert by_mac is not None
    assert (by_mac.asset_tag, by_mac.managed) == ("A-2", False)
    assert listed.find_asset(make_device(serial="OTHER", mac=None)) is None


SAVED = [
    "serial;asset_tag\r\nS1;A-1\r\n",
    "\ufeffserial,asset_tag\nS1,A-1\n\n",
    "Serial\tAsset_Tag\nS1\tA-1",
    'serial,asset_tag\n"S1","A-1"\n,,\n',
    "serial,asset_tag,location\nS1,A-1\n",
]


@pytest.mark.parametrize("text", SAVED)
def test_it_is_read_as_spreadsheets_save_it(text: str) -> None:
    found = parse_assets(text.lstrip("\ufeff").replace("\r\n", "\n"), "assets.csv").assets
    assert [(one.serial, one.asset_tag) for one in found] == [("S1", "A-1")]


MISTAKES = [
    ("serial,assettag\nS1,A", "unknown column", "asset_tag", 1),
    ("asset_tag,managed\nA,yes", "neither serial nor mac", "first line names the columns", 1),
    ("serial,serial\nS1,S1", "stands twice", "remove one", 1),
    ("serial,mac\nS1,00:11:22", "is not a MAC address", "00:11:22:33:44:55", 2),
    ("serial,managed\nS1,perhaps", "neither yes nor no", "yes or no", 2),
    ("serial,asset_tag\nS1,A\n,B", "neither serial nor MAC", "one of them", 3),
    ("serial,asset_tag\nS1,A\nS2,B\ns1,C", "stands in line 2 already", "one line", 4),
    ("serial,in_service_since\nS1,12.11.2024", "is not a day", "2026-12-25", 2),
    ("serial,location\nS1,Floor 2, left", "has 3 cells", "into quotes", 2),
    ('serial,location\nS1,"Floor', "unexpected end", "a quote is missing", 2),
    ("serial,location\nS1," + "x" * 600, "is too long", "at most 500", 2),
    ("serial,location\nS1,a\x07b", "control characters", "at most 500", 2),
]


@pytest.mark.parametrize(("text", "reason", "hint", "line"), MISTAKES)
def test_a_mistake_is_told_with_its_line(text: str, reason: str, hint: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_assets(text, "assets.csv")
    (one,) = [it for it in caught.value.complaints if reason in it.reason]
    assert hint in one.suggestion
    assert one.line == line


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_assets("serial,managed,mac\nS1,perhaps,\nS2,,xx\n,yes,\n", "assets.csv")
    assert [one.line for one in caught.value.complaints] == [2, 3, 4]


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(A1)"])
def test_a_printer_that_calls_itself_a_formula_is_text_in_a_spreadsheet(text: str) -> None:
    told = format_assets([Asset(serial="S1", location=text)])
    (row,) = csv.DictReader(io.StringIO(told))
    assert row["location"] == f"'{text}"
    assert parse_assets(told, "assets.csv").assets == (Asset(serial="S1", location=text),), "and back again"


def test_what_is_written_is_read_again() -> None:
    rows = (
        Asset(serial="S1", mac="001122334455", managed=False, location='Floor "2", left', contract="K"),
        Asset(mac="aabbccddeeff", next_visit="2026-12-03"),
    )
    assert parse_assets(format_assets(rows), "assets.csv").assets == rows
