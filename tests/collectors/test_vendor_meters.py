"""The makers' own meters: what a profile names is asked, joined with the standard's, and trusted as it deserves."""

import json
import struct
import tempfile
from pathlib import Path

import pytest

from agent.collectors._printer_mib.marker_tables import MARKERS, build_meters, merge_meters
from agent.collectors._vendor import vendor_meters
from agent.collectors._vendor.vendor_meters import MeterQuery, MeterReplies
from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles, load_shipped
from agent.core.model import Marker, Meter, Tier, Trust
from agent.snmp.oid import oid
from agent.snmp.reader import ObjectId

LIFE = "1.3.6.1.2.1.43.10.2.1.4.1.1"
PRINTER = {"1.3.6.1.2.1.25.3.2.1.2.1": ObjectId(oid("1.3.6.1.2.1.25.3.1.5")), LIFE: 1000}
ENTERPRISE = "1.3.6.1.4.1."


@pytest.fixture
def metered(walked, taken):
    """The meters of a made-up printer: its sysObjectID, its model, and private values below 1.3.6.1.4.1."""

    def read(object_id, private, *, model="", life=1000, tiers=(Tier.INVENTORY, Tier.METERS)):
        values = {oid(name): value for name, value in PRINTER.items()}
        values[oid(LIFE)] = life
        values[oid("1.3.6.1.2.1.1.2.0")] = ObjectId(oid(ENTERPRISE + object_id))
        values[oid("1.3.6.1.2.1.25.3.2.1.3.1")] = model.encode()
        values |= {oid(ENTERPRISE + name): value for name, value in private.items()}
        return taken(type(walked(FOLDER / "hp.toml"))(values), tiers=tiers)

    return read


def shown(snapshot):
    """{"mono copy": 12, …}"""
    return {" ".join(filter(None, (meter.name, meter.part))): meter.value for meter in snapshot.meters}


def test_a_count_that_the_profile_does_not_know_is_left_out(metered):
    """Ricoh's counter types: 10 is the total, 4711 is nobody's."""
    types, values = "367.3.2.1.2.19.5.1.2", "367.3.2.1.2.19.5.1.9"
    rows = {f"{types}.1": 10, f"{values}.1": 1100, f"{types}.2": 4711, f"{values}.2": 5}
    assert shown(metered("367.1.1", rows)) == {"life": 1000, "total": 1100}


class TestTotals:
    def test_the_panels_total_is_the_total_and_the_engines_count_its_life(self, metered):
        snapshot = metered("1347.41", {"1347.43.10.1.1.12.1.1": 981})
        assert shown(snapshot) == {"life": 1000, "total": 981}

    def test_a_panel_far_from_the_engine_is_doubted(self, metered):
        snapshot = metered("1347.41", {"1347.43.10.1.1.12.1.1": 2})
        assert shown(snapshot) == {"total": 1000, "total panel": 2}
        assert [meter.trust for meter in snapshot.meters] == [Trust.MEASURED, Trust.UNVERIFIED]

    def test_a_new_engine_below_an_old_panel_is_doubted_too(self, metered):
        assert shown(metered("1347.41", {"1347.43.10.1.1.12.1.1": 5000}))["total"] == 1000

    def test_the_first_pages_of_a_printer_are_not_far_apart(self):
        life = Meter(name="total", value=0)
        assert [meter.name for meter in merge_meters((life,), (Meter(name="total", value=0),))] == [
            "life",
            "total",
        ]

    def test_an_engine_that_counts_nothing_is_no_measure_of_the_panel(self):
        engine, panel = Meter(name="total", value=0), Meter(name="total", value=4711)
        found = merge_meters((engine,), (panel,))
        assert [(meter.name, meter.part, meter.value) for meter in found] == [
            ("life", None, 0),
            ("total", None, 4711),
        ]

    def test_several_markers_keep_a_life_each(self):
        standard = (
            Meter(name="total", value=9),
            *(Meter(name="life", value=n, part=f"1.{n}") for n in (8, 9)),
        )
        found = merge_meters(standard, (Meter(name="total", value=9, source="own"),))
        assert [(meter.name, meter.part) for meter in found] == [
            ("life", "1.8"),
            ("life", "1.9"),
            ("total", None),
        ]

    def test_a_printer_that_falls_silent_between_the_two_has_no_meters_at_all(self, walked, taken, corpus):
        path = corpus / "walks" / "pm_kyocera_p2040.snmprec"
        reader = walked(path)
        taken(reader)
        cut = taken(walked(path, answers=reader.requests - 1))
        assert cut.markers is not None
        assert cut.meters is None


