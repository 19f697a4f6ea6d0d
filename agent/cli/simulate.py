"""`printwarden simulate`: a fleet of printers to try things on, or walk files that answer again."""

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

import agent.simulator.scenarios
from agent.cli import _common
from agent.core import plugins, units
from agent.core.clock import Clock
from agent.simulator import quirk
from agent.simulator.device import SimulatedDevice
from agent.simulator.fleet import SimulatedFleet
from agent.simulator.fleets import BASE, PORT, build_demo_devices, build_walk_devices, scenario_members
from agent.simulator.ipp import serve_ipp
from agent.simulator.mdns import announce_devices
from agent.simulator.walk import read_walk

Files = Annotated[
    list[Path] | None, typer.Option("--walk", exists=True, dir_okay=False, help="Replay this .snmprec file.")
]
MoreFiles = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", exists=True, dir_okay=False, help="More of them.")
]
Base = Annotated[str, typer.Option(help="First address; each device has one of its own.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="UDP port; 0 takes a free one.")]
Community = Annotated[str, typer.Option(help="The community that is answered.")]
Context = Annotated[
    str, typer.Option("--v3-context", metavar="NAME", help="SNMPv3 is answered in this context only.")
]
Speed = Annotated[float, typer.Option(min=1e-3, help="Simulated seconds in a real one.")]
Started = Annotated[
    float | None, typer.Option(hidden=True, help="What the clock showed when all stories began.")
]
Seed = Annotated[int, typer.Option(help="Another number tells the stories a little differently.")]
Scenarios = Annotated[
    list[str] | None,
    typer.Option("--scenario", metavar="NAME", help="The printers live through this instead; see --list."),
]
Named = Annotated[str, typer.Option("--printer", metavar="TEXT", help="Only those with TEXT in their names.")]
Quirks = Annotated[
    list[str] | None,
    typer.Option("--quirk", metavar="NAME[=NUMBER]", help="All of them misbehave so; see --list."),
]
Mdns = Annotated[bool, typer.Option("--mdns/--no-mdns", help="Announce over mDNS, on loopback.")]
IppPort = Annotated[
    int | None, typer.Option("--ipp", metavar="PORT", min=1, max=65535, help="Answer IPP there, too.")
]
Lasts = Annotated[str, typer.Option("--for", metavar="DURATION", help='Stop after "60s", "5m", …')]
Listing = Annotated[bool, typer.Option("--list", help="Only show who would answer, and the quirks.")]
Anywhere = Annotated[bool, typer.Option("--anywhere", help="Also on addresses that others can reach.")]


def simulate(
    walk: Files = None,
    more: MoreFiles = None,
    base: Base = BASE,
    port: Port = PORT,
    community: Community = "public",
    context: Context = "",
    speed: Speed = 1.0,
    clock: _common.ClockText = "",
    started: Started = None,
    seed: Seed = 0,
    scenarios: Scenarios = None,
    named: Named = "",
    quirks: Quirks = None,
    mdns: Mdns = True,
    ipp: IppPort = None,
    lasts: Lasts = "",
    listing: Listing = False,
    anywhere: Anywhere = False,
    as_json: _common.AsJson = False,
) -> None:
    """Simulate a fleet: twelve printers with stories, and a few devices that are no printers.

    Toner runs low, a tray jams, a fuser fails, a cover is opened, one sleeps, one falls silent; six are fine.
    They answer SNMP v1, v2c and v3 on loopback addresses, and are announced over mDNS.

    With --walk, recorded devices answer instead: OID|TAG|VALUE a line; broken lines are reported and skipped.

    Examples:

      printwarden simulate

      printwarden simulate --speed 1440 --for 60s

      printwarden simulate --walk a.snmprec b.snmprec --base 127.88.0.1

      printwarden simulate --quirk no_bulk --quirk drop=10

      printwarden simulate --scenario tray_jams --printer lexmark

      printwarden simulate --ipp 8631

    Exit codes: 0 stopped by Ctrl+C, SIGTERM or --for; 1 an address or port is not free; 2 wrong usage.
    """
    try:
        members = _cast([*(walk or ()), *(more or ())], scenarios or [], base, port, named=named, seed=seed)
        members = [_adapt_member(member, quirks or [], community, context) for member in members]
        duration = units.parse_duration(lasts) if lasts else None
    except (KeyError, ValueError) as why:
        raise typer.BadParameter(str(why.args[0])) from None
    if listing:
        _print_listing(members, as_json)
        return
    time = _common.parse_clock(clock) if clock else Clock.scaled(speed)
    fleet = SimulatedFleet(members, clock=time, started=started, seed=seed, anywhere=anywhere)
    try:
        asyncio.run(_run_fleet(fleet, mdns and not (walk or more), ipp, duration, as_json))
    except OSError as why:
        _common.err.print(f"cannot answer there: {why}. {_ADDRESS_HINT}", soft_wrap=True)
        raise typer.Exit(1) from why


def _cast(
    files: list[Path], scenarios: list[str], base: str, port: int, *, named: str, seed: int
) -> list[SimulatedDevice]:
    """Return the devices to simulate: recorded ones, printers that play scenarios, or the usual fleet."""
    if files:
        return _load_walks(files, base, port)
    if scenarios or named:
        return scenario_members(scenarios or ["healthy"], base, port, named=named, seed=seed)
    return build_demo_devices(base, port, seed=seed)


_ADDRESS_HINT = (
    "Try --port 0, another --base, or --no-mdns. On macOS each address but 127.0.0.1 needs "
    "`sudo ifconfig lo0 alias ADDRESS` first."
)


def _load_walks(files: list[Path], base: str, port: int) -> list[SimulatedDevice]:
    """Load one device from each file; unusable lines are reported on stderr."""
    walks = [read_walk(path) for path in files]
    for problem in (problem for walk in walks for problem in walk.problems):
        _common.err.print(str(problem), markup=False, soft_wrap=True)
    return build_walk_devices(walks, base, port)


def _adapt_member(
    member: SimulatedDevice, quirks: list[str], community: str, context: str
) -> SimulatedDevice:
    """Give a member quirks, a community and a context. Raises ValueError for an unknown quirk."""
    for each in quirks:
        quirk.parse_quirk(each)
    return replace(member, quirks=(*member.quirks, *quirks), community=community, context=context)


async def _run_fleet(
    fleet: SimulatedFleet, mdns: bool, ipp: int | None, duration: float | None, as_json: bool
) -> None:
    """Answer until SIGINT, SIGTERM, or so many real seconds."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fleet)
        if mdns:
            await stack.enter_async_context(announce_devices(fleet.members))
        if ipp:
            await stack.enter_async_context(serve_ipp(fleet.members, ipp, fleet.clock, fleet.started))
        _print_ready(fleet, as_json)
        try:
            await asyncio.wait_for(stop.wait(), duration)
        except TimeoutError:
            return


def _print_ready(fleet: SimulatedFleet, as_json: bool) -> None:
    """Print the address of each device: a table, or a line each and one more when all are ready."""
    if as_json:
        for member in fleet.members:
            print(json.dumps(_device_document(member), ensure_ascii=False))
        ready = {"ready": len(fleet.members), "clock": str(fleet.clock), "started": fleet.started}
        print(json.dumps({**ready, "pid": os.getpid()}), flush=True)
        return
    _print_devices(fleet.members)
    _common.out.print("Ctrl+C ends it")


def _print_listing(members: list[SimulatedDevice], as_json: bool) -> None:
    if as_json:
        _common.print_json([_device_document(member) for member in members])
        return
    _print_devices(members)
    _common.print_table("Quirks", ("name", "what it does"), quirk.list_quirks().items())
    stories = ", ".join(plugins.list_plugins(agent.simulator.scenarios))
    _common.out.print(f"Scenarios: {stories}", markup=False)


def _print_devices(members: list[SimulatedDevice] | tuple[SimulatedDevice, ...]) -> None:
    rows = [
        (
            member.address,
            member.name,
            member.spoken_versions,
            "mDNS" if member.announced else "",
            member.about,
        )
        for member in members
    ]
    _common.print_table("Devices", ("address", "device", "SNMP", "announced", "what happens"), rows)


def _device_document(member: SimulatedDevice) -> dict[str, Any]:
    """Return a member as data."""
    return {
        "address": str(member.address),
        "name": member.name,
        "key": member.key,
        "speaks": member.spoken_versions,
        "announced": member.announced,
        "story": member.story,
        "about": member.about,
        "promise": asdict(member.expected_ticket) if member.expected_ticket else None,
        "quirks": list(member.quirks),
    }
