"""`printwarden status`: how the fleet, the agent and the outbox are."""

import sqlite3
from contextlib import closing
from typing import Any

from agent.cli import _common
from agent.model import SiteFacts


def status(config: _common.ConfigFile = None, as_json: _common.AsJson = False, clock: _common.ClockText = "") -> None:
    """Show the known printers, how the agent is, and what waits to be delivered.

    Reads the state file beside the running service; changes nothing.

    Example: printwarden status --json
    """
    from agent import config as configuration
    from agent import store

    settings = configuration.load(_common.config_file(config))
    db = store.open_reader(settings.database)
    with closing(db):
        shown = {
            "printers": _printers(db, _common.clock(clock).now()),
            "agent": _agent(db),
            "outbox": _outbox(db),
        }
    if as_json:
        _common.say_json(shown)
    else:
        _show(shown)


def _printers(db: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
    from agent import inventory, units
    from agent.clock import iso
    from agent.history import facts

    rows = []
    for device in inventory.devices(db).values():
        known = facts.facts(db, device, now, SiteFacts())
        seen = known.last_answer
        rows.append(
            {
                "device": device.key,
                "name": device.name,
                "address": str(device.address) if device.address.host else None,
                "status": _state(known),
                "lowest_supply": _lowest(known),
                "pages": known.pages,
                "last_answer": iso(seen) if seen else None,
                "answered": f"{units.spell(max(0.0, now - seen))} ago" if seen else "never",
            }
        )
    return rows


def _state(known: Any) -> str:
    """One or two words: silent, asleep, idle, printing, down: jammed …"""
    if not known.answers_in_a_row:
        return "silent"
    if known.status is None:
        return "unknown"
    if known.status.asleep:
        return "asleep"
    said = known.status.device if known.status.device in {"down", "warning"} else known.status.printer
    return ": ".join(part for part in (said or "unknown", ", ".join(known.status.errors or ())) if part)


def _lowest(known: Any) -> str | None:
    """The consumed supply that has least left, where a number is known."""
    levels = [(supply.percent, supply) for supply in known.supplies or () if supply.kind == "consumed"]
    numbers = [(percent, supply) for percent, supply in levels if percent is not None]
    if not numbers:
        return None
    percent, supply = min(numbers, key=lambda pair: pair[0])
    return f"{supply.colour} {supply.type} {percent} %"


def _agent(db: sqlite3.Connection) -> dict[str, object]:
    from agent import health

    return health.facts(db)


def _outbox(db: sqlite3.Connection) -> dict[str, Any]:
    from agent.clock import iso
    from uplink import views

    counts = views.counts(db)
    return {
        "accepted": counts.accepted,
        "waiting": sum(counts.pending.values()),
        "tickets_waiting": counts.pending.get(views.Lane.TICKETS, 0),
        "delivered": sum(counts.delivered.values()),
        "dead_letter": sum(counts.dead.values()),
        "oldest": iso(counts.oldest) if counts.oldest else None,
        "trouble": [f"{one.name}: {one.reason}" for one in views.destinations(db) if one.reason],
    }


def _show(shown: dict[str, Any]) -> None:
    names = ("name", "address", "status", "lowest_supply", "pages", "answered")
    headings = ("printer", "address", "status", "lowest supply", "pages", "last answer")
    rows = ([row[name] for name in names] for row in shown["printers"])
    _common.show(f"{len(shown['printers'])} printers", headings, rows)
    outbox, agent = shown["outbox"], shown["agent"]
    _common.out.print(
        f"\nOutbox: {outbox['waiting']} waiting ({outbox['tickets_waiting']} ticket events), "
        f"{outbox['delivered']} delivered, {outbox['dead_letter']} in the dead letter"
    )
    for trouble in outbox["trouble"]:
        _common.out.print(f"  not delivering: {trouble}; nothing is lost", markup=False)
    for what in ("config_complaint", "rules_complaint"):
        if complaint := agent.get(what):
            _common.out.print(f"\nNot in force, the last good version is:\n{complaint}", markup=False)
