"""`printwarden ticket`: one ticket in full, for the technician who is sent to it."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common

if TYPE_CHECKING:
    import sqlite3


def ticket(
    which: Annotated[
        str,
        typer.Argument(
            metavar="TICKET", help="Its id or the end of it, as `tickets` shows it, or a printer."
        ),
    ],
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Show one ticket as it was last sent to the provider, with the state of the printer at that time: its
    alerts, earlier troubles, its supplies. For the technician.

    Examples:

      printwarden ticket 2060f8bf

      printwarden ticket 3100RC12345
    """
    from agent.cli._ticket_view import print_ticket
    from agent.core import store
    from agent.reporting import journal
    from agent.tickets.feedback import feedback_store

    settings = _common.load_settings(config)
    with closing(store.open_reader(settings.database_path)) as db:
        found = _find_ticket(db, which)
        message = journal.find_latest(db, "mps.ticket/1", found)
        desk = feedback_store.load_feedback(db, found)
    if message is None:
        said = f"{found} is too old: the journal keeps the newest {journal.JOURNAL_SIZE:,} messages"
        raise typer.BadParameter(said, param_hint="TICKET")
    if as_json:
        _common.print_json(message.data)
        return
    print_ticket(message.data, desk.format_summary() if desk else "")


def _find_ticket(db: "sqlite3.Connection", words: str) -> str:
    """Find the ticket that is meant, or say what is wrong with the words."""
    from agent.tickets import search

    found = search.find_tickets(db, words)
    if len(found) > 1:
        raise typer.BadParameter(
            f'"{words}" fits {len(found)} tickets; write more of it', param_hint="TICKET"
        )
    if not found:
        said = f'there is no ticket for "{words}"; `printwarden tickets` lists them'
        raise typer.BadParameter(said, param_hint="TICKET")
    return found[0]
