"""Check an installation: use every part once, for real, on loopback and in a temporary folder.

    modules    every file of `agent` and `uplink` can be imported: nothing was left out of a frozen build
    data       rules, profiles and schemas are there, and the shipped rules are valid
    zones      time zones, which business hours need
    cadences   the scheduler runs something once, and again and again
    mdns       listening for announcements can begin and end
    line       two simulated printers are read, over v2c and encrypted v3, and their events reach
               a receiver over TLS, by way of the state file

It needs no configuration, contacts no other machine, and leaves nothing behind.
"""

import asyncio
import hashlib
import importlib
import pkgutil
import sys
import tempfile
import zoneinfo
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import agent
import uplink
from agent import app, config
from agent.config.access_policy import AccessPolicy
from agent.core.clock import Clock
from agent.core.units import counted
from agent.discovery.methods import DiscoveryContext, mdns
from agent.rules import loader
from agent.runtime import runner
from agent.runtime.periodic_jobs import PeriodicJobs
from agent.simulator import fleets, models
from agent.simulator.device import build_printer, list_addresses
from agent.simulator.fleet import SimulatedFleet
from uplink.receiver.app import create_app
from uplink.receiver.certificates import CertificateFiles, create_certificates
from uplink.receiver.event_store import EventStore
from uplink.receiver.serve import serve_app

PROGRAM_SUFFIXES = {".py", ".pyc", ".so", ".pyd", ".typed"}
OTHER_PLATFORMS = set() if sys.platform == "win32" else {"agent.runtime.host.windows_service"}
"""What can be imported on another system only."""

CHECK_TIMEOUT = 30.0  # real seconds for one check
BASE_ADDRESS = "127.79.0.1"


