"""`printwarden once`: one pass down the whole line, for a first try or a cron job."""

import asyncio
from typing import Annotated

import typer

from agent.cli import _common
from agent.cli._service_command import log_to_stderr
from agent.core import units
from agent.core.units import counted


def once(
    config: _common.ConfigFile = None,
    listen: Annotated[str, typer.Option(help="How long to listen for mDNS.")] = "5s",
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Find printers, read all of them once, judge, deliver what is due, and end.

    Exit code 0 if at least one printer is known afterwards, 1 if none is.

    Example: printwarden once --config config.toml
    """
    from agent import app
    from agent.runtime import runner

    agent = app.build_agent(_common.config_file(config), _common.parse_clock(clock))
    log_to_stderr("warning")
    seconds = units.parse_duration(listen)
    asyncio.run(runner.run_once(agent, listen=seconds if agent.config.mdns.enabled else 0))
    known = agent.poller.fleet.devices
    if as_json:
        _common.print_json({"printers": len(known), "counts": dict(agent.counts)})
    else:
        errors = agent.counts["reading error"] + agent.counts["no answer"]
        _common.out.print(
            f"{counted(len(known), 'printer')} known, {agent.counts['read']} read, "
            f"{counted(errors, 'reading error')}"
        )
        _common.out.print("`printwarden status` shows them, `printwarden tickets` what is wrong")
    raise typer.Exit(0 if known else 1)
