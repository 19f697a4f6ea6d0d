"""What the service holds in memory: it is started by few words, and loads what it needs and nothing else."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from loopback import own
from typer.testing import CliRunner

from agent.cli import _service_command, build_cli
from agent.cli._service_command import ServiceCommand
from agent.core import store
from agent.core.clock import Clock
from agent.simulator import fleets
from agent.simulator.device import build_printer, list_addresses
from agent.simulator.fleet import SimulatedFleet

PATIENCE = 60
NEVER = {
    "typer", "click", "rich", "pygments",  # the command line
    "zeroconf",  # mDNS, which is switched off here
    "pysnmp", "pyasn1",  # traps and SNMPv3, neither of which is configured here
    "starlette", "uvicorn", "jinja2", "agent.simulator", "agent.runtime.demo", "uplink.receiver",  # the other ends
    "cryptography.hazmat.primitives.serialization", "cryptography.x509",  # keys of other kinds
    "agent.contracts.file_format", "holidays", "dns",  # contracts, and DNS-SD, of which this site has none
    "platformdirs", "difflib", "agent.rules.backtest.scoring", "agent.runtime.selftest",
}  # fmt: skip
CONFIG = """
[site]
id = "S-1"
[storage]
folder = "state"
[mdns]
enabled = false
[cups]
enabled = false
[[network]]
cidr = "{network}"
snmp_port = {port}
"""
CHILD = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(name for name, module in sys.modules.items() if module))))
{begin}
sys.argv = ["printwarden", *sys.argv[1:]]
from agent.cli import main
main()
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="ended by a signal")


def heavy(modules):
    """Which of what is never to be loaded was loaded, with the module that shows it."""
    return {
        name for name in NEVER if any(module == name or module.startswith(f"{name}.") for module in modules)
    }


async def modules_of_a_service(folder: Path, begin: str = "") -> list[str]:
    """Every module that a service has loaded after it has read its first printer."""
    place = folder / "notify"
    async with SimulatedFleet(
        [build_printer(fleets.models.HP_M507, "healthy", *list_addresses(own("0.1"), 0, 1))], clock=Clock()
    ) as fleet:
        port = fleet.members[0].address.port
        (folder / "config.toml").write_text(CONFIG.format(network=own("0.0/29"), port=port))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, ExitStack() as at_the_end:
            systemd.bind(str(place))
            systemd.setblocking(False)
            child = subprocess.Popen(  # noqa: ASYNC220 - a moment
                [sys.executable, "-c", CHILD.format(begin=begin), "run", "--config", str(folder / "config.toml")],
                env={**os.environ, "NOTIFY_SOCKET": str(place)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            at_the_end.callback(child.kill)
            async with asyncio.timeout(PATIENCE):
                while not (await asyncio.get_running_loop().sock_recv(systemd, 4096)).startswith(b"READY=1"):
                    pass
                while not _known(folder):
                    await asyncio.sleep(0.1)
            child.terminate()
            out, err = await asyncio.to_thread(child.communicate, timeout=PATIENCE)
    assert child.returncode == 0, err.decode()
    return list(json.loads(out.splitlines()[-1]))


def _known(folder: Path) -> int:
    """How many printers the service has taken in."""
    with closing(store.open_reader(folder / "state" / "printwarden.db")) as db:
        return int(db.execute("SELECT count(*) FROM device").fetchone()[0])


@posix
async def test_the_service_loads_nothing_that_it_does_not_need(tmp_path):
    loaded = await modules_of_a_service(tmp_path)
    assert "agent.collectors.printer_mib" in loaded, "it has worked"
    assert heavy(loaded) == set()
    assert "zeroconf" not in loaded, "mDNS is switched off"


@posix
async def test_a_service_that_begins_as_any_command_does_is_found_out(tmp_path):
    """The negative control: the same, read by typer."""
    begin = (
        "from agent.cli import _service_command; _service_command.parse_service_command = lambda words: None"
    )
    assert {"typer", "rich"} <= heavy(await modules_of_a_service(tmp_path, begin))


@pytest.mark.parametrize(
    ("words", "config", "clock"),
    [
        ("run", None, Clock()),
        ("run --config a.toml", "a.toml", Clock()),
        ("run -c a.toml", "a.toml", Clock()),
        ("run --config=a=b.toml", "a=b.toml", Clock()),
        ("run --clock 60@5.0=7.0 --config a.toml", "a.toml", Clock(60.0, 5.0, 7.0)),
    ],
)
def test_what_a_service_manager_says_is_understood_as_typer_does(words, config, clock, monkeypatch):
    told = []
    monkeypatch.setattr(ServiceCommand, "start", lambda service: told.append(service))  # noqa: PLW0108 - a method
    CliRunner().invoke(build_cli(["run"]), words.split(), catch_exceptions=False)
    plain = _service_command.parse_service_command(words.split())
    assert told == [plain] == [ServiceCommand(config=Path(config) if config else None, clock=clock)]


@pytest.mark.parametrize(
    "words",
    ["", "once", "run --help", "run extra", "run --config", "run --config --clock", "run -ca.toml", "run --config=",
     "run --clock soon", "run --clock -1@0=0", "run -c=a.toml", "run --config a --config b", "run --conf a",
     "--version", "service host"],
)  # fmt: skip
def test_everything_else_is_left_to_the_command_line(words):
    assert _service_command.parse_service_command(words.split()) is None


def test_on_windows_the_service_is_hosted_without_it_too(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert isinstance(
        _service_command.parse_service_command(["service", "host"]), _service_command.ServiceHostCommand
    )
