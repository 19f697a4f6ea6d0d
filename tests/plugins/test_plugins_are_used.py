"""A plug-in of each kind is new files and nothing else: copied in, it is used by the running service.

The program is copied, the files of `fixtures` are laid into the copy, and its own commands are run: simulated
printers that play the new scenario with the new quirk, and the service that finds, reads, judges and delivers.
The same site without those files is the control: it works, and shows nothing of theirs.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from loopback import own

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = FIXTURES.parent.parent.parent
PATIENCE = 90.0  # real seconds
BY_HAND = own("141.1")
CONFIG = f"""
[site]
id = "S-1"
[storage]
folder = "state"
[mdns]
enabled = false
[ipp]
enabled = false
[cups]
enabled = false
[rules]
first_days = "0 s"
[target]
%s
[[network]]
cidr = "{own("141.0/30")}"
sweep = false
snmp_port = %s
[[printer]]
host = "{BY_HAND}"
snmp_port = %s
"""

Events = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Program:
    """A copy of the program, with or without the plug-ins."""

    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        command = [sys.executable, "-m", "agent", *words]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refuses(self, *words: str) -> str:
        """What it says to these words, which it must refuse as a mistake of the user's."""
        process = self.start(*words)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2, said
        return said

    @contextlib.contextmanager
    def site(self, target: str, *scenario: str) -> Iterator[None]:
        """Two printers that play `scenario`; the configuration names one of them, and `target`."""
        words = ["--base", BY_HAND, "--port", "0", "--printer", "kyocera", "--no-mdns", "--json", *scenario]
        with running(self.start("simulate", *words)) as printers:
            assert printers.stdout is not None
            first, *_ = [json.loads(printers.stdout.readline()) for _ in range(3)]
            port = first["address"].rpartition(":")[2]
            (self.folder / "config.toml").write_text(CONFIG % (target, port, port))
            yield


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def copied(folder: Path, *extra: Path) -> Program:
    """The program in `folder`, with what is laid into it."""
    for room in ("agent", "uplink"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for more in extra:
        shutil.copytree(more, folder, dirs_exist_ok=True)
    return Program(folder)


def data(events: Events, kind: str) -> Events:
    return [event["data"] for event in events if event["type"].startswith(f"mps.{kind}/")]


KINDS: dict[str, Callable[[Events], bool]] = {
    "quirk": lambda events: any(
        one["inventory"].get("description") == "Beacon Works B-1" for one in data(events, "device_inventory")
    ),
    "vendor profile": lambda events: any(
        one["device"].get("make") == "Beacon Works" for one in data(events, "device_inventory")
    ),
    "decoder": lambda events: any(
        one["meters"]["counters"].get("duplex") == 4711 for one in data(events, "meter_read")
    ),
    "collector": lambda events: any(
        one["inventory"].get("uuid") == str(uuid5(NAMESPACE_OID, f"beacon:{BY_HAND}"))
        for one in data(events, "device_inventory")
    ),
    "discoverer": lambda events: (
        len({one["device"]["device_key"] for one in data(events, "device_inventory")}) == 2
    ),
    "scenario, rule function and default rule": lambda events: any(
        "beacon" in one["fault"]["title"].lower() for one in data(events, "ticket")
    ),
}


@pytest.fixture(scope="module")
def with_plugins(tmp_path_factory: pytest.TempPathFactory) -> Events:
    """What the service delivers by the fixture target, of printers with all of the fixtures."""
    program = copied(tmp_path_factory.mktemp("with_plugins"), FIXTURES)
    loft, ends = program.folder / "loft", time.monotonic() + PATIENCE
    loft.touch()

    def landed() -> Events:
        lines = loft.read_text().splitlines(keepends=True)
        return [event for line in lines if line.endswith("\n") for event in json.loads(line)]

    scenario = ("--scenario", "beacon_lit", "--quirk", "beacon_badge")
    with (
        program.site('pigeon = { loft = "loft" }', *scenario),
        running(program.start("run", "--config", "config.toml")) as service,
    ):
        while (
            loft.read_text().count("mps.ticket/1") < 2 and time.monotonic() < ends and service.poll() is None
        ):
            time.sleep(0.1)
    return landed()


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Events]:
    """The same site without the fixtures, gone through once; its events are in a folder."""
    program = copied(tmp_path_factory.mktemp("without"))
    out = program.folder / "out"
    out.mkdir()
    with program.site('folder = { path = "out" }', "--scenario", "healthy"):
        once = program.start("once", "--config", "config.toml", "--listen", "0s")
        once.communicate(timeout=PATIENCE)
        assert once.returncode == 0
    return program, [event for file in sorted(out.glob("*.json")) for event in json.loads(file.read_text())]


def test_the_target_that_was_copied_in_gets_the_events(with_plugins: Events) -> None:
    assert {event["type"].partition("/")[0] for event in with_plugins} >= {
        "mps.ticket",
        "mps.device_inventory",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_service_uses_what_was_copied_in(kind: str, with_plugins: Events) -> None:
    assert KINDS[kind](with_plugins)


@pytest.mark.parametrize("kind", KINDS)
def test_without_its_file_nothing_of_it_is_seen(kind: str, without: tuple[Program, Events]) -> None:
    _, events = without
    assert data(events, "device_inventory"), "the site itself works"
    assert not KINDS[kind](events)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["simulate", "--scenario", "beacon_lit"], "beacon_lit"),
        (["simulate", "--quirk", "beacon_badge"], "beacon_badge"),
        (["run", "--config", "pigeon.toml"], "target.pigeon: unknown key"),
    ],
    ids=["scenario", "quirk", "delivery target"],
)
def test_without_its_file_it_is_refused_by_name(
    words: list[str], reason: str, without: tuple[Program, Events]
) -> None:
    program, _ = without
    (program.folder / "pigeon.toml").write_text('[target]\npigeon = { loft = "loft" }\n')
    assert reason in program.refuses(*words)


def test_every_kind_of_plugin_has_its_fixture() -> None:
    rooms = {
        file.parent.relative_to(FIXTURES).as_posix()
        for file in FIXTURES.rglob("*.*")
        if file.suffix != ".pyc"
    }
    assert rooms == {
        "agent/collectors", "agent/collectors/decoders", "agent/collectors/profiles", "agent/discovery/methods",
        "agent/rules/defaults", "agent/rules/functions", "agent/simulator/quirks", "agent/simulator/scenarios",
        "uplink/targets",
    }  # fmt: skip
