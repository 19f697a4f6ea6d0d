"""Printers on a USB cable, through a real CUPS spooler that runs for the test alone."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agent import app, config
from agent.collectors import cups
from agent.collectors._vendor.vendor_profiles import load_shipped
from agent.core.errors import NoAnswer
from agent.pipeline.polling.usb_printers import UsbPoller
from agent.runtime import runner

DESK = "usb://Brother/HL-2270DW%20series?serial=E71833C4J372261"
BACKEND = """#!/bin/sh
# Stands in for the one that speaks USB: says what a printer's status says, and swallows the job.
[ $# -eq 0 ] && exit 0
echo "ATTR: marker-names='Black Toner',Drum marker-types=toner,opc marker-levels=42,-3 marker-colors=#000000,none" >&2
echo "STATE: +toner-low-warning" >&2
cat > /dev/null
"""
CONFIGURATION = """
LogLevel warn
Listen {socket}
Browsing Off
WebInterface No
DefaultAuthType Basic
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
"""
FILES = """
ServerRoot {folder}/etc
ServerBin {folder}/bin
StateDir {folder}/state
CacheDir {folder}/cache
RequestRoot {folder}/spool
TempDir {folder}/spool/tmp
AccessLog {folder}/log
ErrorLog {folder}/log
PageLog {folder}/log
User {user}
Group {group}
SystemGroup root
"""


class Spooler:
    """A cupsd of our own, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "s")

    def prepare(self) -> None:
        for part in ("etc/ppd", "bin/backend", "state", "cache", "spool/tmp"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "bin" / "daemon").symlink_to("/usr/lib/cups/daemon")  # what starts backends
        for scheme in ("usb", "ipp"):
            backend = self.folder / "bin" / "backend" / scheme
            backend.write_text(BACKEND, "utf-8")
            backend.chmod(0o700)
        user = (
            {"user": "lp", "group": "lp"} if os.getuid() == 0 else {"user": _own("-un"), "group": _own("-gn")}
        )
        where = {"folder": self.folder, "socket": self.socket, **user}
        (self.folder / "etc" / "cupsd.conf").write_text(CONFIGURATION.format(**where), "utf-8")
        (self.folder / "etc" / "cups-files.conf").write_text(FILES.format(**where), "utf-8")

    def queue(self, name: str, uri: str) -> None:
        self._do("lpadmin", "-p", name, "-v", uri, "-L", "front desk", "-E", "-m", "raw")

    def print(self, name: str) -> None:
        self._do("lp", "-d", name, "-o", "raw", str(self.folder / "etc" / "cupsd.conf"))

    def _do(self, program: str, *arguments: str) -> None:
        command = [shutil.which(program) or program, "-h", self.socket, *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=30)


