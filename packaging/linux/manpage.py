"""printwarden(1), from the command line's own help: it cannot say anything else than --help does.

python packaging/linux/manpage.py > printwarden.1
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import typer.main

from agent import __version__
from agent.cli import build_cli

FILES = (
    (
        "/etc/printwarden/config.toml",
        "What may be contacted, how often, and who is told. Made by \\fBinit\\fR.",
    ),
    ("/etc/printwarden/rules.d/*.toml", "The site's own rules."),
    ("/etc/printwarden/secrets/", "Tokens, communities and passwords, one a file, for root only."),
    ("/etc/default/printwarden", "The environment of the service, such as HTTPS_PROXY."),
    ("/var/lib/printwarden/printwarden.db", "The state: what is known, and what still has to be delivered."),
)
EXITS = (
    ("0", "done"),
    ("1", "it did not work"),
    ("2", "the input is wrong; nothing was started"),
    ("130", "interrupted"),
)


def page() -> str:
    """The whole page in roff (man(7))."""
    command = typer.main.get_command(build_cli())
    return "\n".join(
        [
            f'.TH PRINTWARDEN 1 "" "printwarden {__version__}" "Printwarden"',
            ".SH NAME",
            "printwarden \\- watches over the printers of a site",
            ".SH SYNOPSIS",
            ".B printwarden",
            ".I command",
            "[\\fIoption\\fR ...]",
            ".SH DESCRIPTION",
            *_paragraphs(command.help or ""),
            ".SH COMMANDS",
            *(line for name, verb in _verbs(command, "") for line in _verb(name, verb)),
            *_table("FILES", FILES),
            *_table("EXIT STATUS", EXITS),
            "",
        ]
    )


def _verbs(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, verb in group.commands.items():
        if verb.hidden:
            continue
        yield f"{before}{name}", verb
        if hasattr(verb, "commands"):
            yield from _verbs(verb, f"{before}{name} ")


def _verb(name: str, verb: Any) -> Iterator[str]:
    arguments = [
        each.metavar or each.name.upper() for each in verb.params if each.param_type_name == "argument"
    ]
    yield f'.SS "{_plain(" ".join([name, *arguments]))}"'
    yield from _paragraphs(verb.help or "")
    for option in verb.params:
        if option.param_type_name == "option" and not getattr(option, "hidden", False):
            yield ".TP"
            value = "" if option.is_flag else f" \\fI{_plain(option.metavar or option.name)}\\fR"
            names = (*option.opts, *option.secondary_opts)
            yield ", ".join(f"\\fB{_plain(flag)}\\fR" for flag in names) + value
            yield _plain(option.help or "")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield ".PP"
        yield _plain(" ".join(paragraph.split()))


def _table(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, meaning in rows:
        yield from (".TP", f".B {name}", meaning)


def _plain(text: str) -> str:
    """Text that roff takes for nothing else: backslash, hyphen, and a dot at the beginning."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.write(page())
