"""`printwarden version`: this version; and, only with --check, whether there is a newer one."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common

CaFile = Annotated[
    Path | None, typer.Option(help="A private certificate authority.", exists=True, dir_okay=False)
]


def version(
    check: Annotated[
        str,
        typer.Option("--check", metavar="URL", help='Where {"version": …} is kept. Not checked by default.'),
    ] = "",
    ca_file: CaFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Show the version. With --check, ask one address whether there is a newer one; nothing is installed:
    updates come from the package manager, or as an MSI.

    Exit code 0 if this is the newest or --check was not given, 1 if there is a newer one or no answer.

    Example: printwarden version --check https://mps.example/printwarden.json
    """
    from agent import __version__

    there = None
    if check:
        from agent.runtime import updates
        from uplink.targets import https

        there = updates.fetch_newest_version(check, https.build_trust(ca_file))
    behind = there is not None and updates.is_newer(there, __version__)
    if as_json:
        _common.print_json({"version": __version__, "newest": there, "behind": behind})
    else:
        _common.out.print(f"printwarden {__version__}")
        if there is not None:
            _common.out.print(
                f"there is a newer one: {there}" if behind else "that is the newest", markup=False
            )
    raise typer.Exit(1 if behind else 0)
