"""The verbs: one file a verb, exposing a function of that name, or `app` where it has sub-verbs.

Exit codes: 0 done · 1 it did not work (nobody answered, a promise of the demo was broken) ·
2 the input is wrong (usage, config, rules): nothing was started · 130 interrupted.
"""

import importlib
import sys
from collections.abc import Iterable

import typer

from agent.errors import PrintwardenError

# In the order of --help: what somebody new wants first comes first. A test compares it with the folder.
VERBS = {
    "demo": "Start here",
    "init": "Start here",
    "run": "The service",
    "once": "The service",
    "status": "The service",
    "tickets": "The service",
    "ticket": "The service",
    "meters": "The service",
    "forecast": "The service",
    "enroll": "The provider",
    "outbox": "The provider",
    "egress": "The provider",
    "discover": "Printers",
    "probe": "Printers",
    "profiles": "Printers",
    "capture": "Printers",
    "rules": "Rules",
    "simulate": "The other ends, for trials",
    "receive": "The other ends, for trials",
    "service": "This installation",
    "selftest": "This installation",
    "version": "This installation",
}


def build(verbs: Iterable[str] = VERBS) -> typer.Typer:
    """The command line with these verbs. Each brings its room along, so fewer start quicker."""
    app = typer.Typer(
        name="printwarden",
        help=(
            "Watch over a fleet of printers: find them, read them, judge them by rules you can review, "
            "and deliver tickets to the provider without losing one.\n\n"
            "discover → inventory → collect → history → rules → tickets → outbox → provider"
        ),
        epilog="Exit codes: 0 done, 1 it did not work, 2 the input is wrong, 130 interrupted.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for verb in verbs:
        module = importlib.import_module(f"agent.cli.{verb}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb, rich_help_panel=VERBS[verb])
        else:
            app.command(verb, rich_help_panel=VERBS[verb])(getattr(module, verb))
    return app


def _version(asked: bool) -> None:
    if asked:
        from agent import __version__

        typer.echo(f"printwarden {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and end."
    ),
) -> None:
    del version


def main() -> None:
    """The entry point of the command `printwarden`."""
    named = sys.argv[1:2]
    try:
        build(named if VERBS.keys() >= set(named) and named else VERBS)()
    except PrintwardenError as why:
        typer.echo(f"printwarden: {why}", err=True)
        sys.exit(why.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
