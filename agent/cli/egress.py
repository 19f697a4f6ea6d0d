"""`printwarden egress`: the messages that have left the site or will, field by field."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from agent.cli import _common
from agent.core.store import open_reader
from agent.core.units import counted
from agent.reporting import journal
from agent.reporting.journal import JournalMessage

app = typer.Typer(no_args_is_help=True, help="What has left the site and what will, field by field.")


@app.command()
def tail(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="How many.")] = 20,
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """List the newest messages to the provider, and whether they have gone.

    What has `gone out` waits no more: the provider has it, or, as `outbox status` counts, a newer one stands
    for it.

    Example: printwarden egress tail -n 50
    """
    with closing(open_reader(_common.load_settings(config).database_path)) as db:
        messages = journal.load_newest(db, count)
    if as_json:
        _common.print_json([_message_document(message) for message in messages])
        return
    columns = ("number", "when", "state", "type", "subject", "fields")
    rows = (
        (m.number, _format_time(m.at), m.state, m.type, m.subject, len(list(m.list_values())))
        for m in messages
    )
    _common.print_table(f"{counted(len(messages), 'message')}, the newest last", columns, rows)


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Its number, as `egress tail` shows it.")],
    config: _common.ConfigFile = None,
    as_json: _common.AsJson = False,
) -> None:
    """Show one message with every field; what [egress] took out is shown as removed.

    Example: printwarden egress show 17
    """
    with closing(open_reader(_common.load_settings(config).database_path)) as db:
        message = journal.load_message(db, number)
    if message is None:
        raise typer.BadParameter(f"there is no message {number} in the journal", param_hint="NUMBER")
    if as_json:
        _common.print_json(_message_document(message))
        return
    removed = set(message.data.get("privacy", {}).get("removed", ()))
    note = Text("removed by [egress]", "dim")
    rows = ((name, note if name in removed else value) for name, value in message.list_values())
    title = f"{message.type} {message.subject}, {_format_time(message.at)}: {message.state}"
    _common.print_table(title, ("field", "value"), rows)


def _message_document(message: JournalMessage) -> dict[str, object]:
    return {
        "number": message.number,
        "time": _format_time(message.at),
        "state": message.state,
        "type": message.type,
        "subject": message.subject,
        "data": message.data,
    }


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
