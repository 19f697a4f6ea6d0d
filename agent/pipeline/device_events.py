"""Queues the events about one printer beside its tickets, in the transaction of the poll.

meter read ............ its counters, with the first poll of a day
closing read .......... its last counters, when another printer answers at its address
device inventory ...... what it is and what is fitted in it, when that changes
supply order hint ..... how far each supply is on its way to empty, when that changes

What finds no room in the outbox, or is of a type that the provider does not know yet, is queued with a
later poll.
"""

import sqlite3

from agent.core.calendars import Calendar
from agent.core.model import Device, Facts, Snapshot
from agent.discovery import inventory
from agent.discovery.binding import Binding
from agent.history.meters import daily_reads
from agent.history.meters.epoch_reasons import EpochReason
from agent.reporting import inventory_changes, supply_stages
from agent.reporting.sender import Sender


def queue_meter_read(
    tx: sqlite3.Connection, sender: Sender, calendar: Calendar, device: Device, at: float
) -> None:
    """Queue the counters of `device`, read at `at`, once a day, with the borders since the last time.

    `calendar`: whose midnight begins a day.
    """
    if daily_reads.is_statement_due(tx, device.key, calendar.start_of_day(at)):
        _queue_statement(tx, sender, calendar, device, at)


def record_places(
    tx: sqlite3.Connection, sender: Sender, calendar: Calendar, bound: Binding, snapshot: Snapshot
) -> None:
    """Record the border of each printer that moved or was displaced, and tell of those that were.

    The displaced are not read any more: their last counts are sent now, with the border, and the printer that
    answers there.
    """
    if bound.moved:
        daily_reads.record_place(tx, bound.device.key, EpochReason.MOVED, snapshot.at)
    for other in bound.displaced:
        why = EpochReason.MOVED if other.address.host else EpochReason.DISPLACED
        daily_reads.record_place(tx, other.key, why, snapshot.at)
        silence = Snapshot(address=other.address, at=snapshot.at, reachable=False)
        _queue_inventory(tx, sender, other, silence)
    if bound.displaced:
        queue_closing_reads(tx, sender, calendar)


def queue_closing_reads(tx: sqlite3.Connection, sender: Sender, calendar: Calendar) -> None:
    """Queue the closing reads that are due, also those that found no room before."""
    for device in inventory.load_displaced(tx):
        if (at := daily_reads.find_closing_time(tx, device.key)) is not None:
            _queue_statement(tx, sender, calendar, device, at)


def _queue_statement(
    tx: sqlite3.Connection, sender: Sender, calendar: Calendar, device: Device, at: float
) -> None:
    statement = daily_reads.build_statement(tx, device.key, at, calendar)
    if not statement.counters:
        return
    wanted = sender.is_accepted(tx, sender.METER_READ)
    if not wanted or sender.queue_meter_read(tx, device, statement):
        daily_reads.keep_statement(tx, device.key, statement, sent=wanted)


def queue_changes(
    tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot, facts: Facts
) -> None:
    """Queue what `snapshot` changed of the inventory and the supplies; `facts` include it already."""
    if not snapshot.reachable:
        return
    if snapshot.identity is not None or snapshot.supplies is not None:
        _queue_inventory(tx, sender, device, snapshot)
    if snapshot.supplies is not None and sender.is_accepted(tx, sender.SUPPLY_HINT):
        for hint in supply_stages.collect_hints(tx, facts):
            if sender.queue_supply_hint(tx, device, hint, snapshot.at):
                supply_stages.save_mark(tx, device.key, hint.index, hint.mark)


def _queue_inventory(tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot) -> None:
    fitted = inventory_changes.build_inventory(tx, device, snapshot)
    if not sender.is_accepted(tx, sender.INVENTORY):
        return
    leaving = sender.filter_inventory(device, fitted)
    reason = inventory_changes.change_reason(tx, device.key, leaving)
    before = inventory_changes.replaced_key(tx, device.key, leaving)
    if before and sender.privacy.keeps_value("replaces", before, device):  # else it would show the MAC
        fitted = fitted.model_copy(update={"replaces": before})
    if reason and sender.queue_inventory(tx, device, fitted, reason, snapshot.at):
        inventory_changes.mark_sent(tx, device.key, leaving)
