"""Read-only views of the state file for `status`, the demonstration and the local page."""

import sqlite3
from dataclasses import dataclass

from agent.core.model import DeviceStatus, Facts, SiteFacts
from agent.discovery import inventory
from agent.history import facts
from uplink.outbox import queries as outbox
from uplink.outbox.envelope import Lane
from uplink.provider import provider_state


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterSummary:
    """One printer's line in `status`."""

    device: str
    name: str
    address: str | None  # None: another printer answers there now
    state: str
    lowest_supply: str | None
    pages: int | None
    last_answer: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSummary:
    """The outbox's line in `status`, with the reasons for a delay."""

    accepted: int
    waiting: int
    tickets_waiting: int
    delivered: int
    dead_letter: int
    oldest: float | None
    trouble: tuple[str, ...]
    unheard: tuple[str, ...]  # why feedback cannot be pulled


def list_printers(db: sqlite3.Connection, now: float) -> list[PrinterSummary]:
    """List every known printer, by key."""
    found = []
    for device in inventory.load_devices(db).values():
        known = facts.load_facts(db, device, now, SiteFacts())
        found.append(
            PrinterSummary(
                device=device.key,
                name=device.name,
                address=str(device.address) if device.address.host else None,
                state=format_state(known),
                lowest_supply=find_lowest_supply(known),
                pages=known.pages,
                last_answer=known.last_answer,
            )
        )
    return found


def format_state(known: Facts) -> str:
    """Describe a printer's state in a few words: "silent", "asleep", "idle", "down: jammed"."""
    if not known.answers_in_a_row:
        return "silent"
    if known.status is None:
        return "unknown"
    if known.status.is_asleep:
        return "asleep"
    grave = known.status.device in {DeviceStatus.DOWN, DeviceStatus.WARNING}
    word = (known.status.device if grave else known.status.printer) or "unknown"
    return ": ".join(part for part in (word, ", ".join(known.status.errors or ())) if part)


def find_lowest_supply(known: Facts) -> str | None:
    """Find the consumed supply with the lowest level, among those whose level is a number."""
    levels = [
        (supply.percent, f"{supply.colour} {supply.type}")
        for supply in known.supplies or ()
        if supply.kind == "consumed" and supply.percent is not None
    ]
    if not levels:
        return None
    percent, name = min(levels)
    return f"{name} {percent} %"


def summarize_outbox(db: sqlite3.Connection) -> OutboxSummary:
    """Summarize the outbox."""
    counts = outbox.count_outbox(db)
    return OutboxSummary(
        accepted=counts.accepted,
        waiting=sum(counts.pending.values()),
        tickets_waiting=counts.pending.get(Lane.TICKETS, 0),
        delivered=sum(counts.delivered.values()),
        dead_letter=sum(counts.dead.values()),
        oldest=counts.oldest,
        trouble=tuple(f"{one.name}: {one.reason}" for one in outbox.list_destinations(db) if one.reason),
        unheard=tuple(
            f"{one.name}: {one.trouble}" for one in provider_state.list_providers(db) if one.trouble
        ),
    )
