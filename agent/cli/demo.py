"""`printwarden demo`: the whole line at work, on loopback only."""

import asyncio
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common
from agent.core import units
from agent.core.units import counted
from agent.simulator.fleets import BASE

DAY = 86400.0


def demo(
    for_: Annotated[str, typer.Option("--for", help="How long to play.")] = "60s",
    speed: Annotated[
        float | None, typer.Option(help="How many times as fast as real time.", show_default="a day in all")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Play in this folder and keep it: config, state, logs, receiver.")
    ] = None,
    base: Annotated[str, typer.Option(help="First loopback address of the simulated printers.")] = BASE,
    as_json: _common.AsJson = False,
) -> None:
    """See the whole line at work: a simulated fleet, the agent and a receiver, on loopback only.

    Twelve printers live a day in a minute: toner runs down, a tray jams more and more, a fuser fails,
    one printer goes silent, and others do what healthy printers do. The agent finds them, reads them,
    judges them and delivers; nothing but loopback is contacted.

    Exit code 0 if each story's ticket arrived at the receiver exactly once and the healthy printers
    opened none; 1 if not.

    Examples:

      printwarden demo

      printwarden demo --for 2m --speed 1440 --keep ./printwarden-demo
    """
    from agent.runtime.demo import run
    from agent.runtime.demo.console import DemoConsole

    seconds = units.parse_duration(for_)
    console = _common.out
    console.quiet = as_json
    screen = DemoConsole(console)
    place = nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="printwarden-demo-")
    with place as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(
            run.run_demo(
                Path(folder).resolve(),
                base=base,
                seconds=seconds,
                speed=speed or DAY / seconds,
                screen=screen,
            )
        )
    if as_json:
        lines = [asdict(line) | {"kept": line.is_kept} for line in outcome.lines]
        _common.print_json({"printers": lines, "restarts": outcome.restarts, "elapsed": outcome.elapsed})
    screen.print_report(outcome.lines)
    total = len(outcome.lines)
    console.print(f"\n{screen.status_line}")
    console.print(
        f"{outcome.kept_count} of {counted(total, 'printer')} as promised, "
        f"{outcome.due_count} of them judged to the end"
    )
    raise typer.Exit(0 if outcome.kept_count == total else 1)
