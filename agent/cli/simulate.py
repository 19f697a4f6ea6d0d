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
from agent.simulator.device import Member
from agent.simulator.fleet import Fleet
from agent.simulator.fleets import BASE, PORT, demo_members, scenario_members, walk_members
from agent.simulator.ipp import serving
from agent.simulator.mdns import announced
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
    """Simulate a fleet: twelve printers with stories, and a few devices that are none.

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

    Exit codes: 0 stopped by Ctrl+C, SIGTERM or --for; 1 an address or port cannot be had; 2 wrong usage.
    """
    try:
        members = _cast([*(walk or ()), *(more or ())], scenarios or [], base, port, named=named, seed=seed)
        members = [replace(_quirky(member, quirks or []), community=community) for member in members]
        duration = units.duration(lasts) if lasts else None
    except (KeyError, ValueError) as why:
        raise typer.BadParameter(str(why.args[0])) from None
    if listing:
        _list(members, as_json)
        return
    time = _common.clock(clock) if clock else Clock.scaled(speed)
    fleet = Fleet(members, clock=time, started=started, seed=seed, anywhere=anywhere)
    try:
        asyncio.run(_play(fleet, mdns and not (walk or more), ipp, duration, as_json))
    except OSError as why:
        _common.err.print(f"cannot answer there: {why}. {_ELSEWHERE}", soft_wrap=True)
        raise typer.Exit(1) from why


def _cast(
    files: list[Path], scenarios: list[str], base: str, port: int, *, named: str, seed: int
) -> list[Member]:
    """Who answers: recorded devices, printers that play scenarios, or the usual fleet."""
    if files:
        return _walks(files, base, port)
    if scenarios or named:
        return scenario_members(scenarios or ["healthy"], base, port, named=named, seed=seed)
    return demo_members(base, port, seed=seed)


_ELSEWHERE = (
    "Try --port 0, another --base, or --no-mdns. On macOS each address but 127.0.0.1 needs "
    "`sudo ifconfig lo0 alias ADDRESS` first."
)


def _walks(files: list[Path], base: str, port: int) -> list[Member]:
    """One device for each file; what cannot be used of it is said on stderr."""
    walks = [read_walk(path) for path in files]
    for problem in (problem for walk in walks for problem in walk.problems):
        _common.err.print(str(problem), markup=False, soft_wrap=True)
    return walk_members(walks, base, port)


def _quirky(member: Member, written: list[str]) -> Member:
    """The member with more quirks. Raises ValueError for an unknown one."""
    for each in written:
        quirk.check(each)
    return replace(member, quirks=(*member.quirks, *written))


async def _play(fleet: Fleet, mdns: bool, ipp: int | None, duration: float | None, as_json: bool) -> None:
    """Answer until SIGINT, SIGTERM, or so many real seconds."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fleet)
        if mdns:
            await stack.enter_async_context(announced(fleet.members))
        if ipp:
            await stack.enter_async_context(serving(fleet.members, ipp, fleet.clock, fleet.started))
        _ready(fleet, as_json)
        try:
            await asyncio.wait_for(stop.wait(), duration)
        except TimeoutError:
            return


def _ready(fleet: Fleet, as_json: bool) -> None:
    """Who answers where: a table, or a line for each and one more that says that all are ready."""
    if as_json:
        for member in fleet.members:
            print(json.dumps(_told(member), ensure_ascii=False))
        ready = {"ready": len(fleet.members), "clock": str(fleet.clock), "started": fleet.started}
        print(json.dumps({**ready, "pid": os.getpid()}), flush=True)
        return
    _table(fleet.members)
    _common.out.print("Ctrl+C ends it")


def _list(members: list[Member], as_json: bool) -> None:
    if as_json:
        _common.say_json([_told(member) for member in members])
        return
    _table(members)
    _common.show("Quirks", ("name", "what it does"), quirk.names().items())
    stories = ", ".join(plugins.names(agent.simulator.scenarios))
    _common.out.print(f"Scenarios: {stories}", markup=False)


def _table(members: list[Member] | tuple[Member, ...]) -> None:
    rows = [
        (member.address, member.name, member.speaks, "mDNS" if member.announced else "", member.about)
        for member in members
    ]
    _common.show("Devices", ("address", "device", "SNMP", "announced", "what happens"), rows)


def _told(member: Member) -> dict[str, Any]:
    """A member as data."""
    return {
        "address": str(member.address),
        "name": member.name,
        "key": member.key,
        "speaks": member.speaks,
        "announced": member.announced,
        "story": member.story,
        "about": member.about,
        "promise": asdict(member.promise) if member.promise else None,
        "quirks": list(member.quirks),
    }
