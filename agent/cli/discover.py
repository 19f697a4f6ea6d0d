"""`printwarden discover`: who is out there?"""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agent import units
from agent.cli import _common


def discover(
    nets: Annotated[list[str], typer.Argument(metavar="NET…", help='Networks, like "192.168.10.0/24".')],
    port: Annotated[int, typer.Option(help="UDP port of the printers' SNMP agents.")] = 161,
    listen: Annotated[str, typer.Option(help="How long to listen for mDNS; 0s for not at all.")] = "3s",
    interface: Annotated[list[str] | None, typer.Option(help="Address to listen on for mDNS.")] = None,
    large: Annotated[bool, typer.Option("--large", help="Really sweep more than a /20.")] = False,
    as_json: _common.AsJson = False,
) -> None:
    """Find the printers of some networks: asks each address once with the community "public", politely,
    and listens for printers that announce themselves. Nothing is kept, nothing is sent to a provider.

    Exit code 0 if printers were found, 1 if none, 2 if a network is not one.

    Examples:

      printwarden discover 192.168.10.0/24

      printwarden discover 10.1.0.0/22 10.2.4.0/24 --json
    """
    from agent import app, config

    settings = {
        "network": [{"cidr": net, "snmp_port": port, "allow_large": large} for net in nets],
        "mdns": {"enabled": units.duration(listen) > 0, "interfaces": interface or []},
    }
    with tempfile.TemporaryDirectory(prefix="printwarden-") as folder:
        agent = app.build_from(config.check(settings, Path(folder)))
        found = asyncio.run(_look(agent, units.duration(listen), quiet=as_json))
    if as_json:
        _common.say_json(found)
    else:
        columns = ("address", "vendor", "model", "serial", "seen by", "verdict")
        _common.show(f"{_count(found)} printers", columns, ([row[name] for name in columns] for row in found))
    raise typer.Exit(0 if _count(found) else 1)


def _count(found: list[dict[str, Any]]) -> int:
    return sum(row["verdict"] == "printer" for row in found)


async def _look(agent: Any, listen: float, *, quiet: bool) -> list[dict[str, Any]]:
    """Everything that was seen, told of as it comes."""
    from agent import app
    from agent.discovery import Progress as Reach
    from agent.model import Sighting

    rows: list[dict[str, Any]] = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=_common.err, disable=quiet
    )
    with bar:
        asked = bar.add_task("asking addresses", total=None)

        def heard(reach: Reach) -> None:
            bar.update(asked, completed=reach.done, total=reach.total)

        def met(sighting: Sighting, verdict: str) -> None:
            device = next(
                (one for one in agent.rounds.roll.known.values() if one.address == sighting.address), None
            )
            row = {
                "address": str(sighting.address),
                "vendor": device.vendor if device else None,
                "model": device.model if device else sighting.model,
                "serial": device.serial if device else None,
                "seen by": sighting.via,
                "verdict": verdict,
            }
            rows.append(row)
            if verdict == "printer" and not quiet:
                bar.console.print(f"  {row['address']:24} {device.name if device else ''}", markup=False)

        await app.once(agent, listen=listen, heard=heard, met=met)
    return sorted(rows, key=lambda row: str(row["address"]))
