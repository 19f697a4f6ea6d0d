"""`printwarden rules`: read rule files as the agent would, and say what is wrong with them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common

app = typer.Typer(
    help="Check rules before they judge anything.", no_args_is_help=True, rich_markup_mode="rich"
)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="Rule files, or folders of *.toml.", show_default=False),
]


@app.command("check", epilog="Exit codes: 0 nothing to complain about, 2 a rule is wrong.")
def check(paths: Paths = None, as_json: _common.AsJson = False) -> None:
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
            _common.say_json({"complaints": [asdict(complaint) for complaint in why.complaints]})
        else:
            for complaint in why.complaints:
                typer.echo(str(complaint), err=True)
            typer.echo(f"{_count(len(why.complaints), 'complaint')}: these rules would not be used", err=True)
        raise typer.Exit(why.exit_code) from None
    if as_json:
        _common.say_json({"rules": len(found.rules), "files": list(found.files), "complaints": []})
        return
    rules, files = _count(len(found.rules), "rule"), _count(len(found.files), "file")
    typer.echo(f"{rules} from {files}, no complaint")


@app.command("list")
def list_rules(paths: Paths = None, as_json: _common.AsJson = False) -> None:
    """List the rules that would be in force: what each finds, what it means, and where it stands.

    Examples: printwarden rules list · printwarden rules list rules.d/ --json
    """
    from agent.rules import schema

    found = schema.load([*schema.shipped(), *(paths or [])])
    columns = ("id", "fault", "impact", "file", "title")
    rows = [[str(getattr(rule, name)) for name in columns] for rule in found.rules.values()]
    if as_json:
        _common.say_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        _common.show("rules", columns, ([*row[:3], Path(row[3]).name, row[4]] for row in rows))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
