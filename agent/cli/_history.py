"""`printwarden rules history`: a history to try rules on, made up or exported without names."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common, _rules
from agent.core.errors import ConfigError
from agent.core.units import counted

app = typer.Typer(
    help="Make a history to try rules on, or export one without names, addresses and serial numbers.",
    invoke_without_command=True,
    rich_markup_mode="rich",
)


@app.callback(epilog="Exit codes: 0 written, 2 the file is there already.")
def make_history(
    context: typer.Context,
    printers: Annotated[int, typer.Option("--printers", min=1, max=5000, help="How many printers.")] = 60,
    days: Annotated[int, typer.Option("--days", min=1, max=1000, help="How many days.")] = 400,
    seed: Annotated[int, typer.Option("--seed", help="Another number makes another fleet.")] = 7,
    out: Annotated[Path, typer.Option("--out", "-o", help="The state file to write.")] = Path("history.db"),
) -> None:
    """Make up the history of a fleet, to try rules on before one has a history of one's own.

    Offices with pages, toner, alerts and silences, all of them invented: right for learning the commands,
    and nothing to judge a rule by. The history ends on 2 March 2026, at 08:00 UTC. With `export` it is the
    history of your own printers, without names, addresses and serial numbers.

    Examples: printwarden rules history --printers 60 --days 400 --out state.db ·
    printwarden rules history export north.db --config config.toml
    """
    if context.invoked_subcommand is not None:
        return
    from agent.pipeline.replay import imagined_history

    if out.exists():
        raise ConfigError.for_file(out, "is there already", suggestion="name a file that does not exist")
    imagined_history.imagine_fleet(out, printers, days, seed=seed)
    typer.echo(f"{out}: {counted(printers, 'printer')}, {counted(days, 'day')}, all of it made up")


@app.command("export", epilog="Exit codes: 0 written, 2 the file is there already, 4 no state file.")
def export_history(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    config: _common.ConfigFile = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="A state file; without: that of the configuration.")
    ] = None,
) -> None:
    """Export the history of your printers without names, addresses, serial numbers and panel texts.

    Times, levels, page counts, alerts and silences stay, with vendor and model of each printer: enough for
    `rules backtest` and `rules diff --cost` on another machine.

    Example: printwarden rules history export north.db --config config.toml
    """
    from agent.pipeline.replay import history_export

    with _rules.open_state(config, state) as db:
        printers = history_export.export_history(db, out)
    typer.echo(f"{out}: {counted(printers, 'printer')}, without names, addresses and serial numbers")
