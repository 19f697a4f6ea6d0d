"""Every folder in `cases` is a printer with a quirk: a walk, and what has to come of it.

A bug report becomes a folder. `expected.json` says in `about` what it is about; the rest may leave
out what does not matter to the case.
"""

import json
from pathlib import Path

import pytest

from agent.collectors._printer_mib.mib_reader import MibRow
from agent.collectors._vendor import supply_colours

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_the_case_reads_as_expected(name, printed, differences):
    expected = json.loads((CASES / name / "expected.json").read_text("utf-8"))
    about = expected.pop("about")
    found = differences(printed(CASES / name / "walk.snmprec"), expected)
    assert not found, f"{about}\n" + "\n".join(found)


def test_there_are_at_least_ten_quirks():
    assert len(NAMES) >= 10


@pytest.mark.parametrize(
    ("table", "flipped", "case"),
    [
        (
            "agent.collectors._printer_mib.labels.SUPPLY_CLASS",
            {3: "receptacle", 4: "consumed"},
            "parts-inside-descriptions",
        ),
        (
            "agent.collectors._printer_mib.labels.SEVERITY",
            {3: "warning", 4: "critical"},
            "every-open-alert-stands",
        ),
        (
            "agent.collectors._vendor.supply_colours._WORD",
            {"black": "cyan", "cyan": "black"},
            "colours-by-word-never-by-place",
        ),
        (
            "agent.collectors._printer_mib.labels.COVER_STATE",
            {3: "closed", 4: "open"},
            "every-open-alert-stands",
        ),
        ("agent.cli._probe_document._RAW", {}, "levels-below-zero"),
    ],
)
def test_a_flipped_meaning_breaks_a_case(table, flipped, case, printed, differences, monkeypatch):
    """The cases can fail: each meaning, turned round, is caught by the case that is there for it."""
    expected = json.loads((CASES / case / "expected.json").read_text("utf-8"))
    expected.pop("about")
    supply_colours.find_named_colour.cache_clear()
    monkeypatch.setattr(table, flipped)
    try:
        try:
            found = differences(printed(CASES / case / "walk.snmprec"), expected)
        except KeyError as broken:
            found = [str(broken)]
    finally:
        supply_colours.find_named_colour.cache_clear()
    assert found


def test_minus_three_taken_for_a_number_breaks_a_case(printed, differences, monkeypatch):
    monkeypatch.setattr(MibRow, "read_amount", MibRow.read_number)
    case = CASES / "levels-below-zero"
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    assert differences(printed(case / "walk.snmprec"), {"supplies": expected["supplies"]})
