"""The facts builder: records a reading in the history and puts together the facts that rules see.

Live polls and rule trials use this same code, so that a trial shows how the rule will run.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from agent.core.model import Device, Facts, Forecasts, SiteFacts, Snapshot
from agent.forecast import forecast_store
from agent.forecast.forecast_store import ForecastInput
from agent.history import facts, record, supply_gauges
from agent.history.meters import ledger
from agent.history.meters.epoch_reasons import PLACE_REASONS
from agent.history.meters.epochs import CounterRead
from agent.tickets.feedback import open_orders


def record_meters(tx: sqlite3.Connection, device: Device, snapshot: Snapshot) -> list[CounterRead]:
    """Save the meters of `snapshot`; return the reads that opened an epoch. Call before `update_facts`."""
    borders = ledger.record_counters(tx, device.key, snapshot)
    known = ledger.load_epochs(tx, device.key) if borders else []
    opened = [it for it in known if it.name == "total" and it.why not in PLACE_REASONS]
    if opened and opened[-1].opened == snapshot.at:
        record.save_epoch(tx, device.key, opened[-1].number, opened[-1].opened)
    return borders


def update_facts(
    tx: sqlite3.Connection,
    device: Device,
    snapshot: Snapshot,
    site: SiteFacts,
    asks: Collection[str] | None = None,
) -> Facts:
    """Record `snapshot` in the history of `device`; return the facts after it.

    `asks`: the parts of the facts that rules look at; without it, all.
    """
    if snapshot.supplies is not None:
        supply_gauges.learn_gauges(tx, device, facts.load_last_supplies(tx, device.key), snapshot.supplies)
    fresh = record.record_snapshot(tx, device.key, snapshot)
    known = facts.load_facts(tx, device, snapshot.at, site, fresh, parts=asks)
    found = replace(
        known,
        fresh=fresh | {"events"} if known.epoch_since == snapshot.at else fresh,
        filled=supply_gauges.find_fill_levels(known.supplies or (), supply_gauges.load_gauges(tx, device)),
        foresight=_update_forecasts(tx, snapshot, known),
    )
    return _add_orders(tx, found) if asks is None or "orders" in asks else found


def load_facts(tx: sqlite3.Connection, device: Device, now: float, site: SiteFacts) -> Facts | None:
    """Load the facts of a printer that was not read just now; None if it never answered."""
    known = facts.load_facts(tx, device, now, site)
    if known.last_answer is None:
        return None
    return replace(known, foresight=forecast_store.load_forecasts(tx, device.key, now, site.id))


def load_stored_facts(db: sqlite3.Connection, device: Device, now: float, site: SiteFacts) -> Facts:
    """Load all facts of a printer as it was last read; write nothing."""
    found = facts.load_facts(db, device, now, site)
    found = replace(
        found,
        filled=supply_gauges.find_fill_levels(found.supplies or (), supply_gauges.load_gauges(db, device)),
        foresight=forecast_store.load_forecasts(db, device.key, now, site.id)
        if found.answers_in_a_row
        else Forecasts(),
    )
    return _add_orders(db, found)


def load_site_facts(db: sqlite3.Connection, name: str = "") -> SiteFacts:
    """Count the site's printers and the silent ones among them, as of their last poll."""
    heard = db.execute("SELECT answers_in_a_row FROM latest JOIN device ON device = key").fetchall()
    since = db.execute("SELECT min(first_seen) AS at FROM device").fetchone()["at"]
    silent = sum(not row["answers_in_a_row"] for row in heard)
    return SiteFacts(id=name, devices=len(heard), unreachable=silent, watched_since=since)


def _add_orders(db: sqlite3.Connection, known: Facts) -> Facts:
    """Add the orders under way, when the latest were opened, and when faults were cleared."""
    key, supplies = known.device.key, known.supplies or ()
    return replace(
        known,
        ordered=open_orders.load_open_orders(db, key, supplies, known.renewed),
        ordered_at=open_orders.load_order_times(db, key, supplies),
        closed_faults=open_orders.load_closing_times(db, key),
    )


def _update_forecasts(tx: sqlite3.Connection, snapshot: Snapshot, known: Facts) -> Forecasts:
    """Update the forecasts with this reading; none if the printer was silent."""
    if not snapshot.reachable:
        return Forecasts()
    began = [episode.alert for episode in known.recent_alerts if episode.began == snapshot.at]
    pages = None
    if snapshot.meters is not None:  # as they are billed: a glitch prints no page
        pages = ledger.load_adjusted_total(tx, known.device.key)
    brought = ForecastInput(
        site=known.site.id,
        pages=known.pages if pages is None and snapshot.meters is not None else pages,
        supplies=known.supplies if snapshot.supplies is not None else None,
        alerts=[episode.alert for episode in known.open_alerts or ()],
        began=began,
    )
    return forecast_store.update_forecasts(tx, known.device.key, snapshot.at, brought)
