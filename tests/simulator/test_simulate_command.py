"""`printwarden simulate`, run as people and programs run it."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import own

from agent.simulator import fleets

BASE = own("106.1")
REQUEST = bytes.fromhex(
    "302902010104067075626c6963a01c02040000004d020100020100300e300c06082b060102010101000500"
)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "agent", "simulate", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=False)


def test_with_json_it_says_who_answers_where_and_then_that_it_is_ready() -> None:
    done = run("--base", BASE, "--port", "0", "--no-mdns", "--for", "1s", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(lines)) == (0, 17)
    assert lines[0]["address"].startswith(f"{BASE}:")
    assert lines[0]["promise"] == {"fault": "supply.low", "component": "toner:black", "by": 72000.0}
    assert lines[-1]["ready"] == 16
    assert lines[-1]["clock"].startswith("1.0@")


@pytest.mark.xdist_group("multicast")  # it announces its printers
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_told_to_stop(end: signal.Signals) -> None:
    arguments = command("--base", BASE, "--port", "0", "--json", "--speed", "1440")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, *_, ready = (json.loads(process.stdout.readline()) for _ in range(17))
        assert ready["ready"] == 16
        host, port = first["address"].rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(10)
            asking.sendto(REQUEST, (host, int(port)))
            assert b"HP ETHERNET MULTI-ENVIRONMENT" in asking.recv(2000)
        process.send_signal(end)
        assert process.wait(30) == 0


def test_two_simulators_with_one_clock_and_start_show_the_same_uptime() -> None:
    """A frozen clock, ten hours after the start of the stories."""
    given = ("--clock", "1e-12@0.0=136000.0", "--started", "100000.0", "--port", "0", "--no-mdns", "--json")
    told = []
    for base in (BASE, own("107.1")):
        arguments = command("--base", base, *given)
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first, *_ = [json.loads(process.stdout.readline()) for _ in range(17)]
            host, port = first["address"].rsplit(":", 1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(10)
                asking.sendto(REQUEST.replace(b"\x01\x01\x01\x00", b"\x01\x01\x03\x00"), (host, int(port)))
                told.append(asking.recv(2000))
            process.terminate()
    assert told[0] == told[1]


def test_walk_files_are_replayed_and_their_broken_lines_reported(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.snmprec", tmp_path / "broken.snmprec"
    good.write_text("1.3.6.1.2.1.1.1.0|4|one\n")
    broken.write_text("1.3.6.1.2.1.1.1.0|4|two\nnonsense\n")
    done = run("--walk", str(good), str(broken), "--base", BASE, "--port", "0", "--for", "1s", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [(line["name"], line["about"]) for line in lines[:2]] == [
        ("good", "replays 1 values"),
        ("broken", "replays 1 values"),
    ]
    assert f"{broken}:2: skipped: a line has the form OID|TAG|VALUE" in done.stderr


def test_list_shows_devices_quirks_and_stories_and_opens_nothing() -> None:
    done = run("--list")
    assert done.returncode == 0
    for word in (f"{fleets.BASE}:{fleets.PORT}", "no_bulk", "tray_jams", "a power supply"):
        assert word in done.stdout


def test_a_scenario_is_played_by_the_printers_that_are_named() -> None:
    done = run("--scenario", "tray_jams", "--scenario", "healthy", "--printer", "lexmark", "--list", "--json")
    listed = json.loads(done.stdout)
    assert [(one["story"], "Lexmark" in one["name"]) for one in listed] == [
        ("tray_jams", True),
        ("healthy", True),
    ]


WRONG = (
    ("an address that is none", ("--base", "printer"), "does not appear to be"),
    ("an address that others can reach", ("--base", "10.1.2.3"), "--anywhere"),
    ("an unknown scenario", ("--scenario", "nope"), "tray_jams"),
    ("a printer that is not there", ("--printer", "nope"), "no printer here can play healthy"),
    ("an unknown quirk", ("--quirk", "nope"), "no_bulk"),
    ("a duration without a unit", ("--for", "60"), "not a duration"),
    ("a clock that is none", ("--clock", "fast"), "not a clock"),
    ("a walk file that is not there", ("--walk", "nowhere.snmprec"), "does not exist"),
)


@pytest.mark.parametrize(("what", "arguments", "reason"), WRONG, ids=[what for what, *_ in WRONG])
def test_wrong_usage_starts_nothing_and_says_why(what: str, arguments: tuple[str, ...], reason: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert reason in " ".join(done.stderr.replace("│", " ").split())


def test_a_taken_port_ends_with_a_hint() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((BASE, 0))
        done = run("--base", BASE, "--port", str(taken.getsockname()[1]), "--no-mdns", "--for", "1s")
    assert done.returncode == 1
    assert "Try --port 0" in done.stderr
