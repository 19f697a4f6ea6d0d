"""The verbs: one file a verb, exposing a function of that name, or `app` where it has sub-verbs.

Exit codes: 0 done · 1 it did not work (no answer, a promise of the demo was broken) ·
2 the input is wrong (usage, config, rules): nothing was started · 130 interrupted.
"""

import sqlite3
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from agent.cli import _service_command
from agent.core.errors import PrintwardenError

if TYPE_CHECKING:
    import typer

# In the order of --help: the first steps come first. A test compares it with the folder.
VERBS = {
    "demo": "Start here",
    "init": "Start here",
    "run": "The service",
    "once": "The service",
    "status": "The service",
    "tickets": "The service",
    "ticket": "The service",
    "silence": "The service",
    "onboarding": "The service",
    "meters": "The service",
    "forecast": "The service",
    "enroll": "The provider",
    "outbox": "The provider",
    "egress": "The provider",
    "discover": "Printers",
    "devices": "Printers",
    "probe": "Printers",
    "profiles": "Printers",
    "capture": "Printers",
    "rules": "Rules",
    "contracts": "Contracts",
    "assets": "Contracts",
    "simulate": "The other ends, for trials",
    "receive": "The other ends, for trials",
    "conform": "The other ends, for trials",
    "service": "This installation",
    "selftest": "This installation",
    "version": "This installation",
}


def build_cli(verbs: Iterable[str] = VERBS) -> "typer.Typer":
    """Build the command line with these verbs. Each imports its modules, so fewer start quicker."""
    from agent.cli._root import build_app

    return build_app({verb: VERBS[verb] for verb in verbs})


def main() -> None:
    """The entry point of the command `printwarden`."""
    words = sys.argv[1:]
    named = words[:1]
    try:
        if service := _service_command.parse_service_command(words):
            service.start()
        else:
            build_cli(named if VERBS.keys() >= set(named) and named else VERBS)()
    except PrintwardenError as why:
        print(f"printwarden: {why}", file=sys.stderr)
        sys.exit(why.exit_code)
    except (
        OSError,
        sqlite3.DatabaseError,
    ) as why:  # a file or a disk that fails where no room has foreseen it
        print(f"printwarden: it ended, because {why}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
