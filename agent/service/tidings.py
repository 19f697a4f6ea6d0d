"""What is told of a printer beside tickets and reads, in the transaction of the reading: what it is, and
how far its supplies are. What finds no room, or what the provider does not know, is told with a later one."""

import sqlite3

from agent import portrait, stock
from agent.model import Device, Facts, Snapshot
from agent.report import Sender


def tell(tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot, known: Facts) -> None:
    """`snapshot` was read of `device`; `known` is what there is to know of it now."""
    if not snapshot.reachable:
        return
    if snapshot.identity is not None or snapshot.supplies is not None:
        _portray(tx, sender, device, snapshot)
    if snapshot.supplies is not None and sender.offers(tx, sender.HINT):
        for hint in stock.hints(tx, known):
            if sender.hint(tx, device, hint, snapshot.at):
                stock.note(tx, device.key, hint.index, hint.mark)


def _portray(tx: sqlite3.Connection, sender: Sender, device: Device, snapshot: Snapshot) -> None:
    inventory = portrait.draw(tx, device, snapshot)
    if not sender.offers(tx, sender.INVENTORY):
        return
    leaving = sender.picture(device, inventory)
    reason = portrait.news(tx, device.key, leaving)
    if reason and sender.inventory(tx, device, inventory, reason, snapshot.at):
        portrait.told(tx, device.key, leaving)
