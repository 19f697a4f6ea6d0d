"""Shared by all verbs: options, a console, tables that survive hostile text."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.core.clock import Clock
from agent.core.paths import default_paths

if TYPE_CHECKING:
    from agent.collectors._vendor.vendor_profiles import Profiles
    from agent.config import Config

MAX_DELIVERIES = 20  # tickets in a list of them
PLAIN_WIDTH = 140  # columns where the output is no terminal

out = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
err = Console(stderr=True, highlight=False)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration.", show_default="config.toml of this system"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ClockText = Annotated[
    str, typer.Option("--clock", hidden=True, help="SPEED@REAL=STARTED: a clock shared with a simulator.")
]


def config_file(given: Path | None) -> Path:
    return given or default_paths().config_file


def load_settings(given: Path | None) -> "Config":
    """The configuration in `given`, or of this system, with its secrets opened. Raises ConfigError."""
    from agent import config
    from uplink.identity.secret_store import unseal_secret

    return config.load_config(config_file(given), unseal=unseal_secret)


def load_profiles(config: Path | None) -> "Profiles | None":
    """Load the vendor profiles of a configuration; None means the shipped ones. Raises ConfigError."""
    if config is None:
        return None
    from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles

    settings = load_settings(config)
    return Profiles.load(FOLDER, settings.resolve_path(settings.collectors.profiles))


def parse_clock(text: str) -> Clock:
    """Return the system's clock, or the scaled one that `text` describes."""
    try:
        return Clock.parse(text) if text else Clock()
    except ValueError as why:
        raise typer.BadParameter(f"not a clock: {text} ({why})", param_hint="--clock") from None


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_deliveries(deliveries: Sequence[tuple[str, str]], indent: str = "") -> None:
    """Print how far each ticket has come that is not simply delivered: the first 20, and how many more."""
    for ticket, delivery in deliveries[:MAX_DELIVERIES]:
        out.print(f"{indent}ticket {ticket[-8:]}: {delivery}", markup=False)
    if (more := len(deliveries) - MAX_DELIVERIES) > 0:
        out.print(f"{indent}and {more} more tickets: `printwarden tickets` shows them")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. Cells are text, never markup: text of a printer cannot colour or break it."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(_format_cell(cell)) for cell in row))
    out.print(table)


def _format_cell(cell: object) -> str:
    return "–" if cell is None or cell == "" else str(cell)