class TestMakers:
    def test_canon_by_name_whatever_the_number(self, metered):
        counters = {101: b"Total 1", 204: b"Copy (Total 1)", 112: b"Total (Black/Large)", 999: b"Total 2"}
        private = {f"1602.1.11.1.3.1.2.{n}": name for n, name in counters.items()}
        private |= {f"1602.1.11.1.3.1.4.{n}": n for n in counters}
        meters = shown(metered("1602.4.7", private, life=101))
        assert meters == {"life": 101, "total": 101, "copy": 204, "a3 mono": 112, "total large as two": 999}

    def test_canon_in_an_unknown_language_by_number_but_unverified(self, metered):
        private = {"1602.1.11.1.3.1.2.301": b"Tulosteet", "1602.1.11.1.3.1.4.301": 7}
        (meter,) = [one for one in metered("1602.4.7", private).meters if one.name == "print"]
        assert (meter.value, meter.trust, meter.billable) == (7, Trust.UNVERIFIED, False)

    def test_canon_lasers_by_name_in_hex(self, metered):
        private = {"1602.1.11.2.1.1.2.1": b"54 6F 74 61 6C 20 31", "1602.1.11.2.1.1.3.1": 900}
        assert shown(metered("1602.4.7", private)) == {"life": 1000, "total": 900}

    def test_ricoh_by_type_whatever_the_row(self, metered):
        private = {}
        for row, (kind, value) in enumerate([(401, 5), (10, 999), (200, 40), (403, 6), (871, 3)], start=7):
            private |= {f"367.3.2.1.2.19.5.1.2.{row}": kind, f"367.3.2.1.2.19.5.1.9.{row}": value}
        assert shown(metered("367.1.1", private)) == {
            "life": 1000, "total": 999, "mono print": 5, "copy": 40, "colour print": 6, "scan mono": 3,
        }  # fmt: skip

    def test_hp_floats_beside_plain_counters(self, metered):
        base = "11.2.3.9.4.2.1."
        private = {f"{base}4.1.2.5.0": 990, f"{base}1.16.1.44.2.1.0": struct.pack(">f", 12.5)}
        assert shown(metered("11.2.3.9.1", private)) == {"life": 1000, "total": 990, "colour print a4": 13}

    def test_kyocera_splits_and_paper_sizes(self, metered):
        private = {"1347.42.3.1.2.1.1.2.3": 12, "1347.42.2.1.1.1.2.1.1": b"A3", "1347.42.2.1.1.1.6.1.1": 31}
        assert shown(metered("1347.41", private)) == {"total": 1000, "colour copy": 12, "a3": 31}

    def test_toshiba_counts_in_an_oki_box(self, metered):
        private = {"1129.2.3.50.1.3.21.6.1.2.1.3": 700, "1129.2.3.50.1.3.21.6.1.209.1.1": 4}
        assert shown(metered("1129.2.3.45.1", private, model="OKI MC780")) == {
            "total": 1000, "mono": 700, "a3 print colour": 4,
        }  # fmt: skip

    def test_a_lexmark_in_a_dell_box_is_asked_by_its_firmware(self, metered):
        assert shown(metered("641.1.7", {"641.2.1.5.2.0": 800}, model="Dell S5830dn"))["mono"] == 800

    def test_a_label_printer_is_not_asked_what_means_something_else_there(self, metered):
        private = {"1248.1.2.2.27.1.1.33.1.1": 2}
        assert "total ice" not in shown(metered("1248.1.1", private, model="EPSON CW-C6500Au"))
        assert "total ice" in shown(metered("1248.1.1", private, model="EPSON WF-C869R"))

    def test_a_weak_source_is_shown_and_never_billed_on(self, metered):
        meters = metered("11.2.3.9.1", {"11.2.3.9.4.2.1.4.1.2.34.0": 17}).meters
        (jams,) = [meter for meter in meters if meter.name == "jams"]
        assert (jams.value, jams.confidence, jams.trust, jams.billable) == (17, "C", Trust.UNVERIFIED, False)


