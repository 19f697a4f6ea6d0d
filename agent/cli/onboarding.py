"""`printwarden onboarding`: the progress of a site's first days."""

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.runtime.onboarding import OnboardingStatus

app = typer.Typer(help="The first days of a site.", no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def _onboarding_group() -> None:
    """The first days of a site."""


@app.command("status")
def show_status(
    config: _common.ConfigFile = None, as_json: _common.AsJson = False, clock: _common.ClockText = ""
) -> None:
    """Show the entries of the site's digest, when it is sent, and which rules are held back until when.

    In the first days of a site, faults from before go into one digest; orders and predictions that arise
    then wait until the days are over. Printers that are down are reported at once.

    Example: printwarden onboarding status --json
    """
    from agent import app as agent
    from agent.core import store
    from agent.runtime import onboarding

    settings = _common.load_settings(config)
    now = _common.parse_clock(clock).now()
    with closing(store.open_reader(settings.database_path)) as db:
        found = onboarding.load_onboarding(
            db, agent.build_rules(settings), settings.site.id, settings.rules.first_days, now
        )
    if as_json:
        _common.print_json(_onboarding_document(found))
    else:
        _print_onboarding(found)


def _onboarding_document(found: "OnboardingStatus") -> dict[str, Any]:
    from agent.core.clock import format_iso_time

    def when(at: float | None) -> str | None:
        return None if at is None else format_iso_time(at)

    digest = found.digest
    return {
        "began": when(found.began),
        "settles": when(found.settles),
        "over": found.over,
        "digest": digest
        and {
            "ticket": digest.id,
            "opened": when(digest.opened_at),
            "due": when(digest.due),
            "told": digest.told,
            "closed": when(digest.closed_at),
            "items": [{**item, "since": when(float(str(item["since"])))} for item in digest.items],
        },
        "quiet": [{**asdict(it), "until": when(it.until)} for it in found.quiet],
    }


def _print_onboarding(found: "OnboardingStatus") -> None:
    from agent.core.clock import format_iso_time

    if found.began is None:
        _common.out.print("No printer has been met yet: the first days begin with the first one.")
        return
    if found.settles is None:
        _common.out.print("This site has no first days: [rules] first_days is 0.", markup=False)
    else:
        state = "are over since" if found.over else "last until"
        _common.out.print(
            f"The first days began {format_iso_time(found.began)} "
            f"and {state} {format_iso_time(found.settles)}."
        )
    _print_digest(found)
    rows = (
        (
            it.rule,
            format_iso_time(it.until) if it.until is not None else "its file says otherwise",
            it.waiting,
        )
        for it in found.quiet
    )
    _common.out.print()
    _common.print_table(
        f"keeping quiet: {counted(len(found.quiet), 'rule')}",
        ("rule", "until", "found, not reported"),
        rows,
    )


def _print_digest(found: "OnboardingStatus") -> None:
    from agent.core.clock import format_iso_time

    digest = found.digest
    if digest is None:
        _common.out.print("Nothing was found wrong when monitoring began: there is no digest.")
        return
    if digest.closed_at is not None:
        _common.out.print(
            f"The digest is done: all that was on it is over since {format_iso_time(digest.closed_at)}."
        )
        return
    sent = f"sent {counted(digest.told, 'time')}" if digest.told else "not sent yet"
    due = f"; sent next {format_iso_time(digest.due)}" if digest.due is not None else ""
    _common.out.print(f"Digest: {counted(len(digest.items), 'thing')}, {sent}{due}.\n")
    columns = ("printer", "what", "rule", "since")
    rows = (
        (item["name"], item["title"], item["rule"], format_iso_time(float(str(item["since"]))))
        for item in digest.items
    )
    _common.print_table("in the digest", columns, rows)
