"""The tables of docs/benchmarks.md: whole, between their marks, and nothing else is touched."""

from pathlib import Path

import pytest

from benchmarks.foresight_fleets import tables

PARTS = (
    "tide of the site",
    "pull of long lives",
    "look back",
    "closed days",
    "a day's wait",
    "learned healthy rates",
    "age of parts",
    "time for repair",
)
DOCS = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def told(miss: float, lead: float | None) -> dict[str, object]:
    """What the scorer says of one fleet."""
    days = {"n": 9, "answered": 1.0, "mae": miss, "cover": 0.8}
    return {
        "supply": {"14": days, "7": days, "3": days, "alert5": {"missed": 0.07, "false": 0.25}},
        "supply_tri": {lead: {"n": 3, "mae": 8.0, "cover": 0.7} for lead in ("14", "7", "3")},
        "supply_pct1": {lead: {"n": 6, "mae": 4.0, "cover": 0.9} for lead in ("14", "7", "3")},
        "failures": {"precision": 0.6, "precision_worn": 0.8, "recall_pre": 0.7, "tickets_dev_month": 0.04}
        | {"lead_med": lead},
    }


def test_only_what_lies_between_the_marks_is_written() -> None:
    text = f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n"
    once = tables.written(text, "| new |")
    assert once == f"before\n{tables.BEGIN}\n\n| new |\n\n{tables.END}\nafter\n"
    assert tables.written(once, "| new |") == once


@pytest.mark.parametrize(
    "text",
    ["no marks", tables.BEGIN, f"{tables.END}\n{tables.BEGIN}", f"{tables.BEGIN}{tables.BEGIN}{tables.END}"],
)
def test_a_page_without_its_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="nowhere to write"):
        tables.written(text, "| new |")


def test_a_row_has_every_figure_in_its_unit() -> None:
    found = tables.figures(told(5.0, 9.0), told(5.0, 12.0))
    assert list(tables.cells(found, {**tables.SUPPLY, **tables.PARTS})) == [
        "5.00 / 5.00 / 5.00",
        "1.000",
        "0.80",
        "0.70-0.90",
        "8.0",
        "7.0 %",
        "25.0 %",
        "0.60",
        "0.80",
        "0.70",
        "0.040",
        "12.0 d",
    ]


def test_the_mean_leaves_out_what_a_fleet_has_not() -> None:
    some, none = (
        tables.figures(told(4.0, 9.0), told(4.0, 10.0)),
        tables.figures(told(6.0, 9.0), told(6.0, None)),
    )
    found = tables.means([some, none])
    assert (found["mae14"], found["lead"]) == (5.0, 10.0)


def test_the_published_page_has_a_table_of_every_part_of_the_method() -> None:
    page = DOCS.read_text(encoding="utf-8")
    written = page.partition(tables.BEGIN)[2].partition(tables.END)[0]
    for fleet in ("open-gentle", "open-nasty", "open-normal", "mean"):
        assert f"\n| {fleet} |" in written
    for part in ("nothing", *PARTS):
        for fleet in ("open-nasty", "open-normal"):
            assert f"\n| {part} | {fleet} |" in written
