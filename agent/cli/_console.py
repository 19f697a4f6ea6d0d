"""`printwarden receive feedback` and `receive request`: what a desk says of tickets, and asks of agents."""

import uuid
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import _common
from agent.core.units import counted
from uplink.events.feedback import Feedback
from uplink.events.request import REQUEST_KINDS, ProviderRequest
from uplink.receiver.event_store import EventStore
from uplink.receiver.read_scope import ReadScope
from uplink.receiver.ticket_store import SiteScope

OwnDatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        help="The receiver's database: a file (SQLite), or postgresql://….",
        show_default="that of `receive`",
    ),
]


TenantOption = Annotated[
    str, typer.Option(help="The tenant, where several providers share the receiver.", show_default="none")
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


class AgentTask(StrEnum):
    """The requests of mps.request/1, as words of the command line."""

    RESEND_DEAD = "resend-dead"
    RESTATE_OPEN = "restate-open"


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
    site: Annotated[str, typer.Option(help="The ticket's site, if several have one of this id.")] = "",
    tenant: TenantOption = "",
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
            _print_feedback(ledger.list_feedback(None, 0, 10_000, requests=REQUEST_KINDS), as_json=as_json)
            return
        entry = {
            "schema": "mps.feedback/1", "ticket_id": ticket, "provider_ticket_no": number or None,
            "status": status and status.value, "outcome": outcome and outcome.value,
            "cause_code": cause or None, "service_org": org or None, "callback_of": callback_of or None,
            "note": note or None,
        }  # fmt: skip
        feedback = Feedback.model_validate(entry).model_dump(by_alias=True)
        scope = ReadScope(tenant_id=tenant, sites=(site,)) if site else None
        try:
            known = ledger.add_feedback(ticket, feedback, scope)
        except ValueError as why:
            raise typer.BadParameter(f"{why}; name one of them", param_hint="--site") from why
        if not known:
            raise typer.BadParameter(f"there is no ticket {ticket} in {database}", param_hint="TICKET")
    _common.print_json(feedback) if as_json else _common.out.print(
        f"said of {ticket}; its agent will pull it"
    )


def ask_agents(
    context: typer.Context,
    what: Annotated[AgentTask, typer.Argument(metavar="WHAT", help="resend-dead or restate-open.")],
    site: Annotated[str, typer.Option(help="The site whose agents are asked.")],
    since: Annotated[
        str,
        typer.Option(help="restate-open: also tickets cleared since then.", metavar="2026-11-20T00:00:00Z"),
    ] = "",
    reason: Annotated[str, typer.Option(help="A sentence for the site's audit log.")] = "",
    tenant: TenantOption = "",
    database: OwnDatabaseOption = "",
    as_json: _common.AsJson = False,
) -> None:
    """Ask the agents of a site to send again what is dead, or the state of all open tickets.

    They pull it within a quarter of an hour, and answer each kind at most once an hour.

    Examples:

      printwarden receive request resend-dead --site S-04 --reason "the schema check was wrong"

      printwarden receive request restate-open --site S-04 --since 2026-11-20T00:00:00Z
    """
    entry = {
        "schema": "mps.request/1", "request_id": str(uuid.uuid4()), "request": what.value.replace("-", "_"),
        "since": since or None, "reason": reason or None,
    }  # fmt: skip
    try:
        request = ProviderRequest.model_validate(entry).model_dump(by_alias=True)
    except ValueError as why:
        raise typer.BadParameter(
            "give it in UTC, such as 2026-11-20T00:00:00Z", param_hint="--since"
        ) from why
    with closing(open_event_store(find_database(context, database))) as ledger:
        ledger.add_request(SiteScope(tenant, site), request)
    _common.print_json(request) if as_json else _common.out.print(
        f"asked of the agents of {site}; they will pull it", markup=False
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
    columns = (
        "number",
        "ticket_id",
        "request",
        "provider_ticket_no",
        "status",
        "outcome",
        "cause_code",
        "note",
    )
    _common.print_table(
        counted(len(entries), "message"), columns, ([one.get(name) for name in columns] for one in entries)
    )
