"""`printwarden assets`: the provider's list of printers: check it, or write one of what was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common, _contract_views
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.contracts.assets import AssetList

app = typer.Typer(
    help="The provider's list of printers: tags, contracts, places.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


ListArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="A list; without: that of the site.", show_default=False),
]
OutputArgument = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="Where to; without: the output.", show_default=False)
]


@app.command("check", epilog="Exit codes: 0 nothing to complain about, 2 something is wrong.")
def check_assets(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A list; without: that of the site.", show_default=False),
    ] = None,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Check an asset list: each complaint has its line, its column, its reason and what to write.

    Example: printwarden assets check books.csv
    """
    from agent.core.errors import ConfigError

    try:
        found = _load_assets(file, config)
    except ConfigError as why:
        _contract_views.print_complaints(why.complaints, as_json=as_json)
        raise typer.Exit(why.exit_code) from None
    managed = sum(one.managed for one in found.assets)
    if as_json:
        _common.print_json({"assets": len(found.assets), "managed": managed, "complaints": []})
    else:
        typer.echo(f"{counted(len(found.assets), 'asset')}, {managed} of them managed: no complaint")


@app.command("export")
def export_assets(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; without: the output.")
    ] = None,
    config: _common.ConfigFile = None,
) -> None:
    """Write a list of every printer that is known here, with what assets.csv already says of it.

    It is a start: open it in a spreadsheet, fill the columns, and put it beside config.toml as assets.csv.

    Example: printwarden assets export books.csv
    """
    from contextlib import closing

    from agent.contracts import assets
    from agent.core import store
    from agent.pipeline import contract_files

    settings = _common.load_settings(config)
    known = _load_assets(None, config)
    with closing(store.open_reader(settings.database_path)) as db:
        devices = contract_files.load_tagged_devices(db, settings)
    text = assets.format_assets(assets.merge_devices(known, devices))
    if file is None:
        print(text, end="")
        return
    file.write_text(text, encoding="utf-8")
    typer.echo(f"{counted(text.count(chr(10)) - 1, 'asset')} written to {file}")


def _load_assets(file: Path | None, config: Path | None) -> "AssetList":
    from agent.contracts import assets
    from agent.contracts.assets import AssetList
    from agent.pipeline import contract_files

    if file is not None:
        return assets.load_assets(file)
    path = contract_files.assets_path(_common.load_settings(config))
    return assets.load_assets(path) if path.exists() else AssetList()
