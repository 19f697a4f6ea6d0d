"""A printer's first read of a day goes to the provider, in the transaction of the reading."""

import sqlite3

from agent.calendars import Calendar
from agent.meters import reads
from agent.model import Device
from agent.report import Sender


def tell(tx: sqlite3.Connection, sender: Sender, calendar: Calendar, device: Device, at: float) -> None:
    """The counters of `device` were read at `at`. A read that finds no room in the outbox is told with the
    next one; so are the borders before a provider that does not know reads comes to know them. `calendar`:
    whose midnight begins a day."""
    if sender.offers(tx, sender.METERS) and reads.due(tx, device.key, calendar.midnight(at)):
        statement = reads.statement(tx, device.key, at)
        if statement.counters and sender.meters(tx, device, statement):
            reads.told(tx, device.key, statement)