class SelfTestFailed(Exception):
    """A part is missing or does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """The outcome of one check."""

    name: str
    ok: bool
    said: str  # the observation, or the fault


async def run_checks() -> list[SelfTestResult]:
    """Every check, in order; one that fails does not keep the others from being made."""
    return [await _run_check(name, check) for name, check in CHECKS.items()]


async def _run_check(name: str, check: Callable[[], Awaitable[str]]) -> SelfTestResult:
    try:
        return SelfTestResult(name=name, ok=True, said=await asyncio.wait_for(check(), CHECK_TIMEOUT))
    except Exception as why:  # noqa: BLE001 - whatever is wrong is the finding
        return SelfTestResult(name=name, ok=False, said=f"{type(why).__name__}: {why}")


def list_modules() -> list[str]:
    """Every module of `agent` and `uplink` that this system can import, by dotted name."""
    found = [
        each.name
        for package in (agent, uplink)
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return sorted(name for name in found if not name.endswith("__main__") and name not in OTHER_PLATFORMS)


def hash_data_files() -> dict[str, str]:
    """Every file beside the modules, with its SHA-256."""
    homes = (Path(agent.__file__).parent, Path(uplink.__file__).parent)
    files = [path for home in homes for path in home.rglob("*") if path.is_file()]
    return {
        path.relative_to(homes[0].parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.suffix not in PROGRAM_SUFFIXES
    }


async def _check_modules() -> str:
    for name in list_modules():
        importlib.import_module(name)
    return counted(len(list_modules()), "module")


async def _check_data() -> str:
    rules = loader.load_rules(loader.shipped_files())
    if not hash_data_files() or not rules.rules:
        raise SelfTestFailed("no rules are there")
    return f"{counted(len(hash_data_files()), 'file')}, {counted(len(rules.rules), 'rule')}"


async def _check_zones() -> str:
    wanted = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
    try:
        return ", ".join(str(zoneinfo.ZoneInfo(name)) for name in wanted)
    except zoneinfo.ZoneInfoNotFoundError as why:
        raise SelfTestFailed(f"{why}; install the system's package tzdata") from None


async def _check_cadences() -> str:
    runs = {"once": asyncio.Event(), "again": asyncio.Event()}
    cadences = PeriodicJobs(Clock())

    async def count_run() -> None:
        runs["again" if runs["once"].is_set() else "once"].set()

    cadences.add_job(0.05, "selftest", count_run, at_once=True)
    cadences.start()
    try:
        for event in runs.values():
            await event.wait()
    finally:
        await cadences.supervisor.stop()
    return "at once, and every interval"


async def _check_mdns() -> str:
    with tempfile.TemporaryDirectory(prefix="printwarden-selftest-") as folder:
        settings = config.build_config({"mdns": {"interfaces": ["127.0.0.1"]}}, Path(folder))
    scout = DiscoveryContext(
        policy=AccessPolicy.from_config(settings), clock=Clock(), prober=_ForbiddenProber(), listen=0.2
    )
    async with aclosing(mdns.discover(scout)) as sightings:  # type: ignore[type-var]
        heard = [sighting async for sighting in sightings]
    return f"{counted(len(heard), 'announcement')} on loopback"


class _ForbiddenProber:
    """A prober that must never be called."""

    def probe_addresses(self, *_: object) -> Any:
        raise SelfTestFailed("listening should send nothing")

    async def wait_for_turn(self, *_: object) -> None:
        raise SelfTestFailed("listening should send nothing")


async def _check_pipeline() -> str:
    places = list_addresses(BASE_ADDRESS, 0, 2)
    plain = build_printer(models.HP_M507, "healthy", places[0])
    kept = build_printer(models.HP_M480, "fuser_fails", places[1])
    fleet = SimulatedFleet([plain, replace(kept, versions=frozenset(), user=fleets.DEMO_USER)], clock=Clock())
    with tempfile.TemporaryDirectory(prefix="printwarden-selftest-") as name:
        folder = Path(name)
        certificates = create_certificates(folder / "tls")
        receiver = create_app(folder / "receiver.db")
        async with fleet, serve_app(receiver, certificates=certificates) as url:
            known = await _read_and_deliver(folder, fleet, url, certificates)
        ledger = EventStore(folder / "receiver.db")
        arrived = len(ledger.list_events(0, 1000))
        ledger.close()
    if known != 2 or not arrived:
        raise SelfTestFailed(
            f"{known} of 2 simulated printers were read, {counted(arrived, 'event')} arrived"
        )
    return f"{known} printers read over SNMP v2c and v3, {counted(arrived, 'event')} delivered over TLS"


async def _read_and_deliver(
    folder: Path, fleet: SimulatedFleet, url: str, certificates: CertificateFiles
) -> int:
    """Run one pass of a whole agent over the fleet; return the number of printers in its state."""
    user = fleets.DEMO_USER
    port = fleet.members[0].address.port
    by_hand = [
        {"host": member.address.host, "snmp_port": port, "credentials": [name]}
        for member, name in zip(fleet.members, ("public", "encrypted"), strict=True)
    ]
    settings: dict[str, Any] = {
        "printer": by_hand,
        "credential": [
            {
                "name": "encrypted",
                "version": "3",
                "user": user.name,
                "auth_protocol": user.auth_protocol,
                "auth_password": user.auth_password,
                "priv_protocol": user.priv_protocol,
                "priv_password": user.priv_password,
            }
        ],
        "provider": {"url": f"{url}/v1/events", "ca_file": str(certificates.ca_file)},
        "mdns": {"enabled": False},
        "snmp": {"timeout": "500 ms", "retries": 2, "requests_per_second_per_subnet": 1000.0},
    }
    line = app.build_agent_from(config.build_config(settings, folder / "state"))
    await runner.run_once(line, listen=0)
    return len(line.poller.fleet.devices)


CHECKS: dict[str, Callable[[], Awaitable[str]]] = {
    "modules": _check_modules,
    "data": _check_data,
    "zones": _check_zones,
    "cadences": _check_cadences,
    "mdns": _check_mdns,
    "line": _check_pipeline,
}