class TestAnswers:
    def test_not_available_is_no_number(self, metered):
        for nothing in (0xFFFFFFFF, -1, b"", b"n/a"):
            assert shown(metered("641.1.7", {"641.2.1.5.2.0": nothing})) == {"total": 1000}

    def test_the_surer_of_two_rows_counts_and_of_equals_the_first(self):
        text = 'vendor = "Acme"\n' + "".join(
            f'[[meter]]\nmetric = "mono"\noid = "1.3.6.1.4.1.9.9.9.9.9.{n}"\nsource = "one"\nconfidence = "{c}"\n'
            for n, c in ((1, "C"), (2, "B"), (3, "B"))
        )
        wanted = wanted_of(text)
        answers = MeterReplies({oid(f"1.3.6.1.4.1.9.9.9.9.9.{n}"): n for n in (1, 2, 3)})
        (meter,) = vendor_meters.decode_meters(wanted, answers, [])
        assert meter.value == 2
        answers = MeterReplies({oid(f"1.3.6.1.4.1.9.9.9.9.9.{n}"): n for n in (1, 3)})
        (meter,) = vendor_meters.decode_meters(wanted, answers, [])
        assert meter.value == 3

    def test_a_broken_reply_is_one_problem_and_the_rest_still_counts(self, metered):
        blob = "2435.2.3.9.4.2.1.5.5."
        snapshot = metered(
            "2435.2.3.9.1", {f"{blob}10.0": b"\x00\x01\x04\x00", f"{blob}8.0": b"\x11\x01\x04\0\0\0\x05"}
        )
        assert shown(snapshot) == {"total": 1000, "used drum": 5}
        (problem,) = snapshot.problems
        assert "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0 is no brother records reply" in problem

    def test_a_poll_for_meters_alone_finds_out_whom_it_asks(self, metered):
        snapshot = metered("1347.41", {"1347.43.10.1.1.12.1.1": 981}, tiers=(Tier.METERS,))
        assert shown(snapshot) == {"life": 1000, "total": 981}
        assert snapshot.identity is None, "nobody asked for it"

    def test_no_tree_is_walked_but_named_columns(self, walked, taken):
        walks = []

        class Watched(type(walked(FOLDER / "hp.toml"))):
            def accompany(self, companion: object) -> None:
                """A file is one printer: it needs no proof."""

            async def confirm(self) -> None:
                """See `accompany`."""

            async def walk(self, *roots):
                walks.extend(roots)
                return await super().walk(*roots)

        for profile in load_shipped():
            object_id = ObjectId(oid(f"{ENTERPRISE}{(*profile.enterprises, 9)[0]}.1"))
            taken(Watched({oid("1.3.6.1.2.1.1.2.0"): object_id}))
        private = {root for root in walks if root.startswith(oid("1.3.6.1.4"))}
        named = {
            oid(place)
            for profile in load_shipped()
            for one in (*profile.packed, *profile.supply)
            for place in one.columns.values()
        }
        assert private <= named | {oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.3")}


def wanted_of(text):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "acme.toml").write_text(text, "utf-8")
        return MeterQuery.for_model(Profiles.load(Path(folder)), None)


NUMBERS = {"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.43.10.2.1.4.1.1", "1.3.6.1.2.1.43.7.1.1.4.1.1"}


