"""Secrets for commands: from a file, the environment or a prompt, never from the command line.

Every user of a machine can read the command line of every process, and the shell keeps it in its history.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

COMMUNITY_VARIABLE = "PRINTWARDEN_COMMUNITY"
WHY = "every user of this machine can read a command line"

CommunityOption = Annotated[
    str | None, typer.Option("--community", metavar="public", help='Only "public": it is no secret.')
]
CommunityFile = Annotated[
    str,
    typer.Option(
        "--community-file",
        metavar="FILE|-",
        help=f"Holds the community to ask with; - reads standard input. Or {COMMUNITY_VARIABLE} holds it.",
    ),
]
AskCommunity = Annotated[bool, typer.Option("--ask-community", help="Type the community at a prompt.")]


def read_community(
    community: str | None, file: str, *, ask: bool, prompt: str = "let --ask-community prompt for it"
) -> str | None:
    """Return the community to ask with, or None if none was given. `prompt`: said of one that was typed.

    Raises BadParameter.
    """
    if community not in {None, "public"}:
        raise typer.BadParameter(
            f"{WHY}: put the community into a file for --community-file, into {COMMUNITY_VARIABLE}, "
            f"or {prompt}",
            param_hint="--community",
        )
    if ask:
        return str(typer.prompt("Community", hide_input=True)).strip()
    if file:
        return read_lines(file, "--community-file")[0]
    return community or os.environ.get(COMMUNITY_VARIABLE) or None


def read_lines(file: str, option: str) -> list[str]:
    """Return the lines of a file of secrets that are not empty; at least one. Raises BadParameter."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        reason = getattr(why, "strerror", None) or "it is no UTF-8"
        raise typer.BadParameter(f"{file} cannot be read: {reason}", param_hint=option) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise typer.BadParameter(f"{file} is empty", param_hint=option)
    return lines


def refuse_typed_secret(context: typer.Context, name: str, instead: str) -> None:
    """Refuse a secret that stands on the command line itself. Raises BadParameter."""
    source = context.get_parameter_source(name)
    if source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter(f"{WHY}: {instead}", param_hint=f"--{name.replace('_', '-')}")
