"""Printers read over IPP on real sockets: recorded replies, simulated printers, certificates of their own."""

import asyncio
import datetime
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import HOME, own
from printer_certificate import make_certificate

from agent.collectors import ipp
from agent.collectors._ipp import certificate_dates
from agent.collectors._ipp.targets import PATHS, IppTarget
from agent.core.clock import Clock
from agent.core.errors import MalformedReply, NoAnswer, ReadingError, RefusedByDevice, WrongCredential
from agent.core.model import Address, AlertKind, DeviceStatus, Vague
from agent.simulator import models
from agent.simulator.device import build_printer
from agent.simulator.ipp import IppEndpoint, IppOptions, make_responder

HOST = HOME


@pytest.fixture
async def serve():
    """`port = await serve(answer)`: a server that answers so, for the length of the test."""
    faces = []

    async def start(answer, *, tls=None, delay=0.0):
        face = IppEndpoint(answer, delay=delay)
        faces.append(face)
        return await face.open(HOST, 0, tls), face

    yield start
    for face in faces:
        await face.close()


@pytest.fixture
def simulated(serve):
    """`await simulated("HP_M507", "tray_jams", at=7200)`: a simulated printer, so many seconds into its story."""

    async def start(make="KYOCERA_P2040", story="healthy", *, at=60.0, manners=None, **options):
        member = build_printer(getattr(models, make), story, Address(HOST, 0))
        clock = Clock()
        answer = make_responder(member.source, clock, clock.now() - at, manners or IppOptions())
        return (*await serve(answer, **options), member)

    return start


async def read(port, path="/ipp/print", *, tls=False, **options):
    target = IppTarget.parse(f"ipp{'s' if tls else ''}://{HOST}:{port}{path}")
    return await ipp.read_printer(target, at=0.0, **options)


class TestRecordedReplies:
    @pytest.fixture
    def recorded(self, serve, corpus):
        async def start(name):
            raw = (corpus / "ipp" / name).read_bytes()
            return await read((await serve(lambda _: raw))[0])

        return start

    async def test_a_kyocera(self, recorded):
        snapshot = await recorded("gomfp_Kyocera-ECOSYS-M2040dn-Printer-Attributes.ipp")
        who = snapshot.identity
        assert (who.vendor, who.model, who.serial) == ("Kyocera", "ECOSYS M2040dn", "VCF9192281")
        assert (who.uuid, who.firmware) == ("4509a320-00a0-008f-00b6-002507510eca", "2S0_2000.001.828")
        assert [alert.kind for alert in snapshot.alerts] == [AlertKind.STATE], '"Sleeping..." is no fault'
        toner, waste = snapshot.supplies
        assert (toner.type, toner.colour, toner.percent, toner.part_number) == (
            "toner",
            "black",
            84,
            "TK-1170",
        )
        assert (waste.type, waste.kind) == ("wasteToner", "receptacle")
        assert [(tray.name, tray.level) for tray in snapshot.inputs] == [
            ("Auto", Vague.UNKNOWN), ("MP Tray", 0), ("Cassette 1", Vague.SOME_LEFT),
        ]  # fmt: skip
        assert snapshot.sources["identity.serial"] == "ipp:printer-device-id"
        assert snapshot.sources["supplies.1.1.level"] == "ipp:marker-levels"

    async def test_a_brother_with_languages_in_its_texts(self, recorded):
        snapshot = await recorded("pyipp_get-printer-attributes-brother-mfcj5320dw.bin")
        assert (snapshot.identity.vendor, snapshot.identity.model) == ("Brother", "MFC-J5320DW")
        assert [(row.colour, row.percent) for row in snapshot.supplies] == [
            ("magenta", 11), ("cyan", 9), ("yellow", 45), ("black", 11),
        ]  # fmt: skip
        assert snapshot.status.errors == ("lowToner",)

    async def test_an_hp_whose_alerts_are_a_log(self, recorded):
        snapshot = await recorded("pyipp_get-printer-attributes-hp6830.bin")
        assert snapshot.identity.serial == "TH55R620"
        standing = [alert for alert in snapshot.alerts if alert.kind is AlertKind.CONDITION]
        assert [alert.text for alert in standing] == ["marker supply low"], "what its state reasons say"
        assert len(snapshot.alerts) == 28
        assert {row.percent for row in snapshot.supplies} == {20}
        assert snapshot.supplies[0].description == "magenta ink"

    async def test_a_kyocera_that_was_asked_for_more_than_it_knows(self, recorded):
        snapshot = await recorded("pyipp_get-printer-attributes-kyocera-ecosys-m2540dn-001.bin")
        assert (snapshot.identity.model, snapshot.identity.location) == ("ECOSYS M2540dn", "8409")
        assert (snapshot.supplies, snapshot.alerts, snapshot.meters) == (None, None, None), (
            "not told is not empty"
        )
        assert snapshot.status.errors is None

    @pytest.mark.parametrize(
        ("name", "kind", "complaint"),
        [
            ("pyipp_get-jobs-kyocera-ecosys-m2540dn-000.bin", MalformedReply, "has no printer attributes"),
            (
                "pyipp_get-printer-attributes-empty-attribute-group.bin",
                MalformedReply,
                "has no printer attributes",
            ),
            ("pyipp_get-printer-attributes-response-000.bin", MalformedReply, "has no printer attributes"),
            ("pyipp_get-printer-attributes-error-0x0503.bin", RefusedByDevice, "version-not-supported"),
        ],
    )
    async def test_a_broken_one_is_one_clear_error(self, name, kind, complaint, recorded):
        with pytest.raises(kind, match=complaint):
            await recorded(name)

    @pytest.mark.parametrize("size", [0, 7, 100, 4000, 18000])
    async def test_a_reply_that_is_cut_off_is_told_with_its_place(self, size, serve, corpus):
        raw = next((corpus / "ipp").glob("gomfp*")).read_bytes()[:size]
        with pytest.raises(MalformedReply, match="IPP answer"):
            await read((await serve(lambda _: raw))[0])


