"""Queues the events about one printer beside its tickets, in the transaction of the poll.

meter read ............ its counters, with the first poll of a day
device inventory ...... what it is and what is fitted in it, when that changes
supply order hint ..... how far each supply is on its way to empty, when that changes

What finds no room in the outbox, or is of a type that the provider does not know yet, is queued with a
later poll.
"""

import sqlite3

from agent.core.calendars import Calendar
from agent.core.model import Device, Facts, Snapshot
from agent.history.meters import daily_reads
from agent.reporting import inventory_changes, supply_stages
from agent.reporting.sender import Sender


def queue_meter_read(
    tx: sqlite3.Connection, sender: Sender, calendar: Calendar, device: Device, at: float
) -> None:
    """Queue the counters of `device`, read at `at`, once a day, with the borders since the last time.

    `calendar`: whose midnight begins a day.
    """
    if sender.offers(tx, sender.METERS) and daily_reads.due(tx, device.key, calendar.midnight(at)):
        statement = daily_reads.statement(tx, device.key, at)
        if statement.counters and sender.meters(tx, device, statement):
            daily_reads.told(tx, device.key, statement)


def queue_changes(
    tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot, facts: Facts
) -> None:
    """Queue what `snapshot` changed of the inventory and the supplies; `facts` include it already."""
    if not snapshot.reachable:
        return
    if snapshot.identity is not None or snapshot.supplies is not None:
        _queue_inventory(tx, sender, device, snapshot)
    if snapshot.supplies is not None and sender.offers(tx, sender.HINT):
        for hint in supply_stages.hints(tx, facts):
            if sender.hint(tx, device, hint, snapshot.at):
                supply_stages.note(tx, device.key, hint.index, hint.mark)


def _queue_inventory(tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot) -> None:
    inventory = inventory_changes.draw(tx, device, snapshot)
    if not sender.offers(tx, sender.INVENTORY):
        return
    leaving = sender.picture(device, inventory)
    reason = inventory_changes.news(tx, device.key, leaving)
    if reason and sender.inventory(tx, device, inventory, reason, snapshot.at):
        inventory_changes.told(tx, device.key, leaving)
