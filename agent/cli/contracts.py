"""`printwarden contracts`: check contract files, and see which printer is under which and what that means."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common, _contract_views
from agent.core.model import Impact

if TYPE_CHECKING:
    from agent.config import Config
    from agent.contracts.ticket_terms import ContractTerms
    from agent.core.model import Device

app = typer.Typer(
    help="Check contracts, and see what they mean for each printer.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

ContractFileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="A contract file; without: that of the site.", show_default=False),
]
AssetsOption = Annotated[
    Path | None,
    typer.Option("--assets", metavar="FILE", help="An asset list instead of the site's.", show_default=False),
]
DraftOption = Annotated[
    Path | None,
    typer.Option(
        "--file", metavar="FILE", help="A draft instead of the site's contracts.", show_default=False
    ),
]
DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEVICE", help="A serial number, key, MAC or address.")
]
FaultOption = Annotated[str, typer.Option(help="A fault of the catalogue: what its ticket would say.")]
ImpactOption = Annotated[Impact, typer.Option(help="What the fault means for those who print.")]


@app.command("check", epilog="Exit codes: 0 nothing to complain about, 2 something is wrong.")
def check_contracts(
    file: ContractFileArgument = None,
    assets: AssetsOption = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Check a contract file and an asset list: each complaint has its line, its reason and what to write.

    A promise must be specific, measurable, aligned with who keeps it, relevant to what is covered, and
    time-bound. `contracts coverage` holds the contracts against the printers of the site.

    Examples:

      printwarden contracts check

      printwarden contracts check draft/contracts.toml --assets draft/assets.csv --json
    """
    from agent.core.errors import ConfigError

    try:
        terms = _load_terms(config, file, assets)
    except ConfigError as why:
        _contract_views.print_complaints(why.complaints, as_json=as_json)
        raise typer.Exit(why.exit_code) from None
    _contract_views.print_checked(terms, as_json=as_json)


@app.command("explain")
def explain_contract(
    device: DeviceArgument,
    fault: FaultOption = "fuser.failure",
    impact: ImpactOption = Impact.DEVICE_DOWN,
    code: Annotated[str, typer.Option(metavar="CODE", help="The maker's error code.")] = "",
    at: Annotated[
        str,
        typer.Option(metavar="TIME", help="When the ticket opens, by this machine's clock; without: now."),
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A draft instead of the site's contracts.", show_default=False),
    ] = None,
    assets: AssetsOption = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Explain what a ticket of one printer would say: contract, cover, who is sent, parts, and by when.

    Examples:

      printwarden contracts explain PHBLL12345

      printwarden contracts explain PHBLL12345 --fault feed.jams --impact degraded --at 2026-11-20T15:40
    """
    terms, now = _load_terms(config, file, assets), _parse_at(at)
    found = _find_device(_common.load_settings(config), device)
    ticket = terms.build_new_terms(found, impact, fault, now, vendor_code=code or None)
    _contract_views.print_terms(found, ticket, terms, as_json=as_json)


@app.command(
    "coverage", epilog="Exit codes: 0 every printer is under one contract, 1 something does not fit."
)
def show_coverage(
    file: ContractFileArgument = None,
    assets: AssetsOption = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Show every printer with its contract and why it is that one, and what does not fit.

    Told are: printers that fit two contracts or none, counters that a contract bills on and a printer does
    not have, places and skills that nobody covers, and managed assets that were never seen.

    Examples:

      printwarden contracts coverage

      printwarden contracts coverage draft/contracts.toml --json
    """
    from agent.contracts import coverage

    terms = _load_terms(config, file, assets)
    devices, counters = _load_devices(_common.load_settings(config))
    found = coverage.check_coverage(terms, devices, counters)
    unseen = coverage.find_unseen_assets(terms, devices)
    _contract_views.print_coverage(found, unseen, as_json=as_json)
    if any(one.problems for one in found):
        raise typer.Exit(1)


@app.command("accept", epilog="Exit codes: 0 accepted, or nothing waits; 1 it was not agreed to.")
def accept_contracts(
    yes: Annotated[bool, typer.Option("--yes", help="Agree without being asked.")] = False,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Show what an edit of contracts.toml or assets.csv would change, and put it in force.

    An edit that would cancel more than 5 tickets, or change the contract of 5 % of the printers, waits for
    this; until then the last contracts stay in force. The audit log keeps who agreed.

    Examples:

      printwarden contracts accept

      printwarden contracts accept --yes
    """
    from agent.core import audit, store
    from agent.pipeline import contract_edits

    settings = _common.load_settings(config)
    after = _load_terms(config, None, None)
    before = contract_edits.load_in_force(settings, None)
    if before is None:
        typer.echo("no contracts are in force here yet: the agent takes the files as they are at its start")
        return
    with closing(store.open_reader(settings.database_path)) as db:
        impact = contract_edits.measure_edit(db, settings, before, after)
    _contract_views.print_impact(impact, as_json=as_json)
    if not impact.needs_consent:
        return
    if not yes and not typer.confirm("Put this in force?", err=True):
        raise typer.Exit(1)
    contract_edits.accept_edit(settings)
    audit.append_entry(settings.state_folder, "contracts accepted", printers=len(impact.edits))
    typer.echo("accepted: it is in force within seconds", err=as_json)


@app.command("holidays")
def list_holidays(
    year: Annotated[int, typer.Argument(help="The year.", min=1970, max=2100)],
    file: DraftOption = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """List the days on which the calendars of the contracts are closed in a year.

    Example: printwarden contracts holidays 2027
    """
    _contract_views.print_holidays(_load_terms(config, file, None).book, year, as_json=as_json)


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of contract files, for editors.

    Save it, and name it in the first line of a contract file: #:schema ./contracts.schema.json

    Example: printwarden contracts schema > contracts.schema.json
    """
    from agent.contracts import loader

    _common.print_json(loader.json_schema())


def _load_terms(config: Path | None, file: Path | None, assets: Path | None) -> "ContractTerms":
    """Load the contracts of the site, or drafts in their place. Raises ConfigError."""
    from agent.cli import _rules
    from agent.pipeline import contract_files

    settings = _rules.load_site_config(config)
    faults = contract_files.faults_of(_rules.load_rules_in_force(config, None))
    return contract_files.load_drafts(settings, file, assets, faults)


def _load_devices(settings: "Config") -> tuple[list["Device"], dict[str, frozenset[str]]]:
    """Load the printers, with what the configuration says of them, and the counters that each tells."""
    from agent.core import store
    from agent.history.meters import daily_reads
    from agent.pipeline import contract_files

    with closing(store.open_reader(settings.database_path)) as db:
        return contract_files.load_tagged_devices(db, settings), daily_reads.load_told_sums(db)


def _find_device(settings: "Config", name: str) -> "Device":
    found = [one for one in _load_devices(settings)[0] if one.is_called(name)]
    if not found:
        _common.err.print(f"no printer is known as {name}; see: printwarden devices list", markup=False)
        raise typer.Exit(1)
    return found[0]


def _parse_at(text: str) -> float:
    from agent.cli import _rules
    from agent.core.clock import Clock

    return _rules.parse_time(text) if text else Clock().now()