class TestSimulatedPrinters:
    async def test_one_says_over_ipp_what_it_says_over_snmp(self, simulated):
        port, _, member = await simulated()
        snapshot = await read(port)
        assert snapshot.identity.serial == member.make.serial
        assert snapshot.identity.uuid == member.make.uuid
        assert [row.description for row in snapshot.supplies] == [
            part.description for part in member.make.parts
        ]
        (meter,) = snapshot.meters
        assert (meter.name, meter.source) == ("total", "ipp:printer-impressions-completed")
        assert meter.value >= member.make.life
        assert snapshot.via == "ipp"

    async def test_a_jam_is_a_critical_condition(self, simulated):
        told = []
        for hours in range(1, 49):
            port, _, _ = await simulated("HP_M507", "tray_jams", at=hours * 3600.0 + 300)
            snapshot = await read(port)
            told += [alert for alert in snapshot.alerts if alert.code == 8]
            if told:
                break
        assert (told[0].kind, snapshot.status.device) == (AlertKind.CONDITION, DeviceStatus.DOWN)
        assert "jammed" in snapshot.status.errors

    @pytest.mark.parametrize("path", PATHS)
    async def test_the_usual_paths_are_tried_in_turn(self, path, simulated):
        port, face, _ = await simulated(manners=IppOptions(paths=(path,)))
        await ipp.read_printer(IppTarget(host=HOST, port=port), at=0.0)
        assert [asked for asked, _ in face.asked] == [*PATHS[: PATHS.index(path)], path]

    async def test_a_path_that_a_person_gives_is_the_only_one(self, simulated):
        port, face, _ = await simulated(manners=IppOptions(paths=("/ipp",)))
        with pytest.raises(RefusedByDevice, match="HTTP 404"):
            await read(port, "/printers/one")
        assert list(face.asked) == [("/printers/one", (2, 0))]

    async def test_version_2_0_is_tried_before_1_1(self, simulated):
        port, face, _ = await simulated(manners=IppOptions(versions=((1, 1),)))
        assert (await read(port)).identity.model
        assert list(face.asked) == [("/ipp/print", (2, 0)), ("/ipp/print", (1, 1))]

    async def test_only_what_is_asked_for_comes(self, serve):
        asked = []
        port, _ = await serve(lambda question: asked.append(question) or 500)
        with pytest.raises(RefusedByDevice, match="HTTP 500"):
            await read(port)
        assert asked[0].names == set(ipp.attribute_mapping.REQUESTED_ATTRIBUTES)


