"""The replies of real printers, one test for each: what an independent system makes of them is right.

Judged as loosely as names deserve and as strictly as numbers do: a model may carry less or more
around it, a percentage is exact. Rows that the other system shows by conventions of its own
(`agrees_with_rfc: false`) are no truth.
"""

import json
import os
import re
from pathlib import Path

import pytest

from agent.core.model import compute_percent

CORPUS = Path(os.environ.get("PRINTWARDEN_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
WALKS = sorted(path.stem for path in CORPUS.glob("walks/*.snmprec"))
FRAGMENTS = sorted(path.stem for path in CORPUS.glob("fragments/*.snmprec"))
OTHER_NAMES = {
    "konica minolta": {"develop"}, "fujifilm": {"fuji xerox"}, "xerox": {"fuji xerox"},
}  # fmt: skip


def plain(text: str | None) -> str:
    return "".join(re.findall(r"[a-z0-9]+", (text or "").casefold()))


def facts(name: str) -> dict[str, object]:
    return json.loads((CORPUS / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def read(corpus, printed):
    seen: dict[str, dict] = {}

    def reading(folder: str, name: str) -> dict:
        if name not in seen:
            seen[name] = printed(corpus / folder / f"{name}.snmprec")
        return seen[name]

    return reading


@pytest.mark.parametrize("name", WALKS or ["(no corpus)"])
def test_who_it_is(name, read):
    identity = read("walks", name)["identity"]
    manifest, expected = facts("manifest.json")[name], facts("expected.json").get(name, {})
    system, also = expected.get("os") or {}, facts("also_right.json").get(name, {})
    vendor = manifest["vendor"].casefold()
    assert identity["vendor"].casefold() in {vendor, *OTHER_NAMES.get(vendor, ())}
    for field, key in (("model", "hardware"), ("serial", "serial")):
        if right := [plain(text) for text in (system.get(key), *also.get(field, ())) if text]:
            got = plain(identity[field])
            assert len(got) > 3
            assert any(got in text or text in got for text in right), (field, right)
    if version := system.get("version"):
        assert plain(identity["firmware"]).removeprefix("v") == plain(version).removeprefix("v")


@pytest.mark.parametrize("name", WALKS or ["(no corpus)"])
def test_whether_it_prints(name, read):
    manifest, verdict = facts("manifest.json")[name], read("walks", name)["identity"]["is_printer"]
    if "scanner" in name:
        assert verdict is False
    else:
        assert verdict in ({True, None} if manifest["stub"] else {True})


@pytest.mark.parametrize("name", WALKS or ["(no corpus)"])
def test_how_full_it_is(name, read, walked, corpus):
    document = read("walks", name)
    rows = (facts("expected.json").get(name) or {}).get("supplies") or []
    got = {("supply", row["index"]): row for row in document["supplies"]}
    got |= {("input", row["index"]): row for row in document["inputs"]}
    for row in rows:
        key = row["kind"], ".".join(row["oid"].split(".")[-2:])
        if row["agrees_with_rfc"] and key in got and row["rfc3805_percent"] is not None:
            assert got[key]["percent"] == pytest.approx(row["rfc3805_percent"], abs=0.5), key
    for key, row in got.items():
        if row["level"] in {-1, -2, -3}:
            assert row["percent"] is None, key
            assert row["vagueness"], key
        elif row["level"] is not None and (row["max"] or 0) > 0:
            assert row["percent"] == compute_percent(row["level"], row["max"]), key


@pytest.mark.parametrize("name", [*WALKS, *FRAGMENTS] or ["(no corpus)"])
def test_its_colours(name, read):
    folder = "fragments" if name in FRAGMENTS else "walks"
    supplies = {row["index"]: row["colour"] for row in read(folder, name)["supplies"]}
    want = facts("colours.json").get(name, {})
    assert {index: supplies[index] for index in want} == want


@pytest.mark.parametrize("name", [*WALKS, *FRAGMENTS] or ["(no corpus)"])
def test_it_reads_without_a_problem(name, read):
    document = read("fragments" if name in FRAGMENTS else "walks", name)
    assert document["problems"] == []


def kinds(document: dict) -> list[str]:
    return [row["kind"] for row in document["alerts"]]


class TestFragments:
    """Each open fragment, by what its `expected.json` says in words."""

    def test_an_idle_brother(self, read):
        document = read("fragments", "frag_brother_mfc-j5110dw_idle")
        assert document["status"] == {"device": "running", "printer": "idle", "errors": [], "console": []}
        assert document["alerts"] == []

    def test_a_brother_that_is_down_and_idle_at_once(self, read):
        document = read("fragments", "frag_brother_mfc-j5110dw_tray2missing")
        assert document["status"] == {"device": "down", "printer": "idle", "errors": [], "console": []}

    def test_a_designjet_with_one_fault_among_seven_rows(self, read):
        document = read("fragments", "frag_hp_designjet_z5200_alerts")
        shown = {row["text"] for row in document["alerts"] if row["kind"] != "state"}
        assert len(document["alerts"]) == 7
        assert shown >= {"Lower lever", "Main roll path out of paper"}
        assert not shown & {"Ready", "Ready for paper", "deleted"}

    def test_an_officejet_at_device_index_0(self, read):
        supplies = read("fragments", "frag_hp_officejet8600_supplies")["supplies"]
        assert [row["index"] for row in supplies] == ["0.1", "0.2", "0.3", "0.4"]
        assert {row["class"] for row in supplies} == {"consumed"}
        assert {row["unit"] for row in supplies} == {"tenthsOfMilliliters"}
        assert [row["max"] for row in supplies] == [651, 230, 216, 230]
        assert {row["vagueness"] for row in supplies} == {"unknown"}

    def test_one_zero_byte_is_no_error(self, read):
        assert read("fragments", "frag_kyocera_m8130cidn_ok")["status"]["errors"] == []

    def test_counters_are_no_alerts(self, read):
        document = read("fragments", "frag_kyocera_taskalfa3051ci_covers")
        assert [row["state"] for row in document["covers"]] == ["closed"] * 6
        assert (document["all_events"], document["critical_events"]) == (4822, 87)
        assert document["alerts"] == []

    def test_some_room_left_in_a_waste_box(self, read):
        toner, waste = read("fragments", "frag_kyocera_tk3130_supplies")["supplies"]
        assert (toner["part_number"], toner["percent"], toner["class"]) == ("TK-3130", 26, "consumed")
        assert (waste["class"], waste["percent"], waste["vagueness"]) == ("receptacle", None, "some_left")

    def test_unary_warnings_of_a_lexmark(self, read):
        document = read("fragments", "frag_lexmark_x950_status")
        assert document["status"]["errors"] == ["noPaper", "serviceRequested"]
        assert kinds(document) == ["event", "event"]
        assert [row["percent"] for row in document["supplies"]] == [23, 21, 95, 78, 66, 65]

    def test_a_pantum_known_by_its_1284_id(self, read):
        document = read("fragments", "frag_pantum_m7100dw_hr")
        assert document["identity"]["vendor"] == "Pantum"
        assert document["status"]["errors"] == []

    def test_a_xerox_whose_first_colorant_is_cyan(self, read):
        first = read("fragments", "frag_xerox_workcentre7835_colorants")["supplies"][0]
        assert (first["colour"], first["part_number"]) == ("black", "006R01509")
        assert first["serial"] == "580cb080e0000431"


@pytest.mark.parametrize("name", [name for name in WALKS if name.startswith("pm_")] or ["(no corpus)"])
def test_a_healthy_printer_shows_no_fault(name, read):
    """The only alert rows in whole captures: rest, and ink that is low."""
    shown = {row["name"] for row in read("walks", name)["alerts"] if row["kind"] != "state"}
    assert shown <= {"markerInkAlmostEmpty"}
