"""`printwarden outbox`: events waiting for the provider, dropped ones with reasons, and dead letters."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import _common
from agent.core.store import Store, open_reader
from agent.core.units import counted
from agent.reporting import ticket_deliveries
from uplink.outbox import outbox as box
from uplink.outbox import queries
from uplink.outbox.queries import OutboxEntry
from uplink.outbox.tables import format_lane

app = typer.Typer(no_args_is_help=True, help="What waits for the provider, and the dead letter.")
dead = typer.Typer(no_args_is_help=True, help="Events that the provider will not have; kept for 90 days.")
app.add_typer(dead, name="dead")

Number = Annotated[int, typer.Argument(help="Its number, as `outbox dead list` shows it.")]


@app.command()
def status(config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """Show the events of each lane: waiting, delivered, dropped or withheld, and why delivery stands still.

    Example: printwarden outbox status
    """
    with closing(open_reader(_common.load_settings(config).database_path)) as db:
        told, destinations = queries.count_outbox(db), queries.list_destinations(db)
        deliveries = ticket_deliveries.list_noteworthy(db)
    if as_json:
        _common.print_json(
            {
                "accepted": told.accepted,
                "waiting": {format_lane(lane): n for lane, n in told.pending.items()},
                "delivered": {format_lane(lane): n for lane, n in told.delivered.items()},
                "dead": {format_lane(lane): n for lane, n in told.dead.items()},
                "dropped": dict(told.dropped),
                "withheld": told.withheld,
                "bytes": told.used,
                "bound": told.bound,
                "undelivered": dict(deliveries),
                "trouble": {one.name: one.reason for one in destinations if one.reason},
            }
        )
        return
    lanes = sorted({*told.pending, *told.delivered, *told.dead})
    numbers = (
        [format_lane(lane), *(n.get(lane, 0) for n in (told.pending, told.delivered, told.dead))]
        for lane in lanes
    )
    _common.print_table(
        f"{counted(told.accepted, 'event')} accepted; "
        f"{told.used / 1e6:.1f} of {told.bound / 1e6:.0f} MB used",
        ("lane", "waiting", "delivered", "dead"),
        numbers,
    )
    for what, number in told.dropped.items():
        _common.out.print(f"dropped by rule: {number} {what}", markup=False)
    if told.withheld:
        _common.out.print(f"{counted(told.withheld, 'ticket')} found no room: told again when there is some")
    _common.print_deliveries(deliveries)
    for one in destinations:
        if one.reason:
            _common.out.print(f"not delivering to {one.name}: {one.reason}; nothing is lost", markup=False)


@dead.command("list")
def list_dead_events(config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """List the dead letter, oldest first.

    Example: printwarden outbox dead list
    """
    with closing(open_reader(_common.load_settings(config).database_path)) as db:
        entries = list(queries.list_dead(db, 10_000))
    if as_json:
        _common.print_json([_entry_document(entry) for entry in entries])
        return
    rows = (
        (one.seq, _format_time(one.time), one.type, one.subject, one.reason, one.detail) for one in entries
    )
    _common.print_table(
        f"{len(entries)} dead events", ("number", "from", "type", "subject", "reason", "detail"), rows
    )


@dead.command()
def show(number: Number, config: _common.ConfigFile = None) -> None:
    """Show one dead event in full.

    Example: printwarden outbox dead show 17
    """
    with closing(open_reader(_common.load_settings(config).database_path)) as db:
        entry = queries.find_dead_letter(db, number)
    if entry is None:
        raise typer.BadParameter(f"there is no dead event {number}", param_hint="NUMBER")
    _common.print_json(_entry_document(entry))


@dead.command()
def retry(
    number: Annotated[int | None, typer.Argument(help="Its number; without one, --all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead event.")] = False,
    config: _common.ConfigFile = None,
) -> None:
    """Put dead events back in their place in the queue, once the provider has mended the cause.

    The service must not be running: it owns the state file.

    Example: printwarden outbox dead retry 17
    """
    from agent.app import MIGRATIONS
    from agent.core import audit

    if (number is None) is not everything:
        raise typer.BadParameter("give a number, or --all")
    database = _common.load_settings(config).database_path
    with closing(Store(database, MIGRATIONS)) as store, store.transaction() as tx:
        chosen = [entry.seq for entry in queries.list_dead(tx, 10_000)] if number is None else [number]
        revived = sum(box.revive_event(tx, seq) for seq in chosen)
    if not revived and number is not None:
        raise typer.BadParameter(f"there is no dead event {number}", param_hint="NUMBER")
    audit.append_entry(database.parent, "dead events queue again", events=revived)
    _common.out.print(f"queued again: {counted(revived, 'event')}")


@dead.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; one JSON object a line.")],
    config: _common.ConfigFile = None,
) -> None:
    """Write the dead letter to a file, one JSON object a line. Nothing is removed.

    Example: printwarden outbox dead export dead.jsonl
    """
    with (
        closing(open_reader(_common.load_settings(config).database_path)) as db,
        file.open("w", encoding="utf-8") as out,
    ):
        entries = [_entry_document(entry) for entry in queries.list_dead(db, 10_000)]
        out.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    _common.out.print(f"{len(entries)} dead events written to {file}", markup=False)


def _entry_document(entry: OutboxEntry) -> dict[str, object]:
    return {
        "number": entry.seq,
        "id": str(entry.id),
        "lane": format_lane(entry.lane),
        "type": entry.type,
        "subject": entry.subject,
        "time": _format_time(entry.time),
        "reason": entry.reason,
        "detail": entry.detail,
        "data": entry.data,
    }


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