class TestTroubles:
    @pytest.mark.parametrize(
        ("said", "kind", "complaint"),
        [
            (401, WrongCredential, "wants a user"),
            (426, RefusedByDevice, "ask ipps://"),
            (b"<html>Welcome</html>", MalformedReply, "IPP answer"),
            (None, MalformedReply, "not HTTP"),
        ],
    )
    async def test_each_has_its_kind_and_sentence(self, said, kind, complaint, serve):
        with pytest.raises(kind, match=complaint):
            await read((await serve(lambda _: said))[0])

    async def test_nobody_there(self, serve):
        port, face = await serve(lambda _: None)
        await face.close()
        with pytest.raises(NoAnswer, match="no connection"):
            await read(port)

    async def test_a_sleeper_is_waited_for_as_long_as_was_said(self, simulated):
        port, face, _ = await simulated(delay=60.0)
        with pytest.raises(NoAnswer):
            await read(port, patience=0.2)
        assert face.asked.total() <= 1, "never asked twice meanwhile"

    async def test_lists_of_supplies_of_unequal_length_are_zipped_to_the_shortest(self):
        attributes = {
            "marker-names": ("Black", "Cyan", "Waste"), "marker-levels": (50, -3),
            "marker-types": ("toner",), "marker-colors": ("#000000", "#00FFFF#FF00FF", "none", "none"),
        }  # fmt: skip
        problems = []
        rows = ipp.attribute_mapping.build_snapshot_parts(
            attributes, ipp.vendor_profiles.load_shipped(), problems
        )["supplies"]
        assert [(row.description, row.level, row.type) for row in rows] == [
            ("Black", 50, "toner"), ("Cyan", Vague.SOME_LEFT, None),
        ]  # fmt: skip
        (problem,) = problems
        assert "3 marker-names, 2 marker-levels, 1 marker-types, 4 marker-colors" in problem

    async def test_a_row_without_a_single_pair_is_no_supply_and_no_tray(self):
        attributes = {
            "printer-supply": (b"unknown", b"type=toner;level=80;maxcapacity=100;", b""),
            "printer-input-tray": (b"none", b"type=other;level=-2;maxcapacity=-2;name=auto;"),
        }
        parts = ipp.attribute_mapping.build_snapshot_parts(attributes, ipp.vendor_profiles.load_shipped(), [])
        assert [(row.index, row.type, row.unit) for row in parts["supplies"]] == [("1.2", "toner", None)]
        assert [row.name for row in parts["inputs"]] == ["auto"]

    async def test_a_row_with_a_code_needs_no_severity_to_be_a_condition(self):
        attributes = {"printer-alert": (b"code=jam;group=mediaPath", b"code=unknown;group=other")}
        parts = ipp.attribute_mapping.build_snapshot_parts(attributes, ipp.vendor_profiles.load_shipped(), [])
        assert [(row.name, row.group, row.kind) for row in parts["alerts"]] == [
            ("jam", "mediaPath", AlertKind.CONDITION), ("unknown", "other", AlertKind.EVENT),
        ]  # fmt: skip

    async def test_a_uuid_that_all_have_is_nobodys_and_the_next_one_is_taken(self):
        nil, own = "urn:uuid:00000000-0000-0000-0000-000000000000", "e3248000-80ce-11db-8000-3c2af4aabbcc"
        attributes = {"printer-uuid": (nil,), "device-uuid": (f"urn:uuid:{own}",)}
        parts = ipp.attribute_mapping.build_snapshot_parts(attributes, ipp.vendor_profiles.load_shipped(), [])
        assert parts["identity"].uuid == own
        assert parts["sources"]["identity.uuid"] == "ipp:device-uuid"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Makes a self-signed certificate as printers have them: (server context, its SHA-256)."""
    return lambda name: make_certificate(tmp_path_factory.mktemp("tls"), name)


class TestCertificates:
    """Self-signed, expired, in another name: as printers have them. They are pinned, not vouched for."""

    async def test_the_first_one_is_taken_and_told(self, simulated, certificate):
        context, fingerprint = certificate("PRN0A1B2C")
        port, _, _ = await simulated(tls=context)
        snapshot = await read(port, tls=True)
        assert snapshot.certificate == fingerprint
        assert snapshot.certificate_until == datetime.datetime(2020, 12, 31, tzinfo=datetime.UTC).timestamp()
        assert snapshot.problems == ()

    async def test_the_same_one_again_is_no_news(self, simulated, certificate):
        context, fingerprint = certificate("printer")
        port, _, _ = await simulated(tls=context)
        assert (await read(port, tls=True, pin=fingerprint)).problems == ()

    async def test_another_one_is_told(self, simulated, certificate):
        _, before = certificate("printer")
        context, now = certificate("printer")
        port, _, _ = await simulated(tls=context)
        snapshot = await read(port, tls=True, pin=before)
        assert snapshot.problems == (ipp.CERTIFICATE_CHANGED,)
        assert snapshot.certificate == now != before

    @pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x82\xff\xff" + b"\x00" * 40, b"no certificate"])
    def test_one_that_cannot_be_read_has_no_end(self, der):
        assert certificate_dates.parse_end(der) is None

    async def test_tls_where_there_is_none_is_no_connection(self, simulated):
        port, _, _ = await simulated()
        with pytest.raises(ReadingError):
            await read(port, tls=True, patience=0.3)


class TestProbeCommand:
    async def probe(self, *arguments):
        command = Path(sys.executable).with_name("printwarden")
        run = await asyncio.create_subprocess_exec(
            command, "probe", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await run.communicate()
        return run.returncode, out.decode(), err.decode()

    async def test_it_prints_the_same_shape_with_sources(self, simulated):
        port, _, member = await simulated()
        code, out, err = await self.probe(f"ipp://{HOST}:{port}/ipp/print", "--json", "--explain")
        document = json.loads(out)
        assert (code, err) == (0, "")
        assert document["identity"]["serial"] == member.make.serial
        assert document["via"] == "ipp"
        assert document["sources"]["supplies.1.1.level"] == "ipp:printer-supply"

    async def test_a_refusal_is_one_sentence_and_a_hint(self, serve):
        port, _ = await serve(lambda _: 404)
        code, out, err = await self.probe(f"ipp://{HOST}:{port}/")
        assert (code, out) == (1, "")
        assert err.splitlines() == [
            f"{HOST}:{port}: /ipp/printer is no printer there: HTTP 404",
            "Try another path (/ipp/print, /ipp, /), or ipps://.",
        ]

    async def test_what_is_no_ipp_address_is_wrong_usage(self):
        code, _, err = await self.probe(f"http://{HOME}/")
        assert code == 2
        assert "is no IPP address" in err

    async def test_simulated_printers_can_be_tried_from_the_command_line(self):
        with socket.socket() as free:
            free.bind((own("0.1"), 0))
            port = free.getsockname()[1]
        command = Path(sys.executable).with_name("printwarden")
        run = await asyncio.create_subprocess_exec(
            command, "simulate", "--base", own("0.1"), "--port", "0", "--no-mdns", "--ipp", str(port), "--json",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            while b'"ready"' not in await run.stdout.readline():
                pass
            code, out, _ = await self.probe(f"ipp://{own('0.1')}:{port}", "--json")
            assert (code, json.loads(out)["identity"]["serial"]) == (0, models.HP_M507.serial)
        finally:
            run.terminate()
            await run.communicate()
