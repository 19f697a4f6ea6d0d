"""`printwarden capture`: record a new model, without data that leads to a person or a place."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common
from agent.cli.probe import RETRIES, choose_credential, resolve_address
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.collectors._capture.capture import Capture
    from agent.core.model import Address, Credential


def capture(
    target: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="A name or address.")],
    folder: Annotated[
        Path, typer.Option("--to", help="Where the two files go; made if it is not there.")
    ] = Path("capture"),
    branch: Annotated[
        list[str] | None,
        typer.Option(metavar="OID", help="A private table to record, too; never a maker's whole tree."),
    ] = None,
    community: Annotated[str | None, typer.Option(show_default="public")] = None,
    version: Annotated[str | None, typer.Option("--version", metavar="1|2c", help="Both are tried.")] = None,
    credential: Annotated[str | None, typer.Option(metavar="NAME", help="Of the configuration.")] = None,
    config: _common.ConfigFile = None,
) -> None:
    """Record a printer's values, scrubbed, and a form for its usage page: the base of a new profile.

    Serial number, MAC, addresses, names and places are taken out. Look the files over before you share them.

    Example: printwarden capture 192.168.10.31 --to new-model
    """
    address = resolve_address(target)
    asked = choose_credential(community, version, credential, config)
    try:
        found = asyncio.run(_capture_device(address, asked, branch or []))
    except ValueError as why:
        raise typer.BadParameter(str(why).replace(" | ", ": "), param_hint="--branch") from None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "walk.snmprec").write_text(found.walk, "utf-8")
    (folder / "usage-page.toml").write_text(found.form, "utf-8")
    for problem in found.problems:
        _common.err.print(f"left out: {problem}", markup=False)
    values = found.walk.count("\n")
    _common.out.print(
        f"{counted(values, 'value')} in {folder / 'walk.snmprec'}, "
        f"and {folder / 'usage-page.toml'} to fill in"
    )
    _common.out.print("Print the usage page now: only numbers of the same minute can be compared")


async def _capture_device(address: "Address", credential: "Credential", branches: list[str]) -> "Capture":
    from agent.collectors._capture import capture
    from agent.collectors._vendor import vendor_profiles
    from agent.core.clock import Clock, format_iso_time
    from agent.core.errors import ReadingError
    from agent.snmp.engine import SnmpClient, SnmpSettings

    now = Clock().now()
    async with SnmpClient(SnmpSettings(retries=RETRIES, requests_per_subnet=None)) as engine:
        reader = engine.create_reader(address, credential)
        try:
            return await capture.capture_printer(
                reader,
                vendor_profiles.load_shipped(),
                branches,
                community=credential.community,
                at=now,
                minute=format_iso_time(now),
            )
        except ReadingError as why:
            _common.err.print(f"{why}: nothing was captured", markup=False)
            raise typer.Exit(1) from None
