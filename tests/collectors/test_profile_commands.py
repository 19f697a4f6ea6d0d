"""Profiles and captures as people use them: a new vendor is a file that is dropped in, and nothing else."""

import asyncio
import json
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from fleets import walk_fleet
from loopback import own
from typer.testing import CliRunner

from agent import app, config
from agent.cli import build_cli
from agent.collectors._capture import walk_files
from agent.collectors._capture.scrub import scrub_rows
from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles, load_shipped
from agent.collectors.printer_mib import read_printer
from agent.runtime import runner
from agent.snmp.oid import oid
from agent.snmp.reader import IpAddress, ObjectId

ROOT = Path(__file__).parents[2]
ACME = """
vendor = "Acme"
enterprises = [99999]
words = ["acme"]

[[row]]
field = "serial"
oid = "1.3.6.1.4.1.99999.1.1.0"
source = "Acme's own MIB"
confidence = "B"

[[meter]]
metric = "mono"
oid = "1.3.6.1.4.1.99999.4.7.1.2.0"
source = "usage page, two machines"
confidence = "A"

[[meter]]
metric = "jams"
unit = "times"
oid = "1.3.6.1.4.1.99999.4.7.1.9.0"
source = "a forum"
confidence = "C"

[[packed]]
decoder = "typed_rows"
columns = { type = "1.3.6.1.4.1.99999.4.8.1.1.2", value = "1.3.6.1.4.1.99999.4.8.1.1.3" }
source = "usage page, two machines"
confidence = "A"
[[packed.meter]]
key = "3"
metric = "a3"
"""
WALK = """1.3.6.1.2.1.1.1.0|4|ACME LaserThing 3
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.3.0|67|360000
1.3.6.1.2.1.1.4.0|4|Jo Doe, jo.doe@firm.example, +49 30 1234
1.3.6.1.2.1.1.5.0|4|ACM0A1B2C
1.3.6.1.2.1.1.6.0|4|3rd floor
1.3.6.1.2.1.2.2.1.6.1|4x|0011220a1b2c
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|ACME LaserThing 3
1.3.6.1.2.1.43.5.1.1.16.1|4|LaserThing ACM0A1B2C at 10.20.30.40
1.3.6.1.2.1.43.10.2.1.4.1.1|65|1000
1.3.6.1.4.1.99999.1.1.0|4|AC7731991
1.3.6.1.4.1.99999.4.7.1.2.0|65|700
1.3.6.1.4.1.99999.4.8.1.1.2.5|2|3
1.3.6.1.4.1.99999.4.8.1.1.3.5|65|41
1.3.6.1.4.1.99999.8.8.8.8.1.0|4|password=AC7731991
"""


def run(*arguments):
    said = CliRunner().invoke(build_cli([arguments[0]]), list(arguments))
    return said.exit_code, said.output


@pytest.fixture
def acme(tmp_path):
    """A profile of the site's own, and a capture of the printer that it is for."""
    (tmp_path / "profiles.d").mkdir()
    profile, walk = tmp_path / "profiles.d" / "acme.toml", tmp_path / "acme.snmprec"
    profile.write_text(ACME, "utf-8")
    walk.write_text(WALK, "utf-8")
    return profile, walk


