"""`printwarden` itself, above its verbs: --version, and the first lines of --help."""

import importlib
import inspect
import re
from collections.abc import Mapping

import typer

HELP = (
    "Watch over a fleet of printers: find them, read them, judge them by rules you can review, "
    "and deliver tickets to the provider without losing one.\n\n"
    "discover → inventory → collect → history → rules → tickets → outbox → provider"
)


def build_app(verbs: Mapping[str, str]) -> typer.Typer:
    """Build the command line with these verbs, each in its panel of --help."""
    app = typer.Typer(
        name="printwarden",
        help=HELP,
        epilog="Exit codes: 0 done, 1 it did not work, 2 the input is wrong, 130 interrupted.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root_options)
    for verb, panel in verbs.items():
        module = importlib.import_module(f"agent.cli.{verb}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb, rich_help_panel=panel)
        else:
            app.command(verb, rich_help_panel=panel)(getattr(module, verb))
    _reflow_help(app)
    return app


def _reflow_help(app: typer.Typer) -> None:
    """Let the paragraphs of docstrings flow in --help, instead of breaking where the source does."""
    for command in app.registered_commands:
        text = re.sub(r"(?<!\n)\n(?![\n ])", " ", inspect.getdoc(command.callback) or "")
        command.help = re.sub(r"\[(?=[a-z])", r"\\[", text)  # the [section] of a file is no markup
    for group in app.registered_groups:
        if group.typer_instance:
            _reflow_help(group.typer_instance)


def _print_version(asked: bool) -> None:
    if asked:
        from agent import __version__

        typer.echo(f"printwarden {__version__}")
        raise typer.Exit


def _root_options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version and end."
    ),
) -> None:
    del version