def _own(option: str) -> str:
    return subprocess.run(["id", option], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
async def spooler(needs):
    """A running cupsd without queues."""
    program = needs("cupsd", package="cups")
    needs("lpadmin", package="cups-client")
    folder = Path(tempfile.mkdtemp(prefix="pw-cups-"))  # short: a socket's path has room for 100 characters
    made = Spooler(folder)
    made.prepare()
    etc = folder / "etc"
    process = await asyncio.create_subprocess_exec(
        program, "-f", "-c", str(etc / "cupsd.conf"), "-s", str(etc / "cups-files.conf"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _until(lambda: Path(made.socket).exists() or process.returncode is not None)
        assert process.returncode is None, (folder / "log").read_text("utf-8")
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _until(ready) -> None:
    async with asyncio.timeout(30):
        while not (ready() if not asyncio.iscoroutinefunction(ready) else await ready()):
            await asyncio.sleep(0.05)


async def read(spooler):
    return {one.address.host: one for one in await cups.read_queues(spooler.socket, at=0.0)}


async def test_only_printers_on_a_cable_are_read_and_known_by_what_is_on_it(spooler):
    spooler.queue("Desk", DESK)
    spooler.queue("Net", "ipp://192.0.2.1/ipp/print")
    (snapshot,) = (await read(spooler)).values()
    who = snapshot.identity
    assert (who.vendor, who.model, who.serial) == ("Brother", "HL-2270DW", "E71833C4J372261")
    assert (who.location, who.is_printer) == ("front desk", True)
    assert who.uuid is None, "the queue's UUID is not the printer's"
    assert snapshot.uptime is None, "nor is this machine's clock"
    assert (snapshot.via, snapshot.sources["identity.serial"]) == ("cups", "ipp:device-uri")


async def test_what_the_backend_says_of_supplies_and_trouble_comes_through(spooler):
    spooler.queue("Desk", DESK)
    spooler.print("Desk")

    async def told():
        return bool((await read(spooler))["cups/Desk"].supplies)

    await _until(told)
    snapshot = (await read(spooler))["cups/Desk"]
    toner, drum = snapshot.supplies
    assert (toner.type, toner.colour, toner.percent) == ("toner", "black", 42)
    assert (drum.type, drum.vagueness) == ("opc", "some_left")
    assert "lowToner" in snapshot.status.errors


async def test_the_service_takes_them_in_and_asks_nobody_on_the_network_for_them(spooler, tmp_path):
    spooler.queue("Desk", DESK)
    given = {"cups": {"socket": spooler.socket}, "mdns": {"enabled": False}}
    agent = app.build_agent_from(config.build_config(given, tmp_path))
    async with runner.running_agent(agent):
        cabled = UsbPoller(
            cups, agent.config, agent.clock, agent.batch_writer, agent.poller.printer_reader.profiles
        )
        await cabled.poll_all()
        await cabled.poll_all()
        (device,) = agent.poller.fleet.devices.values()
        assert device.key == "sn:E71833C4J372261"
        await agent.poller.poll_all([device.key], frozenset())
        assert agent.poller.fleet.silent == set(), "not asked over SNMP, and so not silent"


async def test_the_command_shows_the_one_queue_or_names_those_there_are(spooler):
    command = Path(sys.executable).with_name("printwarden")

    async def probe(target):
        run = await asyncio.create_subprocess_exec(
            command, "probe", target, "--json", env={**os.environ, "CUPS_SERVER": spooler.socket},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await run.communicate()
        return run.returncode, out.decode(), err.decode()

    code, _, err = await probe("cups:")
    assert (code, err) == (1, "no queue has a printer on a cable\n")
    spooler.queue("Desk", DESK)
    code, out, _ = await probe("cups:")
    assert (code, json.loads(out)["identity"]["serial"]) == (0, "E71833C4J372261")
    assert (await probe("cups:Cellar"))[2] == 'no queue "Cellar"; there are: Desk\n'


async def test_a_machine_without_a_spooler_says_so(tmp_path):
    with pytest.raises(NoAnswer, match="no connection"):
        await cups.read_queues(str(tmp_path / "none.sock"), at=0.0)


@pytest.mark.parametrize(
    ("uri", "who"),
    [
        (DESK, ("Brother", "HL-2270DW", "E71833C4J372261")),
        ("usb://HP/LaserJet%20P1102?serial=000000000Q81", ("HP", "LaserJet P1102", "000000000Q81")),
        ("hp:/usb/HP_LaserJet_1020?serial=JL123AB", ("HP", "LaserJet 1020", "JL123AB")),
        ("usb://Canon/LBP6030?serial=0000A&interface=1", ("Canon", "LBP6030", "0000A")),
        ("usb://Brother/HL-1110?serial=XXXXXXXX", ("Brother", "HL-1110", None)),
        ("parallel:/dev/lp0", (None, None, None)),
    ],
)
def test_the_uri_tells_who_is_on_the_cable(uri, who):
    assert cups.on_cable(uri)
    identity = cups.build_snapshot(
        {"printer-name": ("Q",), "device-uri": (uri,)}, 0.0, load_shipped()
    ).identity
    assert (identity.vendor, identity.model, identity.serial) == who


@pytest.mark.parametrize(
    "uri", ["ipp://192.0.2.1/ipp/print", "socket://192.0.2.1", "dnssd://x", "file:/dev/null", ""]
)
def test_what_is_on_the_network_is_left_to_the_network(uri):
    assert not cups.on_cable(uri)


def test_an_unplugged_printer_is_silent():
    queue = {"printer-name": ("Q",), "device-uri": (DESK,), "printer-state-reasons": ("offline-report",)}
    assert cups.build_snapshot(queue, 0.0, load_shipped()).reachable is False