class TestDroppedIn:
    def test_a_capture_shows_what_a_profile_would_read(self, acme):
        profile, walk = acme
        code, out = run("profiles", "try", str(profile), "--walk", str(walk), "--json")
        told = json.loads(out)
        assert code == 0
        assert (told["identity"]["vendor"], told["identity"]["serial"]) == ("Acme", "AC7731991")
        assert {meter["name"]: (meter["value"], meter["confidence"]) for meter in told["meters"]} == {
            "total": (1000, None), "mono": (700, "A"), "a3": (41, "A"),
        }  # fmt: skip

    def test_rows_that_nothing_answered_are_told(self, acme):
        profile, walk = acme
        _, out = run("profiles", "try", str(profile), "--walk", str(walk))
        assert "1 of 2 meter rows answered" in out
        assert "jams  1.3.6.1.4.1.99999.4.7.1.9.0" in out

    def test_a_profile_for_another_printer_says_so(self, acme):
        _, walk = acme
        _, out = run("profiles", "try", str(FOLDER / "canon.toml"), "--walk", str(walk))
        assert "does not fit this printer" in out

    async def test_the_service_reads_a_new_vendor_with_new_files_only(self, acme, tmp_path):
        _, walk = acme
        fleet = walk_fleet([walk], own("0.1"), 0)
        async with fleet:
            given = {
                "network": [{"cidr": own("0.0/30"), "snmp_port": fleet.members[0].address.port}],
                "mdns": {"enabled": False}, "ipp": {"enabled": False},
                "collectors": {"profiles": str(tmp_path / "profiles.d")},
            }  # fmt: skip
            agent = app.build_agent_from(config.build_config(given, tmp_path))
            async with runner.running_agent(agent):
                await agent.discovery.run_methods(["sweep"], listen=0)
                (device,) = agent.poller.fleet.devices.values()
        assert (device.vendor, device.key) == ("Acme", "sn:AC7731991")
        code, out = run("meters", "show", "--config", str(_config(tmp_path)), "--json")
        assert code == 0
        assert {one["name"]: one["raw"] for one in json.loads(out)["counters"]} == {
            "total": 1000,
            "mono": 700,
            "a3": 41,
        }

    def test_a_file_named_as_a_shipped_one_replaces_it(self, tmp_path):
        (tmp_path / "canon.toml").write_text('vendor = "Canon"\nwords = ["canon"]\n', "utf-8")
        profiles = Profiles.load(FOLDER, tmp_path)
        assert len(profiles) == len(load_shipped())
        (canon,) = profiles.find_by_files(["canon"])
        assert canon.packed == ()

    def test_a_wrong_profile_stops_the_start_with_its_place(self, acme, tmp_path):
        profile, _ = acme
        profile.write_text(ACME.replace('metric = "mono"', 'metric = "monno"'), "utf-8")
        with pytest.raises(config.ConfigError, match='did you mean "mono"'):
            app.build_agent_from(
                config.build_config({"collectors": {"profiles": str(profile.parent)}}, tmp_path)
            )


def _config(folder):
    path = folder / "config.toml"
    path.write_text(f'config_version = 1\n[storage]\nfolder = "{folder}"\n', "utf-8")
    return path


class TestCheck:
    def test_nothing_to_complain_about(self, acme):
        code, out = run("profiles", "check", str(acme[0].parent))
        assert (code, out) == (0, "1 profile, nothing to complain about\n")

    @pytest.mark.parametrize(
        ("old", "new", "complaint"),
        [
            ("enterprises = [99999]", "enterprises = [11]", "11 belongs to hp.toml"),
            ('decoder = "typed_rows"', 'decoder = "magic"', 'no decoder is called "magic"'),
            ("99999.4.8.1.1.2", "99999", "no tree is walked blindly"),
            ("99999.4.7.1.2.0", "236.11.5.11.81.10.1.5.0", "holds credentials"),
            ('columns = { type = "1.3.6.1.4.1.99999.4.8.1.1.2"', 'columns = { type = "1.3.6.1.4.1.236.11.5.11.81"', "whole branch"),
            ('metric = "a3"', 'metric = "a4"', "packed[1].meter[1].metric"),
            ('key = "3"', 'key = "("', "not a regular expression"),
            ('confidence = "C"', 'confidence = "D"', "meter[2].confidence"),
            ('metric = "jams"\nunit = "times"', 'metric = "total"', "a total of confidence C needs a part"),
            ('words = ["acme"]', 'words = ["acme"]\nfile = "x"', "unknown key"),
        ],
    )  # fmt: skip
    def test_a_mistake_is_told_with_file_and_key(self, old, new, complaint, acme):
        profile, _ = acme
        assert old in ACME
        profile.write_text(ACME.replace(old, new), "utf-8")
        code, out = run("profiles", "check", str(profile))
        assert code == 2
        assert "acme.toml" in out
        assert complaint in out

    def test_the_shipped_ones_are_right_and_listed(self):
        code, out = run("profiles", "list", "--json")
        rows = {row["file"]: row for row in json.loads(out)}
        assert code == 0
        assert rows["kyocera.toml"]["A"] > 10
        assert len(rows) == len(load_shipped())

    def test_no_profile_with_meters_rests_on_weak_sources_alone(self):
        for profile in load_shipped():
            grades = [row.confidence for row in (*profile.row, *profile.meter, *profile.packed)]
            assert not grades or min(grades) in {"A", "B"}, profile.vendor

    def test_the_schema_is_one(self):
        code, out = run("profiles", "schema")
        assert code == 0
        assert {"vendor", "meter", "packed"} <= json.loads(out)["properties"].keys()


