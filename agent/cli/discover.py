"""`printwarden discover`: find the printers of some networks."""

import asyncio
import ipaddress
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agent.cli import _common, _exclusions
from agent.core import units
from agent.core.units import counted


def discover(
    nets: Annotated[list[str], typer.Argument(metavar="NET…", help='Networks, like "192.168.10.0/24".')],
    port: Annotated[int, typer.Option(help="UDP port of the printers' SNMP agents.")] = 161,
    listen: Annotated[
        str, typer.Option(help="How long to listen for mDNS; 0s: no mDNS, no WS-Discovery.")
    ] = "3s",
    interface: Annotated[list[str] | None, typer.Option(help="Address of the interface for both.")] = None,
    large: Annotated[bool, typer.Option("--large", help="Really sweep more than a /20.")] = False,
    config: _common.ConfigFile = None,
    although_excluded: _exclusions.AlthoughExcluded = False,
    as_json: _common.AsJson = False,
) -> None:
    """Find the printers of some networks: sends each address a request with the community "public" (SNMPv2c,
    then SNMPv1 to the silent) and one SNMPv3 packet without a user, listens for printers that announce
    themselves (mDNS), asks those of the link (WS-Discovery), and reads those that answer. A /24 takes it 40
    seconds. Nothing is kept, nothing is sent to a provider.

    Exit code 0 if printers were found, 1 if none, 2 if a network is not one.

    Examples:

      printwarden discover 192.168.10.0/24

      printwarden discover 10.1.0.0/22 10.2.4.0/24 --json
    """
    from agent import app
    from agent import config as configuration

    exclusions = _exclusions.load_exclusions(config, although_excluded=although_excluded)
    link = {"enabled": units.parse_duration(listen) > 0, "interfaces": interface or []}
    settings = {
        "exclude": exclusions.as_settings(),
        "network": [{"cidr": net, "snmp_port": port, "allow_large": large} for net in nets],
        "mdns": link,
        "ws_discovery": link,
    }
    with tempfile.TemporaryDirectory(prefix="printwarden-") as folder:
        agent = app.build_agent_from(configuration.build_config(settings, Path(folder)))
        found = asyncio.run(discover_printers(agent, units.parse_duration(listen), quiet=as_json))
    if as_json:
        _common.print_json(found)
    else:
        columns = ("address", "vendor", "model", "serial", "seen by", "verdict")
        _common.print_table(
            counted(count_printers(found), "printer"),
            columns,
            ([row[name] for name in columns] for row in found),
        )
    raise typer.Exit(0 if count_printers(found) else 1)


def count_printers(found: list[dict[str, Any]]) -> int:
    return sum(row["verdict"] == "printer" for row in found)


async def discover_printers(agent: Any, listen: float, *, quiet: bool) -> list[dict[str, Any]]:
    """Discover printers; return one row an address. New printers are printed as they are found."""
    from agent.core.model import Address, Sighting
    from agent.discovery.methods import DiscoveryProgress as Reach
    from agent.runtime import runner

    rows: dict[Address, dict[str, Any]] = {}
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=_common.err,
        disable=quiet,
    )

    def heard(reach: Reach) -> None:
        step = "asking addresses" if reach.done < reach.total else "reading those that answered"
        bar.update(task, description=step, completed=reach.done, total=reach.total)

    def met(sighting: Sighting, verdict: str) -> None:
        device = next(
            (one for one in agent.poller.fleet.devices.values() if one.address == sighting.address), None
        )
        row = rows.setdefault(
            sighting.address, {"address": str(sighting.address), "seen by": "", "verdict": ""}
        )
        new = verdict == "printer" and row["verdict"] != "printer"
        row["vendor"], row["model"] = (device.vendor, device.model) if device else (None, sighting.model)
        row["serial"] = device.serial if device else None
        row["seen by"] = ", ".join(filter(None, (row["seen by"], sighting.via)))
        if sighting.announced:
            row["announced"] = asdict(sighting.announced)
        row["verdict"] = row["verdict"] if verdict == "known" else verdict
        if new and device and not quiet:
            bar.console.print(f"  {row['address']:24} {device.name}", markup=False)

    with bar:
        task = bar.add_task("listening", total=None)
        await runner.run_once(agent, listen=listen, heard=heard, met=met)
    return [rows[address] for address in sorted(rows, key=_address_order)]


def _address_order(address: Any) -> tuple[int, int, int]:
    ip = ipaddress.ip_address(address.host)
    return ip.version, int(ip), address.port
