"""`printwarden capture`: record a new model, without data that leads to a person or a place."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common, _exclusions, _secret_options
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
    community: _secret_options.CommunityOption = None,
    community_file: _secret_options.CommunityFile = "",
    ask_community: _secret_options.AskCommunity = False,
    version: Annotated[str | None, typer.Option("--version", metavar="1|2c", help="Both are tried.")] = None,
    credential: Annotated[str | None, typer.Option(metavar="NAME", help="Of the configuration.")] = None,
    config: _common.ConfigFile = None,
    although_excluded: _exclusions.AlthoughExcluded = False,
) -> None:
    """Record a printer's values, scrubbed, and a form for its usage page: the base of a new profile.

    Serial number, MAC, addresses, names and places are taken out. Look the files over before you share them.

    Example: printwarden capture 192.168.10.31 --to new-model
    """
    address = resolve_address(target)
    exclusions = _exclusions.load_exclusions(config, although_excluded=although_excluded)
    exclusions.check_host(address.host)
    secret = _secret_options.read_community(community, community_file, ask=ask_community)
    asked = choose_credential(secret, version, credential, config)
    try:
        found = asyncio.run(_capture_device(address, asked, branch or [], exclusions))
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


async def _capture_device(
    address: "Address", credential: "Credential", branches: list[str], exclusions: _exclusions.Exclusions
) -> "Capture":
    from agent.collectors._capture import capture
    from agent.collectors._vendor import vendor_profiles
    from agent.core.clock import Clock, format_iso_time
    from agent.core.errors import ReadingError
    from agent.pipeline.polling.mac_gate import ExcludedMacs, MacGate
    from agent.snmp.engine import SnmpClient, SnmpSettings

    now, excluded = Clock().now(), ExcludedMacs(exclusions.macs)
    contexts = vendor_profiles.load_shipped().snmp_contexts
    settings = SnmpSettings(retries=RETRIES, requests_per_subnet=None, contexts=contexts)
    async with SnmpClient(settings) as engine:
        reader = MacGate(engine.create_reader(address, credential), excluded)
        try:
            captured = await capture.capture_printer(
                reader,
                vendor_profiles.load_shipped(),
                branches,
                community=credential.community,
                at=now,
                minute=format_iso_time(now),
            )
        except ReadingError as why:
            exclusions.check_mac(address.host, excluded.hosts.get(address.host))
            _common.err.print(f"{why}: nothing was captured", markup=False)
            raise typer.Exit(1) from None
    exclusions.check_mac(address.host, excluded.hosts.get(address.host))
    return captured
