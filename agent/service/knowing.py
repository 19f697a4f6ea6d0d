"""From a reading to all that rules may know: history written, gauges watched, facts put together.

The live line and rehearsals take this one way, so that what is tried is what will run.
"""

import sqlite3
from dataclasses import replace

from agent import gauges
from agent.history import facts, record
from agent.model import Device, Facts, SiteFacts, Snapshot


def take_in(tx: sqlite3.Connection, device: Device, snapshot: Snapshot, site: SiteFacts) -> Facts:
    """Record what `snapshot` says of `device`; returns what is known of it now."""
    if snapshot.supplies is not None:
        gauges.watch(tx, device, facts.supplies(tx, device.key), snapshot.supplies)
    fresh = record.record(tx, device.key, snapshot)
    known = facts.facts(tx, device, snapshot.at, site, fresh)
    return replace(known, filled=gauges.filled(known.supplies or (), gauges.of(tx, device)))
