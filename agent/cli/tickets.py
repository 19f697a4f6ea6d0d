"""`printwarden tickets`: the open tickets, and whether they were delivered."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import _common
from agent.core.units import counted

app = typer.Typer(
    help="The open tickets, and decisions about those that wait for one.",
    invoke_without_command=True,
    rich_markup_mode="rich",
)


@app.callback()
def list_tickets(
    context: typer.Context,
    config: _common.ConfigFile = None,
    days: Annotated[float, typer.Option(help="Show those cleared in the last DAYS days, too.")] = 0.0,
    notices: Annotated[bool, typer.Option("--notices", help="Show what the site can fix itself.")] = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Show what rules in shadow would have said.")
    ] = False,
    as_json: _common.AsJson = False,
    clock: _common.ClockText = "",
) -> None:
    """Show the open tickets: the fault, the printer, since when, by which rule, whether all of it was
    delivered, and the feedback of the provider's desk.

    Examples:

      printwarden tickets --days 7

      printwarden tickets --notices --json

      printwarden tickets --shadow --days 30
    """
    if context.invoked_subcommand:
        return
    from agent.core import store
    from agent.reporting import ticket_deliveries
    from agent.tickets import lifecycle as room
    from agent.tickets.feedback import feedback_store

    settings = _common.load_settings(config)
    now = _common.parse_clock(clock).now()
    if shadow:
        _show_shadow(settings.database_path, now, days, as_json=as_json)
        return
    kind = room.NOTICE if notices else room.TICKET
    with closing(store.open_reader(settings.database_path)) as db:
        found = [*room.load_open_tickets(db, kind=kind)]
        if days:
            found += room.load_cleared_tickets(db, now - days * 86400, kind=kind)
        rows = [
            _ticket_row(
                ticket,
                delivery=ticket_deliveries.load_delivery_text(db, ticket.id),
                desk=feedback_store.load_feedback(db, ticket.id),
            )
            for ticket in found
        ]
    if as_json:
        _common.print_json(rows)
        return
    names = ("ticket", "opened", "cleared", "what", "rule", "told", "desk says")
    what = f"{counted(len(rows), 'notice')} for the site" if notices else counted(len(rows), "ticket")
    _common.print_table(what, names, ([row[name] for name in names] for row in rows))


TicketArgument = Annotated[str, typer.Argument(metavar="TICKET", help="Its id, or the end of it.")]
ByOption = Annotated[str, typer.Option("--by", help="Who said so: a name or a reference.")]


@app.command()
def approve(
    ticket: TicketArgument,
    by: ByOption,
    config: _common.ConfigFile = None,
    clock: _common.ClockText = "",
) -> None:
    """Approve what a ticket waits for: a visit, a repair, an early order. The provider is told at once.

    Example: printwarden tickets approve 2060f8bf --by "Ms Meyer"
    """
    _decide(config, clock, ticket, by, "approved")


@app.command()
def decline(
    ticket: TicketArgument,
    by: ByOption,
    config: _common.ConfigFile = None,
    clock: _common.ClockText = "",
) -> None:
    """Decline what a ticket waits for: nobody is sent. The provider is told at once.

    Example: printwarden tickets decline 2060f8bf --by "Ms Meyer"
    """
    _decide(config, clock, ticket, by, "declined")


def _decide(config: Path | None, clock: str, words: str, by: str, decision: str) -> None:
    from agent.core import audit, store
    from agent.tickets import approvals, search
    from agent.tickets.approvals import ApprovalDecision

    settings, now = _common.load_settings(config), _common.parse_clock(clock).now()
    with closing(store.open_reader(settings.database_path)) as db:
        found = search.find_tickets(db, words)
        if len(found) != 1:
            said = f'"{words}" fits {len(found)} tickets; `printwarden tickets` lists them'
            raise typer.BadParameter(said, param_hint="TICKET")
        before = approvals.load_decision(db, found[0])
    if before:
        said = f"{found[0]} was {before.decision} already, by {before.by}"
        raise typer.BadParameter(said, param_hint="TICKET")
    made = ApprovalDecision(ticket=found[0], decision=decision, by=by, at=now)
    approvals.write_decision(settings.state_folder, made)
    audit.append_entry(settings.state_folder, f"ticket {decision}", ticket=found[0], named=by)
    typer.echo(f"{found[0]}: {decision}; the provider is told within seconds, if the agent runs")


def _show_shadow(path: Path, now: float, days: float, *, as_json: bool) -> None:
    """What rules in shadow found: by rule, then each finding that stands, or was over within DAYS days."""
    from agent.core import store
    from agent.core.clock import format_iso_time
    from agent.discovery import inventory
    from agent.rules import shadow_findings

    with closing(store.open_reader(path)) as db:
        counts = shadow_findings.count_findings(db, now)
        found = shadow_findings.load_findings(db, now - days * 86400)
        names = {key: device.name for key, device in inventory.load_devices(db).items()}
    rows = [
        {
            "rule": it.rule,
            "printer": names.get(it.device, it.device),
            "part": it.subject,
            "opened": format_iso_time(it.opened_at),
            "over": format_iso_time(it.closed_at) if it.closed_at else None,
        }
        for it in found
    ]
    if as_json:
        _common.print_json({"rules": [asdict(it) for it in counts], "findings": rows})
        return
    headings = ("rule", "standing", "last 30 days")
    _common.print_table(
        f"{len(counts)} rules in shadow found something",
        headings,
        ([it.rule, str(it.standing), str(it.lately)] for it in counts),
    )
    columns = ("rule", "printer", "part", "opened", "over")
    _common.print_table(counted(len(rows), "finding"), columns, ([*it.values()] for it in rows))


def _ticket_row(ticket: Any, *, delivery: Any, desk: Any) -> dict[str, Any]:
    from agent.core.clock import format_iso_time

    delivered = "stays here" if ticket.kind == "notice" else delivery
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
