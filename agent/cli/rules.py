"""`printwarden rules`: read rule files as the agent would, and say what is wrong with them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Check rules before they judge anything.", no_args_is_help=True, rich_markup_mode="rich"
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="Rule files, or folders of *.toml.", show_default=False),
]


@app.command("check", epilog="Exit codes: 0 nothing to complain about, 2 a rule is wrong.")
def check(paths: Paths = None, as_json: AsJson = False) -> None:
    """Check rules: the shipped ones together with yours.

    Each complaint says the file, the line, the key, the reason and what would be right.

    Examples: printwarden rules check rules.d/ · printwarden rules check my-rules.toml --json
    """
    from agent.errors import ConfigError
    from agent.rules import schema

    try:
        found = schema.load([*schema.shipped(), *(paths or [])])
    except ConfigError as why:
        if as_json:
            typer.echo(json.dumps({"complaints": [asdict(it) for it in why.complaints]}, indent=2))
        else:
            for complaint in why.complaints:
                typer.echo(str(complaint), err=True)
            typer.echo(f"{_count(len(why.complaints), 'complaint')}: these rules are not used", err=True)
        raise typer.Exit(why.exit_code) from None
    if as_json:
        typer.echo(json.dumps({"rules": len(found.rules), "files": list(found.files), "complaints": []}))
    else:
        rules, files = _count(len(found.rules), "rule"), _count(len(found.files), "file")
        typer.echo(f"{rules} from {files}, no complaint")


@app.command("list")
def list_rules(paths: Paths = None, as_json: AsJson = False) -> None:
    """List the rules that would be in force: what each finds, what it means, and where it stands.

    Examples: printwarden rules list · printwarden rules list rules.d/ --json
    """
    from rich.console import Console
    from rich.table import Table

    from agent.rules import schema

    found = schema.load([*schema.shipped(), *(paths or [])])
    columns = ("id", "title", "fault", "impact", "file")
    rows = [{name: str(getattr(rule, name)) for name in columns} for rule in found.rules.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*({**row, "file": Path(row["file"]).name}.values()), style=None)
    Console().print(table, markup=False)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
