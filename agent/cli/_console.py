"""`printwarden receive feedback`: give feedback on a ticket, as the desk would, or list all feedback."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import _common
from agent.core.units import counted
from uplink.events.feedback import Feedback
from uplink.receiver.event_store import EventStore

OwnDatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        help="The receiver's database: a file (SQLite), or postgresql://….",
        show_default="that of `receive`",
    ),
]


class FeedbackStatus(StrEnum):
    """The statuses of mps.feedback/1."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    ON_HOLD = "on_hold"
    CLOSED = "closed"
    REOPENED = "reopened"


class FeedbackOutcome(StrEnum):
    """The outcomes of a closed ticket in mps.feedback/1."""

    CONFIRMED = "confirmed"
    NO_FAULT_FOUND = "no_fault_found"
    USER_FIXABLE = "user_fixable"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"


def give_feedback(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(metavar="[TICKET]", help="Its id; without: list all.")] = "",
    number: Annotated[str, typer.Option(help="The desk's own number of the ticket.", metavar="T-88123")] = "",
    status: Annotated[FeedbackStatus | None, typer.Option(help="Where it stands.")] = None,
    outcome: Annotated[FeedbackOutcome | None, typer.Option(help="How it was closed.")] = None,
    cause: Annotated[str, typer.Option(help="The close code.", metavar="FUSER")] = "",
    org: Annotated[str, typer.Option(help="Who has it now.", metavar="SO-ACME")] = "",
    callback_of: Annotated[str, typer.Option(help="The ticket whose repair did not last.")] = "",
    note: Annotated[str, typer.Option(help="A sentence for the site.")] = "",
    database: OwnDatabaseOption = "",
    as_json: _common.AsJson = False,
) -> None:
    """Give feedback on a ticket, for its agent to pull. Without TICKET: list the feedback given so far.

    Examples:

      printwarden receive feedback 0198… --status acknowledged --number T-88123

      printwarden receive feedback 0198… --status closed --outcome confirmed --cause FUSER

      printwarden receive feedback --json
    """
    database = find_database(context, database)
    with closing(open_event_store(database)) as ledger:
        if not ticket:
            _print_feedback(ledger.list_feedback(None, 0, 10_000), as_json=as_json)
            return
        entry = {
            "schema": "mps.feedback/1", "ticket_id": ticket, "provider_ticket_no": number or None,
            "status": status and status.value, "outcome": outcome and outcome.value,
            "cause_code": cause or None, "service_org": org or None, "callback_of": callback_of or None,
            "note": note or None,
        }  # fmt: skip
        feedback = Feedback.model_validate(entry).model_dump(by_alias=True)
        if not ledger.add_feedback(ticket, feedback):
            raise typer.BadParameter(f"there is no ticket {ticket} in {database}", param_hint="TICKET")
    _common.print_json(feedback) if as_json else _common.out.print(
        f"said of {ticket}; its agent will pull it"
    )


def find_database(context: typer.Context, own: str) -> str:
    """Return the database of a command: its own option, else that of `receive --database`."""
    return own or str(context.obj or "receiver.db")


def open_event_store(database: str) -> EventStore:
    """Open the events that a receiver stored. Raises BadParameter for a missing file."""
    if "://" not in database and not Path(database).exists():
        raise typer.BadParameter(
            f"{database} does not exist; has a receiver run with it?", param_hint="--database"
        )
    return EventStore(database)


def _print_feedback(entries: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        _common.print_json(entries)
        return
    columns = ("number", "ticket_id", "provider_ticket_no", "status", "outcome", "cause_code", "note")
    _common.print_table(
        counted(len(entries), "message"), columns, ([one.get(name) for name in columns] for one in entries)
    )