def brother_reply(path):
    """The values of one of the corpus' Brother files: blobs come as a list of records."""
    values = {}
    for name, said in json.loads(path.read_text("utf-8")).items():
        if isinstance(said, list):
            values[oid(name)] = bytes.fromhex("".join(said)) + b"\xff"
        elif said is not None:
            values[oid(name)] = int(said) if name in NUMBERS else said.encode()
    return values


BROTHERS = {
    "dcp-1618w": {"total": 3914, "remaining black": 77, "remaining drum": 97, "pages_left drum": 9688},
    "dcp-7070dw": {"total": 2652, "remaining black": 72, "used drum": 1603},
    "dcp-9020cdw": {"total": 4939, "mono": 1762, "colour": 3177, "remaining yellow": 20, "pages_left belt": 41160},
    "dcp-j132w": {"total": 879, "remaining black": 71, "remaining black as shown": 80},
    "dcp-l2540dn": {"total": 333, "remaining drum": 98},
    "hl-2270dw": {"total": 4191, "pages_left drum": 7809},
    "hl-l2340dw": {"total": 986, "life": 1279, "remaining black": 75},
    "incomplete": {"remaining black": 71, "used drum": 879},
    "invalid": {},
    "mfc-5490cn": {"total": 8989, "remaining black": 20, "remaining cyan": 60, "remaining magenta": 30},
}  # fmt: skip


class TestRealPrinters:
    """Replies of the corpus. Mono and colour of a printer add up to what its engine counted, or they are no meters."""

    @pytest.mark.parametrize("name", sorted(BROTHERS))
    def test_brothers(self, name, corpus, walked, taken):
        reader = type(walked(FOLDER / "hp.toml"))(brother_reply(corpus / "brother" / f"{name}.json"))
        snapshot = taken(reader)
        assert shown(snapshot).items() >= BROTHERS[name].items()
        assert len(snapshot.problems) == (name == "invalid")

    def test_every_brother_file_is_told_of(self, corpus):
        assert {path.stem for path in (corpus / "brother").glob("*.json")} == set(BROTHERS)

    def test_the_kyocera_that_misfed_ninety_pages(self, corpus, walked, taken):
        meters = shown(taken(walked(corpus / "walks" / "pm_kyocera_p2040.snmprec")))
        assert (meters["life"], meters["total"]) == (7432, 7342)
        assert meters["simplex"] + meters["duplex"] == meters["total"]

    def test_the_sharp_that_adds_up(self, corpus, walked, taken):
        meters = shown(taken(walked(corpus / "walks" / "sharp.snmprec")))
        assert meters["mono"] + meters["colour"] == meters["total"] == 121104
        for metric in ("mono", "colour"):
            assert sum(meters[f"{metric} {part}"] for part in ("print", "copy", "other")) == meters[metric]


@pytest.mark.parametrize(
    ("story", "rows", "told"),
    [
        ("one unit", [("1.1", 500, "impressions"), ("1.2", 300, "impressions")], {"total": 500, "life.sum": 800}),
        ("a unit left out", [("1.1", 500, "impressions"), ("1.2", 300, None)], {"total": 500, "life.sum": 800}),
        ("two units are not added", [("1.1", 500, "impressions"), ("1.2", 900, "sheets")], {"total": 500}),
        ("the total is of this printer", [("1.1", 500, None), ("2.1", 900, None)], {"total": 500, "life.sum": 1400}),
        ("or of the one that counts", [("2.1", 900, None), ("2.2", 10, None)], {"total": 900, "life.sum": 910}),
    ],
)  # fmt: skip
def test_what_several_markers_come_to(story, rows, told):
    markers = tuple(Marker(index=index, life=life, unit=unit) for index, life, unit in rows)
    sources = {
        f"markers.{index}.life": MARKERS.cell_oid("life", *map(int, index.split("."))) for index, *_ in rows
    }
    found = {meter.name: meter.value for meter in build_meters(markers, sources) if meter.name != "life"}
    assert found == told, story
