"""`printwarden tickets`: the open tickets, and whether they were delivered."""

from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer

from agent.cli import _common


def tickets(
    config: _common.ConfigFile = None,
    days: Annotated[float, typer.Option(help="Show those cleared in the last DAYS days, too.")] = 0.0,
    notices: Annotated[bool, typer.Option("--notices", help="Show what the site can fix itself.")] = False,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Show the open tickets: the fault, the printer, since when, by which rule, whether all of it was
    delivered, and the feedback of the provider's desk.

    Examples:

      printwarden tickets --days 7

      printwarden tickets --notices --json
    """
    from agent.core import store
    from agent.tickets import lifecycle as room
    from agent.tickets.feedback import feedback_store
    from uplink.outbox import queries

    settings = _common.load_settings(config)
    now = _common.parse_clock(clock).now()
    kind = room.NOTICE if notices else room.TICKET
    with closing(store.open_reader(settings.database_path)) as db:
        found = [*room.load_open_tickets(db, kind=kind)]
        if days:
            found += room.load_cleared_tickets(db, now - days * 86400, kind=kind)
        rows = [
            _ticket_row(
                ticket,
                delivery=queries.load_delivery(db, ticket.id),
                desk=feedback_store.load_feedback(db, ticket.id),
            )
            for ticket in found
        ]
    if as_json:
        _common.print_json(rows)
        return
    names = ("ticket", "opened", "cleared", "what", "rule", "told", "desk says")
    what = "notices for the site" if notices else "tickets"
    _common.print_table(f"{len(rows)} {what}", names, ([row[name] for name in names] for row in rows))


def _ticket_row(ticket: Any, *, delivery: Any, desk: Any) -> dict[str, Any]:
    from agent.core.clock import format_iso_time

    delivered = "stays here" if ticket.kind == "notice" else str(delivery)
    cleared = format_iso_time(ticket.cleared_at) if ticket.cleared_at else None
    return {
        **asdict(ticket),
        "ticket": ticket.id[-8:],
        "printer": ticket.device_name,
        "what": ticket.title,
        "opened": format_iso_time(ticket.opened_at),
        "cleared": cleared,
        "told": delivered,
        "desk says": desk.format_summary() if desk else None,
        "desk": asdict(desk) if desk else None,
    }