class TestCapture:
    @pytest.fixture
    async def captured(self, acme, tmp_path):
        """`await captured(…)`: the exit code, what was said, and the folder with the two files."""

        async def capture(*arguments):
            async with walk_fleet([acme[1]], own("0.9"), 0) as fleet:
                command = Path(sys.executable).with_name("printwarden")
                target = str(fleet.members[0].address)
                run = await asyncio.create_subprocess_exec(
                    command, "capture", target, "--to", str(tmp_path / "new"), *arguments,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )  # fmt: skip
                out, _ = await run.communicate()
                return run.returncode, out.decode(), tmp_path / "new"

        return capture

    async def test_it_leaves_out_who_and_where_and_walks_no_tree(self, captured):
        code, _, folder = await captured()
        walk = (folder / "walk.snmprec").read_text("utf-8")
        assert code == 0
        for secret in ("Jo Doe", "firm.example", "3rd floor", "0A1B2C", "0a1b2c", "10.20.30.40", "password"):
            assert secret not in walk
        assert "LaserThing ACM000000 at 192.0.2.1" in walk
        assert "99999" not in walk.replace("|6|1.3.6.1.4.1.99999.1\n", ""), (
            "no private object without a profile"
        )

    async def test_a_branch_that_is_named_is_recorded_scrubbed(self, captured):
        _, _, folder = await captured("--branch", "1.3.6.1.4.1.99999.4.7.1.2")
        assert "1.3.6.1.4.1.99999.4.7.1.2.0|2|700" in (folder / "walk.snmprec").read_text("utf-8")

    async def test_a_whole_tree_is_refused(self, captured):
        code, out, folder = await captured("--branch", "1.3.6.1.4.1.99999")
        assert (code, folder.exists()) == (2, False)
        assert "whole branch" in out

    async def test_the_form_has_room_for_what_the_panel_says(self, captured):
        _, _, folder = await captured()
        form = tomllib.loads((folder / "usage-page.toml").read_text("utf-8"))
        assert form["model"] == "ACME LaserThing 3"
        assert form["counter"] == [
            {"metric": "total", "source": "1.3.6.1.2.1.43.10.2.1.4.1.1", "read": 1000, "panel": ""}
        ]

    async def test_what_was_captured_reads_as_the_printer_did(self, captured):
        _, _, folder = await captured()
        snapshot = await read_printer(
            walk_files.WalkReader(walk_files.load_walk(folder / "walk.snmprec")), at=0.0
        )
        assert [meter.value for meter in snapshot.meters] == [1000]
        assert snapshot.identity.model == "ACME LaserThing 3"


def test_a_serial_number_is_crossed_out_wherever_it_stands():
    rows = [
        (oid("1.3.6.1.4.1.9.1"), b"SN:AC7731991;MAC:00:11:22:0a:1b:2c"),
        (oid("1.3.6.1.4.1.9.2"), 7731991),
    ]
    scrubbed = dict(scrub_rows(rows, serial="AC7731991", mac="0011220a1b2c", community="public"))
    assert scrubbed[oid("1.3.6.1.4.1.9.1")] == b"SN:XXXXXXXXX;MAC:00000000000000000"
    assert scrubbed[oid("1.3.6.1.4.1.9.2")] == 7731991, "numbers are what a capture is for"


def test_the_community_never_shows():
    rows = [
        (oid("1.3.6.1.4.1.9.1"), b"read with s3cret"),
        (oid("1.3.6.1.4.1.9.3"), IpAddress(b"\x0a\x01\x02\x03")),
    ]
    scrubbed = dict(scrub_rows(rows, serial=None, mac=None, community="s3cret"))
    assert scrubbed[oid("1.3.6.1.4.1.9.1")] == b"read with xxxxxx"
    assert scrubbed[oid("1.3.6.1.4.1.9.3")] == IpAddress(bytes((192, 0, 2, 1)))


def test_a_walk_written_is_the_walk_read(tmp_path):
    values = {
        oid("1.3.6.1.2.1.1.1.0"): b"text | with bars", oid("1.3.6.1.2.1.1.2.0"): ObjectId(oid("1.3.6.1.4.1.9")),
        oid("1.3.6.1.2.1.1.10"): b"\x00\xff", oid("1.3.6.1.2.1.1.9"): -3, oid("1.3.6.1.2.1.1.8"): 2**32,
        oid("1.3.6.1.2.1.4.20"): IpAddress(b"\x7f\0\0\x01"),
    }  # fmt: skip
    path = tmp_path / "walk.snmprec"
    path.write_text(walk_files.format_walk(values.items()), "utf-8")
    assert walk_files.load_walk(path) == values


def test_the_page_of_printers_is_what_the_profiles_say():
    made = runpy.run_path(str(ROOT / "docs" / "make_printers.py"))
    page = (ROOT / "docs" / "printers.md").read_text("utf-8")
    assert made["page"]() == page, "run: python docs/make_printers.py"


def test_the_profile_in_the_page_is_right(tmp_path):
    page = (ROOT / "docs" / "printers.md").read_text("utf-8")
    (tmp_path / "acme.toml").write_text(page.partition("```toml\n")[2].partition("```")[0], "utf-8")
    assert [profile.vendor for profile in Profiles.load(tmp_path)] == ["Acme"]
